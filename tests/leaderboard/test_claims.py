"""The claims' rules: what intervals, ranks and stages must say for each verdict."""

from __future__ import annotations

from pathlib import Path

import pytest

from leaderboard import claims as rules
from leaderboard.claims import LARGE, Claim, Verdict, canonical, judge, judge_claims, overall
from leaderboard.lookup import Lookup, lookup
from leaderboard.read import read_results
from leaderboard.scores import build_board
from leaderboard.statistics import Columns, Decision, Effect, read_statistics
from leaderboard.stats.compute import of_folder, write
from leaderboard.stats.settings import Settings
from tests.leaderboard.stats.boards import write_board


def effect(low: float | None, high: float | None) -> Effect:
    return Effect(value=((low or 0) + (high or 0)) / 2, low=low, high=high)


@pytest.mark.parametrize(
    ("intervals", "all_of", "verdict"),
    [
        ([(0.03, 0.05), (0.021, 0.04)], True, "supported"),
        ([(0.03, 0.05), (0.01, 0.04)], True, "undecided"),
        ([(0.03, 0.05), (-0.01, 0.01)], True, "contradicted"),
        ([(0.03, 0.05), (None, None)], True, "undecided"),
        ([(-0.01, 0.01), (None, None)], True, "contradicted"),
        ([(None, None)], True, "undecided"),
        ([(0.03, 0.05), (None, None), (None, None)], False, "undecided"),
        ([(0.03, 0.05), (0.03, 0.05), (None, None)], False, "supported"),
        ([(0.03, 0.05), (0.03, 0.05), (-0.01, 0.01)], False, "supported"),
        ([(0.03, 0.05), (-0.01, 0.01)], False, "undecided"),
        ([(0.0, 0.01), (-0.01, 0.01), (0.0, 0.05)], False, "contradicted"),
    ],
)
def test_intervals_decide(
    intervals: list[tuple[float | None, float | None]], *, all_of: bool, verdict: Verdict
) -> None:
    assert verdict == judge([effect(*one) for one in intervals], 0.02, all_of=all_of)


@pytest.mark.parametrize(
    ("verdicts", "word"),
    [
        (["supported", "not measured here"], "supported"),
        (["supported", "contradicted"], "undecided"),
        (["not measured here"], "not measured here"),
        ([], "not measured here"),
    ],
)
def test_backbones_must_agree(verdicts: list[Verdict], word: Verdict) -> None:
    assert word == overall(rules.Tested(subject="x", verdict=one, numbers="") for one in verdicts)


def test_names_of_tasks() -> None:
    assert ["squad_v1", "squad_v2", "mnli"] == [canonical(name) for name in ("mini-squad", "squad_v2", "mnli")]


def claims(folder: Path, *, statistics: bool, large: float = LARGE) -> list[Claim]:
    results = write_board(folder / "results", seeds=(1, 2), units=200)
    if statistics:
        write(*of_folder(results, Settings(resamples=200), lambda _share, _what: None), results)
    found = read_results(results)
    board = build_board(found)
    return list(judge_claims(board, found, lookup(read_statistics(results), None, board), large=large))


def test_on_results_with_statistics(tmp_path: Path) -> None:
    """The drawn board: mnli helps everywhere, squad nowhere; it has no hellaswag and no TyDiQA."""
    found = claims(tmp_path, statistics=True)
    assert list(range(1, 10)) == [claim.number for claim in found]
    assert "undecided" == found[0].verdict  # for squad's interval; hellaswag is not here
    assert found[0].tested[0].numbers.endswith("hellaswag has no average gain")
    assert "squad" in found[0].tested[0].numbers
    assert "undecided" == found[2].verdict  # one of two recipes
    assert "supported" == found[4].verdict
    assert all("95% interval" in one.numbers for one in found[4].tested)
    assert "2 of nine are present" in found[8].tested[0].numbers


@pytest.mark.parametrize(("large", "verdict"), [(-0.5, "undecided"), (0.5, "contradicted")])
def test_without_one_of_three_tasks_a_claim_of_three_is_at_most_contradicted(
    tmp_path: Path, large: float, verdict: Verdict
) -> None:
    """Both that are here gain more than a loss of fifty points, and less than fifty."""
    found = claims(tmp_path, statistics=True, large=large)

    assert verdict == found[0].verdict
    assert "hellaswag has no average gain" in found[0].tested[0].numbers


@pytest.mark.parametrize(
    ("tydiqa", "xnli", "verdict"),
    [
        ([(0.01, 0.09, "significant"), (0.02, 0.08, "significant")], [(-0.02, 0.03, "not-detected")] * 2, "supported"),
        ([(-0.1, 0.1, "not-detected"), (-0.1, 0.1, "not-detected")], [(-0.02, 0.03, "not-detected")] * 2, "undecided"),
        (
            [(-0.01, 0.01, "not-detected"), (-0.1, 0.01, "not-detected")],
            [(-0.02, 0.03, "not-detected")] * 2,
            "contradicted",
        ),
        (
            [(0.01, 0.09, "significant"), (0.02, 0.08, "significant")],
            [(0.02, 0.03, "significant"), (-0.02, 0.03, "not-detected")],
            "contradicted",
        ),
    ],
)
def test_tydiqa_is_not_contradicted_by_what_cannot_be_seen(
    tmp_path: Path,
    tydiqa: list[tuple[float, float, Decision]],
    xnli: list[tuple[float, float, Decision]],
    verdict: Verdict,
) -> None:
    """A gain that is not detected contradicts nothing; one that is shown to be small does."""
    results = write_board(tmp_path, backbones=("base",), targets=("xnli", "tydiqa"), units=4)
    gains = {
        ("base", recipe): Columns[Effect](
            targets={
                target: effect(low, high).model_copy(update={"decision": word})
                for target, (low, high, word) in (("tydiqa", of_tydiqa), ("xnli", of_xnli))
            }
        )
        for recipe, of_tydiqa, of_xnli in zip(("mnli", "squad"), tydiqa, xnli, strict=True)
    }
    found = read_results(results)
    statistics = Lookup(statistics=None, languages=None, scores={}, gains=gains, own={}, ranks={})

    claim = judge_claims(build_board(found), found, statistics)[3]

    assert [verdict] == [tested.verdict for tested in claim.tested]


def test_nothing_is_claimed_without_statistics(tmp_path: Path) -> None:
    assert {"not measured here"} == {claim.verdict for claim in claims(tmp_path, statistics=False)[:6]}
