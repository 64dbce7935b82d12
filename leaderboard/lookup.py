"""The statistics of a board by row, pair and column; everything is absent where there are no statistics."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, NamedTuple, TypeVar

from leaderboard.scores import Board, Line
from leaderboard.statistics import (
    Best,
    Columns,
    Effect,
    Estimate,
    LanguageStatistics,
    PairStatistics,
    RankedRow,
    Ranking,
    Statistics,
)

T = TypeVar("T")


def interval_name(confidence: float) -> str:
    """``95% interval``, ``99.5% interval``."""
    return f"{100 * confidence:.6g}% interval"


class Place(NamedTuple):
    """A column of the board: the average, a group's mean, or a target."""

    kind: Literal["average", "group", "target"]
    name: str = ""

    @property
    def key(self) -> str:
        """Its name in exports."""
        return "average" if self.kind == "average" else f"group.{self.name}" if self.kind == "group" else self.name


AVERAGE = Place("average")


def places(board: Board) -> tuple[Place, ...]:
    """The columns in the order of the pages: the average, then each group's mean followed by its targets."""
    found = [AVERAGE]
    for group, members in board.groups.items():
        found += [Place("group", group), *(Place("target", target.name) for target in members)]
    return tuple(found)


def of_line(line: Line[T], place: Place) -> T:
    """A line's value in a column."""
    if place.kind == "average":
        return line.average
    return line.groups[place.name] if place.kind == "group" else line.targets[place.name]


def of_columns(columns: Columns[T] | None, place: Place) -> T | None:
    """A statistic's value in a column, or None."""
    if columns is None:
        return None
    if place.kind == "average":
        return columns.average
    return (columns.groups if place.kind == "group" else columns.targets).get(place.name)


@dataclass(frozen=True, kw_only=True)
class Lookup:
    """An index of the statistics."""

    statistics: Statistics | None
    languages: LanguageStatistics | None
    scores: Mapping[tuple[str, str], Columns[Estimate]]
    gains: Mapping[tuple[str, str], Columns[Effect]]
    own: Mapping[tuple[str, str], tuple[str, ...]]
    ranks: Mapping[Place, Mapping[tuple[str, str], RankedRow]]

    @property
    def interval(self) -> str:
        """Return the name of the statistics' intervals, by their level: ``95% interval``."""
        return interval_name(self.statistics.method.confidence) if self.statistics else "interval"

    @property
    def pairs(self) -> tuple[PairStatistics, ...]:
        return self.statistics.pairs if self.statistics else ()

    @property
    def best(self) -> tuple[Best, ...]:
        return self.statistics.best if self.statistics else ()

    def estimate(self, backbone: str, recipe: str, place: Place) -> Estimate | None:
        """A score with its interval."""
        return of_columns(self.scores.get((backbone, recipe)), place)

    def gain(self, backbone: str, recipe: str, place: Place) -> Effect | None:
        """A recipe minus ``none``."""
        return of_columns(self.gains.get((backbone, recipe)), place)

    def ranking(self, place: Place) -> Ranking | None:
        """The complete rows of a column, best first."""
        return of_columns(self.statistics.ranks, place) if self.statistics else None


def lookup(statistics: Statistics | None, languages: LanguageStatistics | None, board: Board) -> Lookup:
    """Index the statistics of a board."""
    if statistics is None:
        return Lookup(statistics=None, languages=None, scores={}, gains={}, own={}, ranks={})
    ranks: dict[Place, dict[tuple[str, str], RankedRow]] = {}
    for place in places(board):
        ranking = of_columns(statistics.ranks, place)
        ranks[place] = {(row.backbone, row.recipe): row for row in ranking.rows} if ranking else {}
    return Lookup(
        statistics=statistics,
        languages=languages,
        scores={(row.backbone, row.recipe): row.scores for row in statistics.rows},
        gains={(row.backbone, row.recipe): row.effects for row in statistics.gains},
        own={(row.backbone, row.recipe): row.own_training_data for row in statistics.gains},
        ranks=ranks,
    )
