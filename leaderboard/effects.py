"""Gains of recipes and differences of pairs, joined with their statistics."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from leaderboard.lookup import Lookup, Place, of_columns, of_line
from leaderboard.pairs import Difference, MatchedPair
from leaderboard.results import BASELINE_RECIPE, BackboneInfo
from leaderboard.scores import Board, Row, Score
from leaderboard.statistics import Effect, PairStatistics

NOT_MATCHED = "not compute-matched"


@dataclass(frozen=True, kw_only=True)
class ComparedPair:
    """A code backbone against a text one. ``statistics`` is None where there are none."""

    name: str
    kind: Literal["matched", "public"]
    code: BackboneInfo
    text: BackboneInfo
    statistics: PairStatistics | None

    @property
    def title(self) -> str:
        words = "matched pair" if self.kind == "matched" else f"public pair, {NOT_MATCHED}"
        return f"{self.code.name} against {self.text.name} ({words})"


def rows_by_name(board: Board) -> Mapping[tuple[str, str], Row]:
    """Rows by backbone and recipe."""
    return {(row.backbone.name, row.recipe.name): row for row in board.rows}


def compared_pairs(board: Board, matched: tuple[MatchedPair, ...], lookup: Lookup) -> tuple[ComparedPair, ...]:
    """All pairs: the statistics' own, then those matched ones that they do not know."""
    infos = {backbone.name: backbone for backbone in board.suite.backbones}
    found = [
        ComparedPair(name=pair.name, kind=pair.kind, code=infos[pair.code], text=infos[pair.text], statistics=pair)
        for pair in lookup.pairs
        if pair.code in infos and pair.text in infos
    ]
    known = {pair.name for pair in found}
    found += [
        ComparedPair(name=pair.name, kind="matched", code=pair.code, text=pair.text, statistics=None)
        for pair in matched
        if pair.name not in known
    ]
    return tuple(found)


def difference(
    rows: Mapping[tuple[str, str], Row], left: tuple[str, str], right: tuple[str, str], place: Place
) -> Difference:
    """One row minus another, in a column."""
    return Difference(left=of_line(rows[left].scores, place), right=of_line(rows[right].scores, place))


def contrast_effect(pair: ComparedPair, recipe: str, place: Place) -> Effect | None:
    """Code minus text under a recipe, as the statistics have it."""
    if pair.statistics is None:
        return None
    return next((of_columns(one.effects, place) for one in pair.statistics.contrasts if one.recipe == recipe), None)


def interaction_effect(pair: ComparedPair, recipe: str, place: Place) -> Effect | None:
    """Gain of code minus gain of text, as the statistics have it."""
    if pair.statistics is None:
        return None
    return next((of_columns(one.effects, place) for one in pair.statistics.interactions if one.recipe == recipe), None)


def interaction(
    rows: Mapping[tuple[str, str], Row], pair: ComparedPair, recipe: str, place: Place
) -> tuple[float | None, tuple[Score, ...]]:
    """Gain of code minus gain of text over recipe ``none``, and the scores that it lacks."""
    scores = [
        of_line(rows[backbone, name].scores, place)
        for backbone in (pair.code.name, pair.text.name)
        for name in (recipe, BASELINE_RECIPE)
    ]
    lost = tuple(score for score in scores if score.value is None)
    values = [score.value for score in scores if score.value is not None]
    if lost:
        return None, lost
    code, code_none, text, text_none = values
    return (code - code_none) - (text - text_none), ()
