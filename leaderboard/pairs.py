"""Matched pairs: ``+code`` minus ``+text`` under each recipe, and each side's gain over recipe ``none``.

Plain differences of fractions, without interval: whether one is more than chance is not for this module to say.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from leaderboard.results import BASELINE_RECIPE, BackboneInfo, RecipeInfo
from leaderboard.scores import Board, Line, Row, Score


@dataclass(frozen=True, kw_only=True)
class Difference:
    """``left`` minus ``right``. ``value`` is None unless both are there."""

    left: Score
    right: Score

    @property
    def value(self) -> float | None:
        if self.left.value is None or self.right.value is None:
            return None
        return self.left.value - self.right.value


@dataclass(frozen=True, kw_only=True)
class PairRow:
    """One recipe of a matched pair. Gains are None for recipe ``none``, and where the suite does not have it."""

    recipe: RecipeInfo
    code: Line[Score]
    text: Line[Score]
    difference: Line[Difference]
    code_gain: Line[Difference] | None
    text_gain: Line[Difference] | None


@dataclass(frozen=True, kw_only=True)
class MatchedPair:
    """A matched pair of which both sides are in the suite."""

    name: str
    code: BackboneInfo
    text: BackboneInfo
    rows: tuple[PairRow, ...]


def subtract(left: Line[Score], right: Line[Score]) -> Line[Difference]:
    """``left`` minus ``right``, column by column."""
    return Line(
        average=Difference(left=left.average, right=right.average),
        groups={name: Difference(left=left.groups[name], right=right.groups[name]) for name in left.groups},
        targets={name: Difference(left=left.targets[name], right=right.targets[name]) for name in left.targets},
    )


def matched_pairs(board: Board) -> tuple[MatchedPair, ...]:
    """The pairs of a board, by first appearance. A pair of which the suite has one side only is left out."""
    sides: dict[str, dict[str, BackboneInfo]] = {}
    for backbone in board.suite.backbones:
        if backbone.pair:
            sides.setdefault(backbone.pair.name, {})[backbone.pair.side] = backbone
    rows = {(row.backbone.name, row.recipe.name): row for row in board.rows}
    return tuple(
        MatchedPair(name=name, code=pair["code"], text=pair["text"], rows=_rows(board, rows, pair))
        for name, pair in sides.items()
        if len(pair) == len(("code", "text"))
    )


def _rows(board: Board, rows: Mapping[tuple[str, str], Row], pair: Mapping[str, BackboneInfo]) -> tuple[PairRow, ...]:
    code_none, text_none = (rows.get((pair[side].name, BASELINE_RECIPE)) for side in ("code", "text"))
    found = []
    for recipe in board.suite.recipes:
        code, text = (rows[pair[side].name, recipe.name].scores for side in ("code", "text"))
        base = recipe.name == BASELINE_RECIPE
        found.append(
            PairRow(
                recipe=recipe,
                code=code,
                text=text,
                difference=subtract(code, text),
                code_gain=None if base or code_none is None else subtract(code, code_none.scores),
                text_gain=None if base or text_none is None else subtract(text, text_none.scores),
            )
        )
    return tuple(found)
