"""Reading the statistics of a results folder."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from leaderboard.read import read_results
from leaderboard.statistics import STATISTICS_FILE, read_language_statistics, read_statistics
from tasks.errors import UserError
from tests.leaderboard.example_statistics import write_statistics


def test_a_folder_without_statistics_has_none(results: Path) -> None:
    assert read_statistics(results) is None
    assert read_language_statistics(results) is None


@pytest.mark.parametrize("folder", ["results", "two_seeds"])
def test_what_is_written_is_read(folder: str, request: pytest.FixtureRequest) -> None:
    results = write_statistics(request.getfixturevalue(folder))

    found, languages = read_statistics(results), read_language_statistics(results)

    assert found is not None
    assert languages is not None
    assert [pair.name for pair in found.pairs] == [pair.name for pair in languages.pairs]
    assert {effect.family for gain in found.gains for effect in gain.effects.targets.values()} <= found.families.keys()
    read_results(results)  # the files lie beside suite.json and disturb nobody


def test_a_field_that_is_wrong_is_named(results: Path) -> None:
    write_statistics(results)
    path = results / STATISTICS_FILE
    record = json.loads(path.read_text(encoding="utf-8"))
    record["rows"][2]["scores"]["average"]["value"] = 41.3
    path.write_text(json.dumps(record), encoding="utf-8")

    with pytest.raises(UserError, match=r"statistics\.json, field rows\.2\.scores\.average\.value"):
        read_statistics(results)
