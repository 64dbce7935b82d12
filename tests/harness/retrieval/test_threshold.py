"""The threshold of mined pairs: XTREME's where XTREME has one, the best possible always."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.retrieval.bitext import AROUND, tune_threshold
from tasks.errors import UserError

quick = settings(deadline=None, max_examples=50)  # a busy machine must not fail a test

# Thresholds of XTREME's utils_retrieve.bucc_optimize; null where it fails because the best cut is the last pair.
GOLDENS = json.loads((Path(__file__).parent / "goldens" / "mining.json").read_text(encoding="utf-8"))["tuning"]


@pytest.mark.parametrize("case", GOLDENS, ids=lambda case: f"{len(case['scores'])} pairs, {case['gold']} gold")
def test_agrees_with_the_reference(case: dict[str, Any]) -> None:
    found = tune_threshold(np.array(case["scores"]), np.array(case["correct"]), case["gold"])
    expected = min(case["scores"]) if case["threshold"] is None else case["threshold"]

    assert expected == pytest.approx(found.value, abs=1e-12)


def f1_at(threshold: float, scores: list[float], correct: list[bool], gold: int) -> float:
    extracted = [right for score, right in zip(scores, correct, strict=True) if score >= threshold]
    return 2 * sum(extracted) / (len(extracted) + gold)


@quick
@given(
    st.lists(st.tuples(st.sampled_from([0.0, 0.5, 1.0, np.nextafter(1.0, 2.0), 1.5, 2.0]), st.booleans()), max_size=25),
    st.integers(1, 6),
)
def test_no_threshold_does_better(pairs: list[tuple[float, bool]], missed: int) -> None:
    """With many equal scores, and two that have no number between them, the F1 that is reported is the F1 one gets."""
    scores, correct = [score for score, _ in pairs], [right for _, right in pairs]
    gold = sum(correct) + missed
    found = tune_threshold(np.array(scores), np.array(correct), gold)

    assert f1_at(found.value, scores, correct, gold) == pytest.approx(found.f1) or not any(correct)
    assert max([f1_at(score, scores, correct, gold) for score in scores], default=0.0) == pytest.approx(found.f1)


@quick
@given(
    st.lists(st.tuples(st.floats(0.5, 2.0), st.booleans()), min_size=1, max_size=400),
    st.integers(1, 6),
)
def test_cuts_around_the_threshold_give_what_they_say(pairs: list[tuple[float, bool]], missed: int) -> None:
    """From half to twice as many pairs, the threshold itself among them, no more than a curve shows."""
    scores, correct = [score for score, _ in pairs], [right for _, right in pairs]
    gold = sum(correct) + missed
    found = tune_threshold(np.array(scores), np.array(correct), gold)

    if not any(correct):
        assert found.around == ()
        return
    values = [cut.value for cut in found.around]
    assert found.value in values
    assert values == sorted(set(values), reverse=True)
    assert len(values) <= AROUND
    best = sum(score >= found.value for score in scores)
    for cut in found.around:
        extracted = [right for score, right in zip(scores, correct, strict=True) if score >= cut.value]
        assert best / 2 <= len(extracted) <= 2 * best
        assert sum(extracted) / len(extracted) == pytest.approx(cut.precision)
        assert sum(extracted) / gold == pytest.approx(cut.recall)
        assert f1_at(cut.value, scores, correct, gold) == pytest.approx(cut.f1)


def test_precision_and_recall() -> None:
    found = tune_threshold(np.array([5.0, 4.0, 3.0, 1.0, 0.0]), np.array([True, False, True, False, False]), 4)

    assert (2.0, 2 * 2 / 7, 2 / 3, 2 / 4) == (found.value, found.f1, found.precision, found.recall)


def test_equal_scores_are_extracted_together() -> None:
    """A cut after the first of three equal scores would look better than any threshold can be."""
    found = tune_threshold(np.array([1.0, 1.0, 1.0, 0.5]), np.array([True, False, False, False]), 1)

    assert (0.75, 2 * 1 / 4) == (found.value, found.f1)


def test_of_equal_cuts_the_highest_counts() -> None:
    """One pair of one correct, or two of four: of two gold pairs both give an F1 of two thirds."""
    found = tune_threshold(np.array([4.0, 3.0, 2.0, 1.0]), np.array([True, False, False, True]), 2)

    assert (3.5, 2 / 3) == (found.value, found.f1)


def test_nothing_correct() -> None:
    found = tune_threshold(np.array([2.0, 1.0]), np.array([False, False]), 3)

    assert (0.0, 0.0, 0.0, 0.0) == (found.value, found.f1, found.precision, found.recall)


def test_nothing_mined() -> None:
    assert tune_threshold(np.empty(0), np.empty(0, bool), 3).f1 == 0.0


@pytest.mark.parametrize(
    ("scores", "correct", "gold", "message"),
    [
        ([1.0], [False], 0, "0 mined pairs are correct of 0 gold pairs"),
        ([1.0, 2.0], [True, True], 1, "2 mined pairs are correct of 1 gold pairs"),
        ([1.0, np.nan], [True, False], 1, "score 1 is NaN"),
    ],
)
def test_bad_input_is_named(scores: list[float], correct: list[bool], gold: int, message: str) -> None:
    with pytest.raises(UserError, match=message):
        tune_threshold(np.array(scores), np.array(correct), gold)
