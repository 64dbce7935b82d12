"""The results folder is read strictly."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from leaderboard.read import CellKey, read_results
from tasks.errors import UserError

Edit = Callable[[str, Callable[[dict[str, Any]], Any]], Path]
RESULT = "base/none/xnli-s1.json"


def test_cells_are_results_or_gaps(results: Path) -> None:
    folder = read_results(results)
    assert 5 * 3 * 4 - 3 == len(folder.results)
    assert folder.gaps[CellKey("base+code", "squad", "xnli", 1)].failure == "out-of-memory"
    assert CellKey("base", "none", "xnli", 1) in folder.results


def test_two_seeds(two_seeds: Path) -> None:
    assert 2 * 5 * 3 * 4 - 3 == len(read_results(two_seeds).results)


@pytest.mark.parametrize(
    ("name", "change", "where", "what"),
    [
        (RESULT, lambda r: r.update(score=1.5), "base/none/xnli-s1.json, field score", "less than or equal to 1"),
        (RESULT, lambda r: r.update(extra=1), "base/none/xnli-s1.json, field extra", "Extra inputs"),
        (RESULT, lambda r: r.pop("seed"), "base/none/xnli-s1.json, field seed", "required"),
        (RESULT, lambda r: r.update(seed="1"), "base/none/xnli-s1.json, field seed", "valid integer"),
        (RESULT, lambda r: r["languages"]["de"].update(rows=None), "field languages.de.rows", "valid integer"),
        (RESULT, lambda r: r["languages"].pop("de"), "field languages", r"\(de\)"),
        (RESULT, lambda r: r.update(score=0.9), "field score", "the mean over its languages is"),
        (RESULT, lambda r: r.update(suite="other"), "field suite", "'other'"),
        (RESULT, lambda r: r.update(backbone="other"), "against suite.json", "not in the grid"),
        (RESULT, lambda r: r.update(seed=2), "against suite.json", "not in the grid"),
        (RESULT, lambda r: r.pop("schema"), "field schema", "says nothing"),
        (RESULT, lambda r: r.update(schema="codestilts.gaps/1"), "field schema", "codestilts.gaps/1"),
        ("gaps.json", lambda r: r["gaps"].append(r["gaps"][0]), "gaps.json, field gaps.2", "there twice"),
        ("gaps.json", lambda r: r["gaps"][0].update(recipe="none"), "gaps.json, field gaps.0", "a result as well"),
        ("gaps.json", lambda r: r["gaps"][0].update(seed=9), "gaps.json, field gaps.0", "not in the grid"),
        ("gaps.json", lambda r: r["gaps"][0].update(outcome="ran"), "gaps.json, field gaps.0.outcome", "Input should"),
        ("suite.json", lambda r: r.update(seeds=[]), "suite.json, field seeds", "empty"),
        ("suite.json", lambda r: r["backbones"].append(r["backbones"][0]), "field backbones", "there twice"),
        ("suite.json", lambda r: r["recipes"][0].update(name="=1+1"), "field recipes", "cannot be a name"),
        ("suite.json", lambda r: r["recipes"][0].update(name="../up"), "field recipes", "cannot be a name"),
        ("suite.json", lambda r: r["recipes"][0].update(name="turn\u202e"), "field recipes", "cannot be a name"),
        (
            "suite.json",
            lambda r: r["backbones"][2]["pair"].update(side="code"),
            "field backbones",
            "more than one code",
        ),
    ],
)
def test_refused(edit: Edit, name: str, change: Callable[[dict[str, Any]], Any], where: str, what: str) -> None:
    """Each fault is one sentence that names file and field."""
    results = edit(name, change)
    with pytest.raises(UserError, match=what) as caught:
        read_results(results)
    assert where in str(caught.value.where)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["suite.json", "gaps.json", RESULT])
def test_newer_schema_is_refused_in_a_sentence(edit: Edit, name: str) -> None:
    def newer(record: dict[str, Any]) -> None:
        record["schema"] = record["schema"].replace("/1", "/2")
        record["of_the_future"] = True

    results = edit(name, newer)
    with pytest.raises(UserError, match="is newer than the one this version of codestilts reads") as caught:
        read_results(results)
    assert caught.value.where == f"{name}, field schema"
    assert caught.value.remedy == "update codestilts"


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("{", "not a readable JSON file"),
        ('{"schema": "codestilts.result/1", "seed": 1, "seed": 2}', "the key 'seed' is there twice"),
        (
            '{"schema": "codestilts.result/1", "seed" : 1, "seed": 2, "suite": "\\u0022:"}',
            "the key 'seed' is there twice",
        ),
        (
            '{"schema": "codestilts.result/1", "seed": 1, "suite": "\\": ", "suite": "x"}',
            "the key 'suite' is there twice",
        ),
        ('{"schema": "codestilts.result/1", "score": NaN}', "NaN is not a number of JSON"),
        ("[" * 100_000, "not a readable JSON file"),
        ("[]", "says nothing"),
    ],
)
def test_broken_files(results: Path, text: str, what: str) -> None:
    (results / RESULT).write_text(text, encoding="utf-8")
    with pytest.raises(UserError, match=what):
        read_results(results)


def test_bytes_that_are_not_utf8(results: Path) -> None:
    (results / RESULT).write_bytes(b"\xff\xfe{}")
    with pytest.raises(UserError, match="not a readable JSON file"):
        read_results(results)


def test_a_second_file_of_a_cell_is_refused(results: Path) -> None:
    shutil.copy(results / RESULT, results / "base/none/xnli-s1-copy.json")
    with pytest.raises(UserError, match=r"whose place is base/none/xnli-s1\.json"):
        read_results(results)


@pytest.mark.parametrize("place", ["base/stray.json", "base/none/deep/stray.json"])
def test_files_in_the_wrong_place_are_refused(results: Path, place: str) -> None:
    path = results / place
    path.parent.mkdir(exist_ok=True)
    path.write_text("{}", encoding="utf-8")
    with pytest.raises(UserError, match="does not lie here") as caught:
        read_results(results)
    assert place == caught.value.where


def test_units_without_result_are_refused(results: Path) -> None:
    (results / RESULT).unlink()
    with pytest.raises(UserError, match="counts per unit without their result"):
        read_results(results)


def test_other_files_are_left_alone(results: Path) -> None:
    (results / "README.md").write_text("hello", encoding="utf-8")
    (results / "statistics.json").write_text("{}", encoding="utf-8")
    (results / ".git").mkdir()
    (results / ".git" / "x.json").write_text("{}", encoding="utf-8")
    assert 57 == len(read_results(results).results)


def test_no_gaps_file(results: Path) -> None:
    (results / "gaps.json").unlink()
    assert {} == read_results(results).gaps


def test_not_a_results_folder(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no such results folder"):
        read_results(tmp_path / "nowhere")
    with pytest.raises(UserError, match=r"no suite\.json"):
        read_results(tmp_path)


def test_a_rounded_mean_is_accepted(edit: Edit, results: Path) -> None:
    score = json.loads((results / RESULT).read_text(encoding="utf-8"))["score"]
    edit(RESULT, lambda record: record.update(score=round(score, 6)))
    assert round(score, 6) == read_results(results).results[CellKey("base", "none", "xnli", 1)].score


@pytest.mark.parametrize(("field", "value"), [("backbone", "base+text"), ("target", "panx")])
def test_a_result_in_anothers_place(edit: Edit, field: str, value: str) -> None:
    """What a file says of itself must agree with where it lies."""
    results = edit(RESULT, lambda record: record.update({field: value}))
    with pytest.raises(UserError, match="whose place is"):
        read_results(results)
