"""The answer that each pair gives, as one sentence that its interval hedges."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from leaderboard.effects import NOT_MATCHED, ComparedPair, contrast_effect, interaction_effect
from leaderboard.lookup import AVERAGE, Place
from leaderboard.results import BASELINE_RECIPE
from leaderboard.statistics import Effect
from leaderboard.words import isolated, plural, points, signed

ITEMS_ONLY = "over test items only: each row was trained once, so they do not cover variation between training runs"

_CORRECTED = "after correction for multiple tests"


def finding(pair: ComparedPair, recipes: Sequence[str], targets: Sequence[str], interval: str) -> str:
    """Describe, in one sentence, the effect of code without an intermediate task and on the recipes' gains.

    Every number comes from the statistics; a pair without them has no sentence here. ``interval`` is the name of
    their intervals.
    """
    code, text = isolated(pair.code.name), isolated(pair.text.name)
    opening = f"Without an intermediate task, {_average(pair, code, text, len(targets), interval)}"
    caution = "" if pair.kind == "matched" else f" (the two are {NOT_MATCHED}: they differ in more than code)"
    once = f" Intervals and tests are {ITEMS_ONLY}." if _trained_once(pair) else ""
    return f"{opening}{caution}; {_interactions(pair, recipes, targets)}.{once}"


def _trained_once(pair: ComparedPair) -> bool:
    """Return whether some statistics of the pair omit the variation between training runs."""
    assert pair.statistics is not None
    columns = [one.effects for one in (*pair.statistics.contrasts, *pair.statistics.interactions)]
    effects = [effect for one in columns for effect in (one.average, *one.targets.values()) if effect is not None]
    return any(effect.kind == "items" for effect in effects)


def _average(pair: ComparedPair, code: str, text: str, targets: int, interval: str) -> str:
    effect = contrast_effect(pair, BASELINE_RECIPE, AVERAGE)
    if effect is None:
        return f"{code} and {text} cannot be compared on average, because scores are missing"
    over = f"on average over {plural(targets, 'target')}"
    number = f"{signed(effect.value)} points{interval_words(effect, interval)}"
    if effect.decision == "significant":
        word = "higher" if effect.value > 0 else "lower"
        return f"{code} scores {word} than {text} {over}: {number}"
    if effect.decision == "not-detected":
        return (
            f"no difference between {code} and {text} is detectable {over}: code minus text is {number}{_reach(effect)}"
        )
    return f"{code} minus {text} is {number} {over}, which is not tested"


def interval_words(effect: Effect, interval: str) -> str:
    """The interval in brackets, called by its name."""
    if effect.low is None or effect.high is None:
        return f" (no interval: {effect.why or 'none can be drawn'})"
    return f" ({interval} {signed(effect.low)} to {signed(effect.high)})"


def _reach(effect: Effect) -> str:
    if effect.low is None or effect.high is None:
        return ""
    if not effect.low < 0 < effect.high:
        return f", so an effect of {points(max(abs(effect.low), abs(effect.high)))} points is not ruled out"
    return (
        f", so neither a loss of {points(-effect.low)} points nor a gain of {points(effect.high)} points is ruled out"
    )


def _interactions(pair: ComparedPair, recipes: Sequence[str], targets: Sequence[str]) -> str:
    trained = [recipe for recipe in recipes if recipe != BASELINE_RECIPE]
    averages = _tested(interaction_effect(pair, recipe, AVERAGE) for recipe in trained)
    cells = _tested(
        interaction_effect(pair, recipe, Place("target", target)) for recipe in trained for target in targets
    )
    counted = []
    if averages:
        counted.append(f"{_counted(averages, 'recipe')} on average")
    if cells:
        counted.append(f"{_counted(cells, 'combination')} of recipe and target")
    if not counted:
        return "whether intermediate tasks help one of them more is not tested"
    return f"with code, the gain from intermediate training is significantly {', and '.join(counted)} ({_CORRECTED})"


def _tested(effects: Iterable[Effect | None]) -> list[Effect]:
    return [effect for effect in effects if effect is not None and effect.decision != "untested"]


def _counted(effects: Sequence[Effect], noun: str) -> str:
    more = sum(effect.decision == "significant" and effect.value > 0 for effect in effects)
    less = sum(effect.decision == "significant" and effect.value < 0 for effect in effects)
    return f"larger in {more or 'none'} and smaller in {less or 'none'} of {plural(len(effects), noun)}"
