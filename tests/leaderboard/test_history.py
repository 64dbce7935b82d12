"""The log between two builds: what was added, changed or withdrawn, and why; nothing where nothing changed."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from harness.cli import main
from leaderboard.history import NO_REASON, Build, Change, Log, extended, log_json, read_log, unexplained
from leaderboard.read import read_results
from leaderboard.scores import build_board
from leaderboard.site import Extras, build_site
from tasks.errors import UserError
from tests.leaderboard.conftest import ABSENT, FAILED, HOSTILE, RECIPES, write_json, write_results

PHASES = ("fetch", "prepare", "convert", "pretrain", "intermediate", "finetune", "predict", "score")
Record = dict[str, Any]
CELL = "base/none/xnli-s1.json"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Results whose cell ``base/none/xnli`` names its stages."""
    results = write_results(tmp_path / "results")
    change(results, CELL, lambda record: record["provenance"].update(stages=stages()))
    return results


def stages(**keys: str) -> list[Record]:
    return [
        {"stage": f"{phase}/x", "key": keys.get(phase, f"key of {phase}"), "digest": keys.get(f"{phase}_digest", "d")}
        for phase in PHASES
    ]


def change(results: Path, name: str, how: Callable[[Record], Any]) -> None:
    record = json.loads((results / name).read_text(encoding="utf-8"))
    how(record)
    write_json(results / name, record)


def rescore(results: Path, by: float, name: str = CELL) -> None:
    """Move every language of a cell by so much."""

    def move(record: Record) -> None:
        for one in record["languages"].values():
            one["score"] += by
        record["score"] = sum(one["score"] for one in record["languages"].values()) / len(record["languages"])

    change(results, name, move)


def log_of(results: Path, before: Log | None = None, **reasons: str) -> Log:
    folder = read_results(results)
    return extended(before or Log(), build_board(folder), folder, reasons)


def only(log: Log) -> Change:
    """The one change of the last build."""
    (found,) = log.builds[-1].changes
    return found


def test_the_first_build_adds_every_row(folder: Path) -> None:
    (build,) = log_of(folder).builds
    assert (1, "test", 15) == (build.number, build.suite, build.rows)
    assert {("added", "new on the board")} == {(one.kind, one.reason) for one in build.changes}
    assert sorted((one.backbone, one.recipe) for one in build.changes) == [
        (one.backbone, one.recipe) for one in build.changes
    ]
    averages = {(one.backbone, one.recipe): one.after for one in build.changes}
    assert averages[FAILED[:2]] is None
    assert averages["base", "none"] == build_board(read_results(folder)).rows[0].scores.average.value


def test_the_same_rows_add_no_entry(folder: Path) -> None:
    first = log_of(folder)
    assert first == log_of(folder, first)
    assert log_json(first) == log_json(log_of(folder, first))


def test_the_file_reads_back(folder: Path, tmp_path: Path) -> None:
    log = log_of(folder)
    (tmp_path / "log.json").write_text(log_json(log), encoding="utf-8")
    assert log == read_log(tmp_path) == read_log(tmp_path / "log.json")
    assert HOSTILE in {row.backbone for row in log.rows}
    assert Log() == read_log(tmp_path / "none")


@pytest.mark.parametrize(
    ("text", "where"), [("{", "the whole file"), ('{"schema": "other"}', "schema"), ('{"rows": [{}]}', "rows.0.")]
)
def test_what_is_no_log_is_refused(text: str, where: str, tmp_path: Path) -> None:
    (tmp_path / "log.json").write_text(text, encoding="utf-8")
    with pytest.raises(UserError) as caught:
        read_log(tmp_path)
    assert f"log.json, field {where}" in str(caught.value)


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        ({"finetune": "new"}, "another fine-tuning"),
        ({"finetune": "new", "predict": "new", "score": "new"}, "another fine-tuning"),
        ({"prepare": "new", "finetune": "new"}, "other data, or other code that prepares it"),
        ({"convert": "new"}, "other weights, or other code that reads them"),
        ({"pretrain": "new"}, "another further pretraining"),
        ({"intermediate": "new"}, "another intermediate training"),
        ({"score": "new"}, "another scorer"),
        ({"predict_digest": "new"}, "the same stages left other bytes"),
        ({}, "the stages behind it are the same, so the file itself was changed"),
    ],
)
def test_a_changed_score_names_the_first_phase_that_differs(folder: Path, keys: dict[str, str], words: str) -> None:
    first = log_of(folder)
    rescore(folder, 0.012)
    change(folder, CELL, lambda record: record["provenance"].update(stages=stages(**keys)))
    found = only(log_of(folder, first))
    assert ("changed", "base", "none") == (found.kind, found.backbone, found.recipe)
    assert f"xnli-s1: +1.2, {words}" == found.reason
    assert found.before is not None
    assert found.after is not None
    assert pytest.approx(0.012 / 4) == found.after - found.before


def test_other_stages_with_the_same_scores_are_no_change(folder: Path) -> None:
    first = log_of(folder)
    change(folder, CELL, lambda record: record["provenance"].update(stages=stages(finetune="new")))
    assert first.builds == log_of(folder, first).builds


def test_scores_that_moved_between_languages_are_a_change(folder: Path) -> None:
    """The mean is what it was, so it cannot tell."""
    first = log_of(folder)

    def swap(record: Record) -> None:
        one, other = (record["languages"][code] for code in ("en", "zh"))
        one["score"], other["score"] = other["score"], one["score"]

    change(folder, CELL, swap)
    assert "xnli-s1: the same mean of other scores by language, the stages" in only(log_of(folder, first)).reason


def test_a_log_from_before_languages_were_kept_reports_none(folder: Path) -> None:
    first = log_of(folder)
    old = json.loads(log_json(first))
    for row in old["rows"]:
        for cell in row["cells"].values():
            cell.pop("languages")
    assert first.builds == log_of(folder, Log.model_validate(old)).builds


def test_a_cell_that_is_lost_and_found_again(folder: Path) -> None:
    first = log_of(folder)
    path = folder / CELL
    held = path.read_bytes()
    units = path.with_name("xnli-s1.units.json")
    path.unlink()
    units.unlink()
    second = log_of(folder, first)
    found = only(second)
    assert ("changed", None) == (found.kind, found.after)
    assert re.fullmatch(r"xnli-s1: [\d.]+ became \N{EN DASH} \(absent: no-record\)", found.reason)

    path.write_bytes(held)
    found = only(log_of(folder, second))
    assert found.before is None
    assert re.fullmatch(r"xnli-s1: \N{EN DASH} became [\d.]+", found.reason)


def test_another_cause_of_a_gap_is_told(folder: Path) -> None:
    first = log_of(folder)
    change(folder, "gaps.json", lambda record: record["gaps"][0].update(failure="timeout"))
    assert "xnli-s1: \N{EN DASH} became \N{EN DASH} (failed: timeout)" == only(log_of(folder, first)).reason


def test_a_withdrawn_row_wants_a_reason(folder: Path) -> None:
    first = log_of(folder)

    def without(record: Record) -> None:
        record["recipes"] = record["recipes"][:2]

    change(folder, "suite.json", without)
    for path in sorted(folder.glob(f"*/{RECIPES[2]}/*")):
        path.unlink()
    silent, said = log_of(folder, first), log_of(folder, first, **{f"base/{RECIPES[2]}": "its data leaked"})
    kinds = {one.kind for one in silent.builds[-1].changes}
    assert {"withdrawn"} == kinds
    assert 5 == len(silent.builds[-1].changes)
    assert {NO_REASON} == {one.reason for one in silent.builds[-1].changes}
    reasons = {one.backbone: one.reason for one in said.builds[-1].changes}
    assert "its data leaked" == reasons.pop("base")
    assert {NO_REASON} == set(reasons.values())


def test_a_reason_may_come_later_and_is_asked_for(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A build says what it lacks; the next with a reason adds no entry, but fills it in."""
    site = tmp_path / "site"
    command = ["site", "build", "--results", str(folder), "--out", str(site), "--no-predictions"]
    assert 0 == main(command)
    change(folder, "suite.json", lambda record: record["backbones"].pop(0))
    shutil.rmtree(folder / "base")
    assert 0 == main(command)
    said = capsys.readouterr().err
    assert "the log gives no reason why base/" in said
    assert "build again with --reason base/" in said
    rows = unexplained(read_log(site))
    assert 3 == len(rows)
    reasons = [part for row in rows for part in ("--reason", f"{row}=licence withdrawn")]
    assert 0 == main([*command, *reasons, "--reason", "bass/none=x"])
    said = capsys.readouterr().err
    assert "gives no reason" not in said
    assert "the last build changed nothing of bass/none" in said
    log = read_log(site)
    assert 2 == len(log.builds)
    assert {"licence withdrawn"} == {one.reason for one in log.builds[-1].changes if one.kind == "withdrawn"}
    before = (site / "log.json").read_bytes()
    assert 0 == main(command)
    assert before == (site / "log.json").read_bytes()


def test_a_reason_stands_before_what_the_stages_tell(folder: Path) -> None:
    first = log_of(folder)
    rescore(folder, 0.01)
    reason = only(log_of(folder, first, **{"base/none": "scorer mended"})).reason
    assert reason.startswith("scorer mended (xnli-s1: +1.0, ")


def test_many_changed_cells_are_counted(tmp_path: Path) -> None:
    results = write_results(tmp_path / "results", seeds=(1, 2))
    first = log_of(results)
    for path in sorted((results / "base" / "none").glob("*.json")):
        if not path.name.endswith(".units.json"):
            rescore(results, 0.01, path.relative_to(results).as_posix())
    assert only(log_of(results, first)).reason.endswith("; and 4 more")


def test_a_target_less_is_no_longer_scored(folder: Path) -> None:
    first = log_of(folder)
    change(folder, "suite.json", lambda record: record["targets"].pop())
    for path in sorted(folder.glob("*/*/tatoeba-*")):
        path.unlink()
    reasons = {(one.backbone, one.recipe): one.reason for one in log_of(folder, first).builds[-1].changes}
    assert "tatoeba-s1: no longer scored in this suite" == reasons["base", "none"]
    assert ABSENT[:2] in reasons


def test_entries_are_numbered_and_kept(folder: Path) -> None:
    log = log_of(folder)
    for _ in range(2):
        rescore(folder, 0.01)
        log = log_of(folder, log)
    assert [1, 2, 3] == [build.number for build in log.builds]
    assert 3 == len({build.results for build in log.builds})


def test_the_page_shows_changes_and_links_only_rows_that_are_there(folder: Path, tmp_path: Path) -> None:
    """Built for real, twice over the same site: the second build tells what happened between the two."""
    out = tmp_path / "site"
    build_site(folder, out)
    first = (out / "log.html").read_text(encoding="utf-8")
    rescore(folder, 0.012)
    change(folder, "suite.json", lambda record: record["recipes"].pop(1))
    for path in sorted(folder.glob("*/squad/*")):
        path.unlink()
    change(folder, "gaps.json", lambda record: record.update(gaps=[]))
    build_site(folder, out, Extras(reasons={"base/squad": 'wrong data <script>"&'}))
    page = (out / "log.html").read_text(encoding="utf-8")
    assert "Build 2: 0 rows added, 1 row changed, 5 rows withdrawn" in page
    assert page.index("Build 2") < page.index("Build 1")
    assert "wrong data &lt;script&gt;&#34;&amp;" in page
    assert 'href="row-base--squad.html"' in first
    assert 'href="row-base--squad.html"' not in page
    assert 'href="row-base--none.html"' in page
    again = {path.name: path.read_bytes() for path in out.iterdir()}
    build_site(folder, out)
    assert again == {path.name: path.read_bytes() for path in out.iterdir()}


def test_a_build_names_only_what_it_holds() -> None:
    empty = Build(number=1, suite="s", results="r", rows=0, changes=())
    assert Log(builds=(empty,)) == Log.model_validate_json(log_json(Log(builds=(empty,))))
