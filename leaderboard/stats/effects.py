"""Scores and differences of all columns as estimates and effects, the tests corrected family by family."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from leaderboard.results import BASELINE_RECIPE
from leaderboard.statistics import Decision, Effect, Estimate, Family, Kind
from leaderboard.stats.columns import Column
from leaderboard.stats.contrasts import Contrast, Contrasts
from leaderboard.stats.counts import Floats
from leaderboard.stats.settings import Settings
from leaderboard.stats.testing import Tested, benjamini_hochberg, guarded, holm, t_intervals

ALL_ALIKE = "Every unit counts the same, so nothing can be said about other items."
NO_DIFFERENCE = "The two sides count the same on every unit."
_LEVELS = {"average": "the average", "groups": "groups", "targets": "targets", "languages": "single languages"}


class Place(NamedTuple):
    """A column: its level (``average``, ``groups``, ``targets``, ``languages``), its name, and its language."""

    level: str
    name: str = ""
    language: str = ""


@dataclass(frozen=True, kw_only=True)
class Judged:
    """One column with its intervals and p-values; ``differences`` are the contrasts' values."""

    column: Column
    values: Floats
    found: Tested
    p: Floats  # of contrasts
    kind: Kind


def judge(column: Column, contrasts: Contrasts, settings: Settings) -> Judged:
    """Intervals and tests of one column."""
    number = column.per_seed.shape[1]
    values = np.concatenate([column.values, contrasts.of(column.values)])
    squares = np.concatenate([column.shares, contrasts.squares(column.shares)])
    seeds = column.seeds()
    found = t_intervals(
        values,
        column.variance,
        column.df,
        seeds=seeds,
        squares=squares,
        number=number,
        confidence=settings.confidence,
    )
    p = guarded(found.p[len(column.per_seed) :], column, flips=settings.flips, seed=settings.seed)
    return Judged(column=column, values=values, found=found, p=p, kind="items+seeds" if number > 1 else "items")


def estimate(judged: Judged, row: int) -> Estimate | None:
    """A row's score; None where the row is absent."""
    value, se = float(judged.values[row]), float(judged.found.se[row])
    if not math.isfinite(value):
        return None
    if se == 0:
        return Estimate(value=rounded(value), kind=judged.kind, why=ALL_ALIKE)
    return Estimate(
        value=rounded(value),
        se=rounded(se),
        low=rounded(max(0.0, float(judged.found.low[row]))),
        high=rounded(min(1.0, float(judged.found.high[row]))),
        df=freedom(float(judged.found.df[row])),
        kind=judged.kind,
    )


class Effects:
    """All differences of all columns, corrected within their families."""

    def __init__(self, columns: Mapping[Place, Judged], contrasts: Contrasts, settings: Settings) -> None:
        self._columns = columns
        self._contrasts = contrasts
        self._settings = settings
        self._adjusted: dict[tuple[int, Place], float] = {}
        self.families: dict[str, Family] = {}
        members: dict[str, list[tuple[int, Place]]] = {}
        for key in self._keys():
            members.setdefault(family_of(contrasts.items[key[0]], key[1].level), []).append(key)
        for name, keys in members.items():
            self._correct(name, keys)

    def of(self, index: int, place: Place) -> Effect | None:
        """One contrast in one column; None where one of its rows is absent."""
        if place not in self._columns or (index, place) not in self._adjusted:
            return None
        judged = self._columns[place]
        at = index + len(judged.column.per_seed)
        value, se = float(judged.values[at]), float(judged.found.se[at])
        family = family_of(self._contrasts.items[index], place.level)
        adjusted, p = self._adjusted[index, place], float(judged.p[index])
        if se == 0 and value != 0:
            return Effect(value=rounded(value), kind=judged.kind, why=ALL_ALIKE)
        decision: Decision = "significant" if adjusted < self._settings.level else "not-detected"
        return Effect(
            value=rounded(value),
            se=rounded(se),
            low=rounded(float(judged.found.low[at])),
            high=rounded(float(judged.found.high[at])),
            df=freedom(float(judged.found.df[at])),
            p=short(p),
            adjusted=short(adjusted),
            family=family,
            decision=decision,
            kind=judged.kind,
            why="" if se > 0 else NO_DIFFERENCE,
        )

    def _keys(self) -> Iterator[tuple[int, Place]]:
        for place, judged in self._columns.items():
            for index in np.flatnonzero(np.isfinite(judged.p)):
                yield int(index), place

    def _correct(self, name: str, keys: list[tuple[int, Place]]) -> None:
        level = keys[0][1].level
        explored = level == "languages"
        p = np.array([self._columns[place].p[index] for index, place in keys])
        found = benjamini_hochberg(p) if explored else holm(p)
        self._adjusted |= dict(zip(keys, found.tolist(), strict=True))
        one = self._contrasts.items[keys[0][0]]
        self.families[name] = Family(
            name=name,
            method="benjamini-hochberg" if explored else "holm",
            tests=len(keys),
            words=f"{_what(one)}, {_LEVELS[level]}" + ("; explored, not claimed" if explored else ""),
        )


def family_of(contrast: Contrast, level: str) -> str:
    """The name of the family that a contrast's test in a column of ``level`` belongs to."""
    match contrast.measure:
        case "gain":
            return f"gains of {contrast.of}: {level}"
        case "interaction":
            return f"interactions of {contrast.of}: {level}"
        case "contrast":
            under = "under none" if contrast.recipe == BASELINE_RECIPE else "under other recipes"
            return f"differences of {contrast.of} {under}: {level}"


def _what(contrast: Contrast) -> str:
    match contrast.measure:
        case "gain":
            return f"Every recipe of {contrast.of} against none"
        case "interaction":
            return f"Gain of the code side minus gain of the text side of {contrast.of}, every recipe"
        case "contrast":
            under = "none" if contrast.recipe == BASELINE_RECIPE else "every other recipe"
            return f"Code side minus text side of {contrast.of} under {under}"


def rounded(value: float) -> float:
    """Rounded to a millionth: a ten-thousandth of a point."""
    return round(value, 6) + 0.0


def short(p: float) -> float:
    """A p-value to four digits."""
    return float(f"{p:.4g}")


def freedom(df: float) -> float | None:
    """Degrees of freedom to a tenth; None where they are without bound."""
    return round(df, 1) if math.isfinite(df) else None
