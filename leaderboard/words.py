"""Numbers and causes as a reader sees them: on the pages and in the terminal alike."""

from __future__ import annotations

import re
from collections.abc import Sequence

from leaderboard.pairs import MatchedPair
from leaderboard.scores import Missing, Score

DASH = "\N{EN DASH}"
MINUS = "\N{MINUS SIGN}"
ISOLATE = "\N{FIRST STRONG ISOLATE}"
END_ISOLATE = "\N{POP DIRECTIONAL ISOLATE}"
OUTCOMES = {"failed": "Failed", "blocked": "Blocked", "not-run": "Not run", "absent": "Absent"}
WITHOUT_INTERVAL = "These are differences in points without intervals; their significance is not tested."


def points(value: float) -> str:
    """A fraction as points with one decimal: 0.4123 is ``41.2``."""
    return f"{value * 100:.1f}"


def signed(value: float) -> str:
    """Format a difference of fractions as points with its sign, or without one if it rounds to zero."""
    text = points(abs(value))
    if text == "0.0":
        return text
    return f"+{text}" if value > 0 else f"{MINUS}{text}"


def percent(value: float) -> str:
    """A share as a percentage with one decimal."""
    return f"{value * 100:.1f}\N{NO-BREAK SPACE}%"


def metric_words(name: str) -> str:
    """A metric's name as a heading that can be broken into lines: ``exact_match`` is ``exact match``.

    Versions keep their points: ``f1_seqeval_1_2_2`` is ``f1 seqeval 1.2.2``.
    """
    return re.sub(r"(?<=\d)_(?=\d)", ".", name).replace("_", " ")


def isolated(name: str) -> str:
    """A name inside a sentence: its direction of writing does not reach the words around it."""
    return f"{ISOLATE}{name}{END_ISOLATE}"


def plural(number: int, noun: str) -> str:
    """``1 target``, ``2 targets``."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def cause(missing: Missing) -> str:
    """Why a cell has no result, as a sentence."""
    reason = missing.reason if missing.reason.endswith((".", "!", "?")) else f"{missing.reason}."
    if missing.outcome == "absent":
        return f"{OUTCOMES[missing.outcome]}: {reason}"
    if missing.outcome == "not-run":
        return f"{OUTCOMES[missing.outcome]} ({missing.failure}): {reason}"
    return f"{OUTCOMES[missing.outcome]} at stage {missing.stage} ({missing.failure}): {reason}"


def no_mean(score: Score) -> str:
    """Why a score has no value: how many of how many are there, and which are not."""
    if score.expected == 1 and score.missing:
        return cause(score.missing[0])
    if score.member == "seed":
        lost = "; ".join(f"seed {missing.cell.seed}: {cause(missing)}" for missing in score.missing)
        return f"{score.present} of {score.expected} seeds have a score. {lost}"
    lost = ", ".join(dict.fromkeys(missing.cell.target for missing in score.missing))
    return f"No mean: {score.present} of {plural(score.expected, 'target')} have a score. Without one: {lost}."


def pair_sentences(pair: MatchedPair, targets: int) -> tuple[str, ...]:
    """The answer a matched pair gives, in plain sentences: its first recipe, then all of them counted."""
    first = pair.rows[0]
    code, text = first.code.average.value, first.text.average.value
    recipe = isolated(first.recipe.name)
    if code is None or text is None:
        opening = f"With recipe {recipe} there is no average to compare: not all targets have a score."
    else:
        opening = (
            f"With recipe {recipe}, {isolated(pair.code.name)} averages {points(code)} and "
            f"{isolated(pair.text.name)} {points(text)} over {plural(targets, 'target')}: code minus text is "
            f"{signed(code - text)} points."
        )
    return (opening, *_count([row.difference.average.value for row in pair.rows]))


def _count(differences: Sequence[float | None]) -> tuple[str, ...]:
    if len(differences) == 1:
        return ()
    shown = [signed(value) for value in differences if value is not None]
    ahead = sum(text.startswith("+") for text in shown)
    behind = sum(text.startswith(MINUS) for text in shown)
    lost = len(differences) - len(shown)
    tail = f"; for {lost} there is no difference, because scores are missing" if lost else ""
    level = len(shown) - ahead - behind
    sentence = (
        f"Of {plural(len(differences), 'recipe')}, code is ahead of text on average in {ahead}, behind in {behind} "
        f"and level to a tenth of a point in {level}{tail}."
    )
    return (sentence,)
