"""Differences of rows: gains, a pair's difference under one recipe, and interactions (differences of two gains)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from leaderboard.results import BASELINE_RECIPE
from leaderboard.statistics import PairKind
from leaderboard.stats.design import Design

Indices = npt.NDArray[np.int64]
#: Two arrays of rows by index (pairs,) to their differences (pairs, ...).
Difference = Callable[[Indices, Indices], npt.NDArray[Any]]
_AT_ONCE = 64  # contrasts
Measure = Literal["gain", "contrast", "interaction"]


class Contrast(NamedTuple):
    """One difference of rows.

    ``first`` is (plus, minus), rows by index; ``second``, where there is one, is taken off: for an interaction the gain
    of the text twin. ``of`` is a backbone's name for gains, a pair's otherwise.
    """

    measure: Measure
    of: str
    recipe: str
    first: tuple[int, int]
    second: tuple[int, int] | None = None
    kind: PairKind | None = None


@dataclass(frozen=True)
class Contrasts:
    """Many contrasts at once. ``items`` names them, in order."""

    items: tuple[Contrast, ...]

    def __len__(self) -> int:
        return len(self.items)

    def of(self, values: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """Values of shape (..., rows) to differences of shape (..., contrasts). NaN where a row is absent (NaN)."""
        first, second, double = self.indices
        found: npt.NDArray[Any] = values[..., first[:, 0]] - values[..., first[:, 1]]
        found[..., double] -= values[..., second[:, 0]] - values[..., second[:, 1]]
        return found

    def parts(self) -> Iterator[slice]:
        """Process contrasts in batches that fit the cache."""
        for start in range(0, len(self), _AT_ONCE):
            yield slice(start, min(start + _AT_ONCE, len(self)))

    def apply(self, difference: Difference, part: slice) -> npt.NDArray[Any]:
        """Shape (contrasts of ``part``, ...), from ``difference`` of pairs of rows, (pairs, ...)."""
        first, second, double = self.indices
        found = difference(*first[part].T)
        twice = slice(*np.searchsorted(double, (part.start, part.stop)).tolist())
        if twice.start < twice.stop:
            found[double[twice] - part.start] -= difference(*second[twice].T)
        return found

    def blocks(self, rows: npt.NDArray[Any]) -> Iterator[npt.NDArray[Any]]:
        """Values of shape (rows, ...) to differences of shape (contrasts, ...), part by part."""
        for part in self.parts():
            yield self.apply(lambda plus, minus: rows[plus] - rows[minus], part)

    def squares(self, counted: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
        """The sum of squared coefficients of each contrast's rows, each row as much as it counts (rows,)."""
        first, second, double = self.indices
        found: npt.NDArray[np.float64] = counted[first].sum(axis=1).astype(np.float64)
        found[double] += counted[second].sum(axis=1)
        return found

    def coefficients(self, rows: int) -> npt.NDArray[np.float64]:
        """The weight of every row in every contrast: shape (contrasts, rows)."""
        return np.asarray(self.of(np.eye(rows)).T)

    @cached_property
    def indices(self) -> tuple[Indices, Indices, Indices]:
        """Rows of all first differences, rows of all second ones, and the contrasts that have a second one."""
        first = np.array([one.first for one in self.items], dtype=np.int64).reshape(-1, 2)
        double = [index for index, one in enumerate(self.items) if one.second is not None]
        second = np.array([self.items[index].second for index in double], dtype=np.int64).reshape(-1, 2)
        return first, second, np.array(double, dtype=np.int64)


def contrasts_of(design: Design) -> Contrasts:
    """All contrasts of a design: gains by backbone, then of each pair its differences and its interactions."""
    index = {row: number for number, row in enumerate(design.rows())}
    recipes = [recipe.name for recipe in design.recipes]
    return Contrasts((*_gains(design, index, recipes), *_of_pairs(design, index, recipes)))


def _gains(design: Design, index: dict[tuple[str, str], int], recipes: Sequence[str]) -> Iterator[Contrast]:
    if BASELINE_RECIPE not in recipes:
        return
    for backbone in design.backbones:
        base = index[backbone.name, BASELINE_RECIPE]
        for recipe in recipes:
            if recipe != BASELINE_RECIPE:
                yield Contrast("gain", backbone.name, recipe, (index[backbone.name, recipe], base))


def _of_pairs(design: Design, index: dict[tuple[str, str], int], recipes: Sequence[str]) -> Iterator[Contrast]:
    for pair in design.pairs():
        code, text = ({name: index[side, name] for name in recipes} for side in (pair.code, pair.text))
        for recipe in sorted(recipes, key=lambda name: name != BASELINE_RECIPE):
            yield Contrast("contrast", pair.name, recipe, (code[recipe], text[recipe]), kind=pair.kind)
        if BASELINE_RECIPE in recipes:
            for recipe in recipes:
                if recipe != BASELINE_RECIPE:
                    first, second = (code[recipe], code[BASELINE_RECIPE]), (text[recipe], text[BASELINE_RECIPE])
                    yield Contrast("interaction", pair.name, recipe, first, second, pair.kind)
