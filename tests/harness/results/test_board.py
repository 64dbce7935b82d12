"""Several results folders and accepted rows as one board; what cannot stand in one table is refused."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from harness.results.board import board, join
from leaderboard.read import read_results
from leaderboard.site import build_site
from tasks.errors import UserError
from tests.harness.results.conftest import SUITE, Call, Made, make


def part(original: Made, out: Path, backbone: str) -> Path:
    """The results of one backbone, as a folder of its own."""
    shutil.copytree(original.results, out, ignore=lambda _folder, names: [n for n in names if n.startswith("mini-") and
                    not n.endswith(".json") and n in SUITE["backbones"] and n != backbone])  # fmt: skip
    edit(
        out / "suite.json",
        lambda suite: suite.update(backbones=[b for b in suite["backbones"] if b["name"] == backbone]),
    )
    return out


def edit(path: Path, change: Callable[[Any], object]) -> None:
    record = json.loads(path.read_text(encoding="utf-8"))
    change(record)
    path.write_text(json.dumps(record), encoding="utf-8")


def tree(folder: Path) -> dict[str, Any]:
    return {
        path.relative_to(folder).as_posix(): json.loads(path.read_text(encoding="utf-8"))
        for path in folder.rglob("*.json")
    }


@pytest.fixture
def halves(original: Made, tmp_path: Path) -> list[Path]:
    return [part(original, tmp_path / name, name) for name in ("mini-xlmr", "mini-roberta")]


def test_halves_make_the_whole_again(original: Made, halves: list[Path], tmp_path: Path) -> None:
    join([(str(path), path) for path in halves], tmp_path / "joined")
    assert tree(original.results) == tree(tmp_path / "joined")
    build_site(original.results, tmp_path / "a")
    with board(halves) as found:
        build_site(found, tmp_path / "b")
    assert (tmp_path / "a" / "index.html").read_bytes() == (tmp_path / "b" / "index.html").read_bytes()


def test_one_folder_is_itself(original: Made) -> None:
    with board([original.results]) as found:
        assert original.results == found


def test_an_accepted_row_joins_the_board(
    original: Made, halves: list[Path], packed: Path, tmp_path: Path, call: Call
) -> None:
    accepted = tmp_path / "accepted"
    assert 0 == call("submit", "accept", packed, "--into", accepted, "--suite", original.suite)[0]
    with board([halves[1]], accepted) as found:
        folder = read_results(found)
        assert {"mini-roberta", "mini-xlmr"} == {backbone.name for backbone in folder.suite.backbones}
        assert 15 == len(folder.results)
        assert (found / "mini-xlmr" / "mini-mnli" / "mini-xnli-s1.units.json").is_file()
    row = accepted / "tiny" / "mini-xlmr" / "mini-mnli.json"
    row.with_suffix(".zip").unlink()  # kept elsewhere: the row stays, its counts are not there
    with board([halves[1]], accepted) as found:
        assert 15 == len(read_results(found).results)
        assert not (found / "mini-xlmr" / "mini-mnli" / "mini-xnli-s1.units.json").exists()
    with board([], accepted) as found:
        assert 5 == len(read_results(found).results)


def test_another_suite_takes_the_first_ones_name(halves: list[Path], tmp_path: Path) -> None:
    for path in halves[1].rglob("*-s1.json"):
        edit(path, lambda result: result.update(suite="other"))
    edit(
        halves[1] / "suite.json",
        lambda suite: suite.update(name="other", targets=suite["targets"][:2], notes=["Mind."]),
    )
    for path in [*halves[1].rglob("mini-[xbt]*.json")]:
        if "xnli" not in path.name and "udpos" not in path.name:
            path.unlink()
    join([(str(path), path) for path in halves], tmp_path / "joined")
    folder = read_results(tmp_path / "joined")
    assert {"tiny"} == {result.suite for result in folder.results.values()}
    assert 14 == len(folder.results)
    assert "Mind." in folder.suite.notes
    assert {"mini-roberta/none": ("other",), "mini-xlmr/none": ("tiny",)}.items() <= folder.suite.origins.items()
    build_site(tmp_path / "joined", tmp_path / "site")
    text = (tmp_path / "site" / "index.html").read_text(encoding="utf-8")
    assert 'data-by="suite"' in text, "rows can be filtered by suite"
    assert 'data-suite="other"' in text
    page = next((tmp_path / "site").glob("row-mini-roberta*none.html")).read_text(encoding="utf-8")
    assert "codestilts run other --device cpu --only" in page


def test_a_row_of_two_suites_names_both(halves: list[Path], tmp_path: Path) -> None:
    """One suite ran its retrieval targets, another the rest."""
    for path in halves[1].rglob("*-s1.json"):
        edit(path, lambda result: result.update(suite="other"))
    edit(halves[1] / "suite.json", lambda suite: suite.update(name="other"))
    again = tmp_path / "again"
    shutil.copytree(halves[1], again)
    for path in again.rglob("*-s1.json"):
        edit(path, lambda result: result.update(suite="tiny"))
    edit(again / "suite.json", lambda suite: suite.update(name="tiny"))
    for folder, kept in ((halves[1], "tatoeba"), (again, "xnli")):
        for path in folder.rglob("mini-*-s1*.json"):
            if kept not in path.name:
                path.unlink()
        (folder / "gaps.json").unlink(missing_ok=True)
    join([(str(path), path) for path in (halves[1], again)], tmp_path / "joined")

    suite = read_results(tmp_path / "joined").suite

    assert ("other", "tiny") == suite.suites_of("mini-roberta", "none")


Change = Callable[[Path], object]
CONFLICTS: dict[str, tuple[Change, str]] = {
    "metric": (
        lambda half: edit(half / "suite.json", lambda suite: suite["targets"][0].update(metric="f1")),
        "target 'mini-xnli' is described differently: metric is 'accuracy' in the first, 'f1' in the second",
    ),
    "recipe": (
        lambda half: edit(half / "suite.json", lambda suite: suite["recipes"][1].update(training="other")),
        "recipe 'mini-mnli' is described differently: training",
    ),
    "real data": (
        lambda half: edit(half / "suite.json", lambda suite: suite.update(miniature=False)),
        "generated data and real data cannot stand in one table",
    ),
    "labels": (
        lambda half: edit(
            half / "mini-roberta" / "none" / "mini-xnli-s1.json",
            lambda result: [
                link.update(digest="0" * 64)
                for link in result["provenance"]["stages"]
                if link["stage"] == "prepare/labels/mini-xnli"
            ],
        ),
        "mini-xnli was scored against other labels",
    ),
}


@pytest.mark.parametrize("name", sorted(CONFLICTS))
def test_what_cannot_stand_in_one_table_is_refused(halves: list[Path], name: str) -> None:
    change, said = CONFLICTS[name]
    change(halves[1])
    with pytest.raises(UserError, match=said) as error, board(halves):
        pass
    assert str(halves[1]) in str(error.value)


def test_a_result_that_is_there_twice_must_be_the_same(original: Made, halves: list[Path], tmp_path: Path) -> None:
    with board([original.results, halves[0]]) as found:
        assert 20 == len(read_results(found).results)
    other = make(tmp_path, SUITE, seed=5)
    with pytest.raises(UserError, match="is in both, with other content"), board([original.results, other.results]):
        pass


def test_nothing_to_show_is_said(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no such folder of accepted rows"), board([], tmp_path / "none"):
        pass
    with pytest.raises(UserError, match="there are no results to show"), board([], tmp_path):
        pass


def test_a_changed_interval_is_named(original: Made, tmp_path: Path, call: Call) -> None:
    out = tmp_path / "board"
    assert 0 == call("site", "join", "--results", original.results, "--out", out)[0]
    assert 0 == call("verify", out)[0]
    edit(out / "statistics.json", lambda found: found["rows"][0]["scores"]["targets"]["mini-xnli"].update(low=0.123))
    code, said, _ = call("verify", out)
    assert 1 == code
    assert "statistics.json, field rows.0.scores.targets.mini-xnli.low: claimed 0.123, found" in said
    code, _, err = call("site", "join", "--results", original.results, "--out", out)
    assert 2 == code
    assert "it is there already" in err
