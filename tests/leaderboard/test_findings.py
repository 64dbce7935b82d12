"""The sentence of a pair says no more than its interval does."""

from __future__ import annotations

from typing import Any, Literal

import pytest

from leaderboard.effects import ComparedPair
from leaderboard.findings import finding
from leaderboard.results import BackboneInfo
from leaderboard.statistics import Columns, Effect, PairStatistics, RecipeEffects


def made(value: float, **more: Any) -> Effect:
    return Effect(value=value, low=value - 0.02, high=value + 0.02, **more)


def sentence(contrast: Effect | None, cell: Effect, kind: Literal["matched", "public"] = "matched") -> str:
    statistics = PairStatistics(
        name="p",
        kind=kind,
        code="c",
        text="t",
        contrasts=(RecipeEffects(recipe="none", effects=Columns[Effect](average=contrast)),),
        interactions=(RecipeEffects(recipe="mnli", effects=Columns[Effect](targets={"xnli": cell})),),
    )
    code, text = (BackboneInfo.model_construct(name=name) for name in ("c", "t"))
    pair = ComparedPair(name="p", kind=kind, code=code, text=text, statistics=statistics)
    return finding(pair, ["none", "mnli"], ["xnli"], "95% interval")


UNSURE = made(0.01, decision="not-detected", kind="items+seeds")


@pytest.mark.parametrize(("value", "word"), [(0.05, "higher"), (-0.05, "lower")])
def test_a_significant_difference_has_a_direction(value: float, word: str) -> None:
    text = sentence(made(value, decision="significant", kind="items+seeds"), UNSURE)
    assert f"scores {word} than" in text
    assert "test items only" not in text


def test_one_that_is_not_detected_has_none_and_tells_its_reach() -> None:
    text = sentence(UNSURE, UNSURE)
    assert "no difference between" in text
    assert "so neither a loss of 1.0 points nor a gain of 3.0 points is ruled out" in text
    assert "larger in none and smaller in none of 1 combination of recipe and target" in text
    assert "scores more" not in text


def test_one_seed_claims_nothing_about_training() -> None:
    assert "over test items only: each row was trained once" in sentence(made(0.05, decision="significant"), UNSURE)


def test_a_public_pair_is_always_marked() -> None:
    assert "not compute-matched" in sentence(UNSURE, UNSURE, "public")
    assert "not compute-matched" not in sentence(UNSURE, UNSURE)


def test_untested_and_missing() -> None:
    assert "which is not tested" in sentence(made(0.05), made(0.05))
    assert "is not tested." in sentence(made(0.05), made(0.05))
    assert "cannot be compared on average" in sentence(None, UNSURE)


def test_interactions_are_counted_by_sign() -> None:
    assert "larger in 1 and smaller in none of 1" in sentence(UNSURE, made(0.05, decision="significant"))
    assert "larger in none and smaller in 1 of 1" in sentence(UNSURE, made(-0.05, decision="significant"))
