"""One table cell: a number with its marks, or a dash with its cause."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from leaderboard.pages.gaps import GapNotes
from leaderboard.pairs import Difference
from leaderboard.scores import AT_BASELINE, Score
from leaderboard.words import DASH, no_mean, points, signed

OWN_DATA = "own-training-data"
ORACLE_THRESHOLD = "oracle-threshold"
GAPS_HREF = "#gaps"


@dataclass(frozen=True, kw_only=True)
class Mark:
    """A symbol behind a number, its meaning in a few words, and in full for the legend."""

    symbol: str
    short: str
    text: str


OWN_DATA_MARK = Mark(
    symbol="†",
    short="own training data",
    text="Own training data: the recipe's intermediate training includes the rows that the target is later fine-tuned "
    "on. Its gain comes from more training on the target, not from transfer from another task.",
)
ORACLE_MARK = Mark(
    symbol="¶",
    short="oracle threshold",
    text="Oracle threshold: no sample is available, so the threshold was tuned on the scored pairs. The number is "
    "the best score of any threshold and cannot be compared with others.",
)
UNKNOWN_MARK = Mark(
    symbol="‡",
    short="over a fifth unknown",
    text="Over a fifth of the text's pieces are unknown to the tokenizer: the backbone can hardly read this language.",
)
BASELINE_MARK = Mark(
    symbol="§",
    short="not above chance",
    text="Not above the baseline of that language (of a target: of any of its languages), or not "
    "significantly above it (at the 5% level, for as many independent units): no evidence of learning or transfer.",
)


_MARKS = {OWN_DATA: OWN_DATA_MARK, ORACLE_THRESHOLD: ORACLE_MARK, AT_BASELINE: BASELINE_MARK}


def other_mark(name: str) -> Mark:
    """A mark that this version has no sentence for is shown by its name."""
    return Mark(symbol="*", short=name, text=f"Marked “{name}” by the scorer.")


def marks_of(score: Score) -> tuple[Mark, ...]:
    """The marks of a number: those of a target's results, and of a mean that holds an oracle's number that it does."""
    marks = tuple(_MARKS.get(mark) or other_mark(mark) for mark in score.marks)
    return marks if score.member == "seed" else tuple(mark for mark in marks if mark is ORACLE_MARK)


def legend(marks: Iterable[Mark]) -> tuple[Mark, ...]:
    """Each mark of a page once, in the order of the pages."""
    order = (OWN_DATA_MARK, ORACLE_MARK, UNKNOWN_MARK, BASELINE_MARK)
    seen = dict.fromkeys(marks)
    others = sorted((mark for mark in seen if mark not in order), key=lambda mark: mark.text)
    return (*(mark for mark in order if mark in seen), *others)


@dataclass(frozen=True, kw_only=True)
class Cell:
    """The contents of a table cell.

    Attributes:
        text: the number or the dash.
        css: classes, space-separated: ``gap``, ``first`` (a rule to its left), ``mean``, ``plus``, ``minus``.
        title: tooltip; the cause of a gap.
        href: where the number leads, or empty. The dash of a mean leads to the page's list of gaps.
        small: set small behind the number: a spread, or how many of how many members are there.
        marks: symbols behind the number.
        notes: numbers of the gap notes that explain a dash.
    """

    text: str
    css: str = ""
    title: str = ""
    href: str = ""
    small: str = ""
    marks: tuple[Mark, ...] = ()
    notes: tuple[int, ...] = ()


def score_cell(score: Score, gaps: GapNotes, *, css: str = "", href: str = "") -> Cell:
    """A mean in points with its spread, or a dash with how many members there are and why."""
    if score.value is None:
        counted = "" if score.expected == 1 else f"{score.present}/{score.expected}"
        notes = gaps.numbers(score.missing) if score.member == "seed" else ()
        gaps_href = "" if notes else GAPS_HREF
        return Cell(text=DASH, css=_gap(css), title=no_mean(score), href=gaps_href, small=counted, notes=notes)
    return Cell(text=points(score.value), css=css, href=href, small=spread_text(score.spread), marks=marks_of(score))


def difference_cell(difference: Difference | None, *, css: str = "") -> Cell:
    """A signed difference in points, or a dash that says which side is missing; None is an empty cell."""
    if difference is None:
        return Cell(text="", css=css)
    if difference.value is None:
        left, right = difference.left, difference.right
        lost = " ".join(no_mean(side) for side in (left, right) if side.value is None)
        return Cell(text=DASH, css=_gap(css), title=f"No difference. {lost}", href=GAPS_HREF)
    text = signed(difference.value)
    sign = "plus" if text.startswith("+") else "minus" if text != "0.0" else ""
    return Cell(text=text, css=f"{css} {sign}".strip())


def _gap(css: str) -> str:
    return f"gap {css}".strip()


def spread_text(spread: float | None) -> str:
    """A standard deviation over seeds, or nothing."""
    return "" if spread is None else f"sd {points(spread)}"
