"""The answer that each pair gives, as one sentence that its interval hedges."""

from __future__ import annotations

from collections.abc import Sequence

from leaderboard.effects import NOT_MATCHED, ComparedPair, contrast_effect, interaction_effect
from leaderboard.lookup import AVERAGE, Place
from leaderboard.pairs import NO_INTERMEDIATE
from leaderboard.statistics import Effect
from leaderboard.words import isolated, plural, points, signed

ITEMS_ONLY = "of test items only: each side was trained once, so chance in training is not in it"

_CORRECTED = "after correction for how many are tested"


def finding(pair: ComparedPair, recipes: Sequence[str], targets: Sequence[str], interval: str) -> str:
    """One sentence: what code did on average without an intermediate task, and what it did to the recipes' gains.

    Every number comes from the statistics; a pair without them has no sentence here. ``interval`` is what theirs are
    called.
    """
    code, text = isolated(pair.code.name), isolated(pair.text.name)
    opening = f"Without an intermediate task, {_average(pair, code, text, len(targets), interval)}"
    caution = "" if pair.kind == "matched" else f" (the two are {NOT_MATCHED}: more than code differs between them)"
    return f"{opening}{caution}; {_interactions(pair, recipes, targets)}."


def _average(pair: ComparedPair, code: str, text: str, targets: int, interval: str) -> str:
    effect = contrast_effect(pair, NO_INTERMEDIATE, AVERAGE)
    if effect is None:
        return f"{code} and {text} cannot be compared on average, because scores are missing"
    over = f"on average over {plural(targets, 'target')}"
    number = f"{signed(effect.value)} points{interval_words(effect, interval)}"
    if effect.decision == "significant":
        word = "more" if effect.value > 0 else "less"
        return f"{code} scores {word} than {text} {over}: {number}"
    if effect.decision == "not-detected":
        return (
            f"no difference between {code} and {text} is detectable {over}: code minus text is {number}{_reach(effect)}"
        )
    return f"{code} minus {text} is {number} {over}, which is not tested"


def interval_words(effect: Effect, interval: str, *, kind: bool = True) -> str:
    """The interval in brackets, called by its name, with what it allows for unless that is said elsewhere."""
    if effect.low is None or effect.high is None:
        return f" (no interval: {effect.why or 'none can be drawn'})"
    said = f", {ITEMS_ONLY}" if kind and effect.kind == "items" else ""
    return f" ({interval} {signed(effect.low)} to {signed(effect.high)}{said})"


def _reach(effect: Effect) -> str:
    if effect.low is None or effect.high is None:
        return ""
    return (
        f", so an effect of up to {points(max(abs(effect.low), abs(effect.high)))} points either way is not ruled out"
    )


def _interactions(pair: ComparedPair, recipes: Sequence[str], targets: Sequence[str]) -> str:
    found = [
        effect
        for recipe in recipes
        if recipe != NO_INTERMEDIATE
        for target in targets
        if (effect := interaction_effect(pair, recipe, Place("target", target))) is not None
    ]
    tested = [effect for effect in found if effect.decision != "untested"]
    if not tested:
        return "whether intermediate tasks bring one of them more is not tested"
    more = sum(effect.decision == "significant" and effect.value > 0 for effect in tested)
    less = sum(effect.decision == "significant" and effect.value < 0 for effect in tested)
    cells = f"{plural(len(tested), 'combination')} of intermediate training and target"
    if not more and not less:
        return f"in none of {cells} does the training detectably bring more, or less, with code ({_CORRECTED})"
    return (
        f"of {cells}, the training detectably brings more with code in {more} and less with code in {less} "
        f"({_CORRECTED})"
    )
