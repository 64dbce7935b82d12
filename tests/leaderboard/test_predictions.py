"""A row's predictions as an archive: what the store holds, the same bytes each time, and nothing from outside."""

from __future__ import annotations

import json
import os
import zipfile
from pathlib import Path
from typing import Any

import pytest

from leaderboard.predictions import predictions_file, write_predictions
from leaderboard.read import ResultsFolder, read_results
from leaderboard.scores import Row, build_board
from leaderboard.site import Extras, build_site
from tests.leaderboard.conftest import HOSTILE, write_json, write_results

KEY, RETRIEVED = "ab" * 32, "cd" * 32


def name_stages(results: Path, target: str, *stages: tuple[str, Any], seed: int = 1) -> None:
    path = results / "base" / "none" / f"{target}-s{seed}.json"
    record = json.loads(path.read_text(encoding="utf-8"))
    record["provenance"]["stages"] = [{"stage": stage, "key": key} for stage, key in stages]
    write_json(path, record)


def write(artifacts: Path, key: str, name: str, text: str) -> Path:
    path = artifacts / key[:2] / key / "predictions" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


@pytest.fixture
def results(tmp_path: Path) -> Path:
    folder = write_results(tmp_path / "results")
    name_stages(folder, "xnli", ("finetune/x", "11"), ("predict/x", KEY), ("score/x", "22"))
    name_stages(folder, "tatoeba", ("retrieve/x", RETRIEVED), ("score/x", "33"))
    return folder


@pytest.fixture
def artifacts(tmp_path: Path) -> Path:
    folder = tmp_path / "artifacts"
    write(folder, KEY, "xnli/test-en.tsv", "neutral\n")
    write(folder, KEY, "xnli/test-de.tsv", "entailment\n")
    write(folder, RETRIEVED, "tatoeba/test-de.tsv", "3\n")
    return folder


def row_of(results: Path) -> tuple[ResultsFolder, Row]:
    folder = read_results(results)
    return folder, build_board(folder).rows[0]


def contents(path: Path) -> dict[str, str]:
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None
        return {name: archive.read(name).decode() for name in archive.namelist()}


def test_it_holds_what_was_predicted_and_retrieved(results: Path, artifacts: Path, tmp_path: Path) -> None:
    assert write_predictions(*row_of(results), artifacts, tmp_path / "a.zip")
    assert {
        "seed-1/tatoeba/test-de.tsv": "3\n",
        "seed-1/xnli/test-de.tsv": "entailment\n",
        "seed-1/xnli/test-en.tsv": "neutral\n",
    } == contents(tmp_path / "a.zip")
    assert list(contents(tmp_path / "a.zip")) == sorted(contents(tmp_path / "a.zip"))


def test_every_seed_has_a_folder(artifacts: Path, tmp_path: Path) -> None:
    results = write_results(tmp_path / "two", seeds=(1, 2))
    name_stages(results, "xnli", ("predict/x", KEY), seed=1)
    name_stages(results, "xnli", ("predict/y", "ef" * 32), seed=2)
    write(artifacts, "ef" * 32, "xnli/test-en.tsv", "contradiction\n")
    assert write_predictions(*row_of(results), artifacts, tmp_path / "a.zip")
    found = contents(tmp_path / "a.zip")
    assert ("neutral\n", "contradiction\n") == (found["seed-1/xnli/test-en.tsv"], found["seed-2/xnli/test-en.tsv"])


def test_the_same_predictions_give_the_same_bytes(results: Path, artifacts: Path, tmp_path: Path) -> None:
    write_predictions(*row_of(results), artifacts, tmp_path / "a.zip")
    for path in artifacts.rglob("*.tsv"):
        os.utime(path, (1_000_000_000, 1_000_000_000))
        path.chmod(0o600)
    write_predictions(*row_of(results), artifacts, tmp_path / "b.zip")
    assert (tmp_path / "a.zip").read_bytes() == (tmp_path / "b.zip").read_bytes()


def test_nothing_is_written_where_the_store_holds_nothing(results: Path, tmp_path: Path) -> None:
    assert not write_predictions(*row_of(results), tmp_path / "empty", tmp_path / "a.zip")
    assert not (tmp_path / "a.zip").exists()


@pytest.mark.parametrize("key", ["../../secret", "..", "/etc", "", "AB" * 32, 7.5])
def test_a_key_that_is_none_leads_nowhere(key: Any, tmp_path: Path) -> None:
    results = write_results(tmp_path / "results")
    name_stages(results, "xnli", ("predict/x", key))
    for place in (tmp_path / "secret" / "predictions", tmp_path / "predictions"):
        place.mkdir(parents=True)
        (place / "test-en.tsv").write_text("secret", encoding="utf-8")
    (tmp_path / "artifacts").mkdir()
    assert not write_predictions(*row_of(results), tmp_path / "artifacts", tmp_path / "a.zip")


def test_links_are_not_followed(results: Path, artifacts: Path, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("secret", encoding="utf-8")
    write(artifacts, KEY, "xnli/test-zh.tsv", "").unlink()
    (artifacts / KEY[:2] / KEY / "predictions" / "xnli" / "test-zh.tsv").symlink_to(tmp_path / "secret")
    write_predictions(*row_of(results), artifacts, tmp_path / "a.zip")
    assert "secret" not in contents(tmp_path / "a.zip").values()
    assert 3 == len(contents(tmp_path / "a.zip"))


def test_a_site_offers_them_where_they_are(results: Path, artifacts: Path, tmp_path: Path) -> None:
    build_site(results, tmp_path / "site", Extras(artifacts=artifacts))
    folder, row = row_of(results)
    name = predictions_file(row)
    assert {name} == {path.name for path in (tmp_path / "site").glob("*.zip")}
    assert 3 == len(contents(tmp_path / "site" / name))
    page = (tmp_path / "site" / "row-base--none.html").read_text(encoding="utf-8")
    assert f'<a href="{name}" download>Download its predictions</a>' in page
    other = (tmp_path / "site" / "row-base--squad.html").read_text(encoding="utf-8")
    assert "Its predictions were not available when this site was built." in other
    assert folder.suite.backbones[3].name == HOSTILE


def test_a_site_without_a_store_says_where_they_lie(results: Path, tmp_path: Path) -> None:
    build_site(results, tmp_path / "site")
    page = (tmp_path / "site" / "row-base--none.html").read_text(encoding="utf-8")
    assert "They are in the store of the run, in 2 artifacts named below." in page
