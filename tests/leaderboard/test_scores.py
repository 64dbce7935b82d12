"""Means, gaps and differences."""

from __future__ import annotations

import statistics
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from leaderboard.chance import explained_by_chance
from leaderboard.languages import language_scores, scored
from leaderboard.pages.cells import BASELINE_MARK, marks_of
from leaderboard.pairs import matched_pairs
from leaderboard.read import CellKey, ResultsFolder, read_results
from leaderboard.scores import AT_BASELINE, Board, Row, build_board, mean, spread


def row(board: Board, backbone: str, recipe: str) -> Row:
    return next(row for row in board.rows if (row.backbone.name, row.recipe.name) == (backbone, recipe))


def target_score(folder: ResultsFolder, backbone: str, recipe: str, target: str, seed: int = 1) -> float:
    return folder.results[CellKey(backbone, recipe, target, seed)].score


def test_mean_exists_only_if_all_members_do() -> None:
    assert mean([0.25, 0.75]) == 0.5
    assert mean([0.25, None]) is None
    assert mean([]) is None
    assert spread([0.5]) is None
    assert spread([0.5, None]) is None
    assert spread([0.25, 0.75]) == pytest.approx(statistics.stdev([0.25, 0.75]))


def test_average_is_over_targets_not_groups(results: Path) -> None:
    """Two targets of one group and one of another tell the two means apart."""
    path = results / "suite.json"
    path.write_text(
        path.read_text(encoding="utf-8").replace('"group": "tagging"', '"group": "classification"'), encoding="utf-8"
    )
    folder = read_results(results)
    scores = row(build_board(folder), "base", "none").scores
    xnli, panx, xquad, tatoeba = (target_score(folder, "base", "none", name) for name in folder_targets(folder))
    assert scores.groups["classification"].value == pytest.approx((xnli + panx) / 2)
    assert scores.average.value == pytest.approx((xnli + panx + xquad + tatoeba) / 4)
    of_groups = ((xnli + panx) / 2 + xquad + tatoeba) / 3
    assert abs(of_groups - (scores.average.value or 0)) > 1e-3
    assert list(scores.groups) == ["classification", "qa", "retrieval"]


def folder_targets(folder: ResultsFolder) -> list[str]:
    return [target.name for target in folder.suite.targets]


def test_no_mean_over_missing_cells(results: Path) -> None:
    scores = row(build_board(read_results(results)), "base+code", "squad").scores
    assert scores.average.value is None
    assert (2, 4) == (scores.average.present, scores.average.expected)
    assert ["xnli", "panx"] == [missing.cell.target for missing in scores.average.missing]
    assert scores.groups["classification"].value is None
    assert scores.groups["qa"].value is not None
    assert ("failed", "out-of-memory") == (
        scores.targets["xnli"].missing[0].outcome,
        scores.targets["xnli"].missing[0].failure,
    )


def test_a_cell_without_record_is_absent(results: Path) -> None:
    board = build_board(read_results(results))
    assert ["absent", "failed", "blocked"] == [missing.outcome for missing in board.missing()]


def test_seeds(two_seeds: Path) -> None:
    """A cell is the mean over seeds, with its spread, only if all are there."""
    folder = read_results(two_seeds)
    board = build_board(folder)
    first, second = (target_score(folder, "base", "none", "panx", seed) for seed in (1, 2))
    cell = row(board, "base", "none").scores.targets["panx"]
    assert cell.value == pytest.approx((first + second) / 2)
    assert cell.spread == pytest.approx(statistics.stdev([first, second]))
    lost = row(board, "base+code", "squad").scores.targets["panx"]
    assert (None, None, 1, 2) == (lost.value, lost.spread, lost.present, lost.expected)
    assert lost.per_seed == (target_score(folder, "base+code", "squad", "panx", 1), None)
    average = row(board, "base", "none").scores.average
    by_seed = [
        mean([target_score(folder, "base", "none", name, seed) for name in folder_targets(folder)]) for seed in (1, 2)
    ]
    assert list(average.per_seed) == pytest.approx(by_seed)
    assert average.spread == pytest.approx(statistics.stdev(value for value in by_seed if value is not None))


def test_matched_pair_differences_and_gains(results: Path) -> None:
    folder = read_results(results)
    pair, hostile = matched_pairs(build_board(folder))
    assert ("base", "base+code", "base+text") == (pair.name, pair.code.name, pair.text.name)
    assert hostile.name == "hostile"
    none, squad, other = pair.rows
    expected = target_score(folder, "base+code", "none", "xnli") - target_score(folder, "base+text", "none", "xnli")
    assert none.difference.targets["xnli"].value == pytest.approx(expected)
    assert none.code_gain is None
    assert squad.difference.targets["xnli"].value is None
    assert squad.difference.average.value is None
    assert squad.difference.targets["xquad"].value is not None
    assert other.text_gain is not None
    gain = target_score(folder, "base+text", other.recipe.name, "xquad") - target_score(
        folder, "base+text", "none", "xquad"
    )
    assert other.text_gain.targets["xquad"].value == pytest.approx(gain)


def test_a_pair_with_one_side_is_left_out(results: Path) -> None:
    path = results / "suite.json"
    path.write_text(
        path.read_text(encoding="utf-8").replace('"name": "hostile", "side": "text"', '"name": "z", "side": "text"'),
        encoding="utf-8",
    )
    assert ["base"] == [pair.name for pair in matched_pairs(build_board(read_results(results)))]


def test_languages(results: Path) -> None:
    folder = read_results(results)
    xnli = folder.suite.targets[0]
    code = language_scores(folder, "base+code", "none", xnli)
    text = language_scores(folder, "base+text", "none", xnli)
    assert ["en", "de", "zh"] == list(code)
    assert (True, False) == (code["zh"].mostly_unknown, text["zh"].mostly_unknown)
    assert (True, False) == (text["de"].at_baseline, text["en"].at_baseline)
    assert all(
        one.value is None and not one.at_baseline
        for one in language_scores(folder, "base+code", "squad", xnli).values()
    )


def test_a_score_equal_to_its_baseline_is_not_above_it(results: Path) -> None:
    for path in results.glob("*/*/xnli-s1.json"):
        path.write_text(
            path.read_text(encoding="utf-8").replace('"baseline": 0.3333333333333333', '"baseline": 0.2'), "utf-8"
        )
    folder = read_results(results)
    assert language_scores(folder, "base", "none", folder.suite.targets[0])["de"].at_baseline


def test_a_target_above_its_baseline_nowhere_is_marked(
    edit: Callable[[str, Callable[[dict[str, Any]], Any]], Path],
) -> None:
    """In all languages, or not at all; a target without baselines never is."""

    def low(record: dict[str, Any]) -> None:
        for one in record["languages"].values():
            one["score"] = 0.34
        record["score"] = 0.34

    results = edit("base/none/xnli-s1.json", low)
    board = build_board(read_results(results))
    assert (AT_BASELINE,) == row(board, "base", "none").scores.targets["xnli"].marks
    assert () == row(board, "base", "squad").scores.targets["xnli"].marks
    assert () == row(board, "base", "none").scores.targets["panx"].marks
    assert [BASELINE_MARK] == list(marks_of(row(board, "base", "none").scores.targets["xnli"]))
    assert () == marks_of(row(board, "base", "none").scores.average)


def test_what_was_scored(results: Path) -> None:
    path = results / "base/none/xnli-s1.json"
    path.write_text(path.read_text(encoding="utf-8").replace('"rows": 4000', '"rows": 3800', 1), encoding="utf-8")
    amounts = scored(read_results(results))
    assert (3800, 4000) == amounts["xnli"]["en"].rows
    assert (4000, 4000) == amounts["xnli"]["de"].rows
    assert (1000, 1000) == amounts["xnli"]["de"].units
    assert amounts["panx"]["en"].baseline is None


@pytest.mark.parametrize(
    ("score", "baseline", "units", "expected"),
    [
        (0.40, 1 / 3, 100, True),  # 0.411 is what one draw of 100 units in twenty exceeds
        (0.42, 1 / 3, 100, False),
        (0.40, 1 / 3, 10_000, False),
        (0.30, 1 / 3, 10_000, True),
        (0.0, 0.0, 50, True),
        (0.02, 0.0, 50, False),
        (0.5, 0.4, 0, True),
    ],
)
def test_a_score_that_the_choice_of_units_explains_is_at_its_baseline(
    score: float, baseline: float, units: int, *, expected: bool
) -> None:
    assert expected == explained_by_chance(score, baseline, units)
