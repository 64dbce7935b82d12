"""Columns shared by the tables of scores and of differences."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

from leaderboard.effects import ComparedPair, interaction, interaction_effect
from leaderboard.findings import ITEMS_ONLY
from leaderboard.lookup import Place, of_line, places
from leaderboard.names import task_page
from leaderboard.pages.cells import marks_of
from leaderboard.pages.frame import Site
from leaderboard.pairs import Difference
from leaderboard.scores import GROUPS, Board, Row
from leaderboard.statistics import Effect
from leaderboard.tables.value import Column, Field
from leaderboard.words import no_mean

NOT_DETECTED = "\N{WHITE CIRCLE}"
#: Stars by corrected p-value, the strictest first.
_STARS = ((0.001, "***"), (0.01, "**"), (1.0, "*"))
STAR_NOTE = (
    "* significant after correction within its family of tests (* at the level of the tests, ** p < 0.01, *** "
    f"p < 0.001 after correction); {NOT_DETECTED} no detectable difference; neither: not tested."
)
WITHOUT_STATISTICS = (
    "The results folder has no statistics: differences have no intervals, and their significance is not tested."
)


def board_columns(
    board: Board, *, kind: Literal["points", "difference"] = "points", average: str = "Average"
) -> tuple[Column, ...]:
    """Average, then each group's mean followed by its targets."""
    columns = [Column(key="average", title=average, kind=kind)]
    for group, members in board.groups.items():
        columns.append(Column(key=f"group.{group}", title="Mean", kind=kind, group=GROUPS[group]))
        columns += [
            Column(key=target.name, title=target.title, kind=kind, group=GROUPS[group], href=task_page(target.name))
            for target in members
        ]
    return tuple(columns)


def group_keys(board: Board) -> frozenset[str]:
    """Keys of the columns that begin a group."""
    return frozenset(f"group.{group}" for group in board.groups)


def mean_keys(board: Board) -> frozenset[str]:
    """Keys of the columns that are means over targets."""
    return group_keys(board) | {"average"}


def score_fields(site: Site, row: Row) -> tuple[Field, ...]:
    """A row's scores in the order of :func:`board_columns`, with intervals where there are statistics."""
    return tuple(score_field(site, row, place) for place in places(site.board))


def score_field(site: Site, row: Row, place: Place) -> Field:
    """One score, or the reason that there is none."""
    score = of_line(row.scores, place)
    if score.value is None:
        return Field(value=None, missing=no_mean(score))
    mark = "".join(mark.symbol for mark in marks_of(score))
    estimate = site.lookup.estimate(row.backbone.name, row.recipe.name, place)
    if estimate is None or estimate.low is None:
        return Field(value=score.value, mark=mark, sd=score.spread)
    return Field(value=score.value, mark=mark, low=estimate.low, high=estimate.high)


def effect_field(difference: Difference, effect: Effect | None, *, mark: str = "") -> Field:
    """One difference with its interval and stars, plain where there are no statistics of it."""
    if difference.value is None:
        lost = " ".join(dict.fromkeys(no_mean(side) for side in (difference.left, difference.right)
                                      if side.value is None))  # fmt: skip
        return Field(value=None, missing=f"No difference. {lost}")
    return with_effect(difference.value, effect, mark=mark)


def with_effect(value: float, effect: Effect | None, *, mark: str = "") -> Field:
    """Return a difference with its statistics."""
    if effect is None:
        return Field(value=value, mark=mark)
    return Field(value=effect.value, low=effect.low, high=effect.high, mark=stars(effect) + mark)


def interaction_field(
    rows: Mapping[tuple[str, str], Row], pair: ComparedPair, recipe: str, place: Place, *, mark: str = ""
) -> Field:
    """Return the effect of code on the gain of a recipe, with its interval and stars."""
    value, lost = interaction(rows, pair, recipe, place)
    if value is None:
        return Field(value=None, missing="No difference. " + " ".join(dict.fromkeys(map(no_mean, lost))))
    return with_effect(value, interaction_effect(pair, recipe, place), mark=mark)


def stars(effect: Effect) -> str:
    """Significance after correction, as a mark."""
    if effect.decision == "not-detected":
        return NOT_DETECTED
    if effect.decision == "untested":
        return ""
    adjusted = effect.adjusted if effect.adjusted is not None else 1.0
    return next((star for level, star in _STARS if adjusted < level), "*")


def interval_notes(site: Site, names: Sequence[str]) -> tuple[str, ...]:
    """Return notes on the limits of the targets' intervals and tests; for one target, in full."""
    if site.lookup.statistics is None:
        return ()
    method = site.lookup.statistics.method
    notes = (f"Intervals and tests are {ITEMS_ONLY}.",) if method.kind == "items" else ()
    cautions = {name: target.caution for name, target in method.targets.items()}
    rough = [target.title for target in site.board.suite.targets if target.name in names and cautions.get(target.name)]
    if not rough:
        return notes
    if len(names) == 1:
        return (*notes, cautions[names[0]])
    said = (
        f"Intervals and tests of {', '.join(rough)}, and of means over them, are approximate: some of their "
        "languages have few informative test items. The page of each target says which."
    )
    return (*notes, said)


def all_targets(site: Site) -> tuple[str, ...]:
    """The names of the board's targets."""
    return tuple(target.name for target in site.board.suite.targets)


def mark_notes(fields: Sequence[Sequence[Field]], texts: dict[str, str]) -> tuple[str, ...]:
    """The sentences of those marks that stand in a table."""
    there = {char for row in fields for field in row for char in field.mark}
    return tuple(f"{symbol} {text}" for symbol, text in texts.items() if symbol in there)
