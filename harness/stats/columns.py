"""Every column of the board: scores, their differences, and how both vary with items and with seeds of training.

A *quantity* is a row's score or a contrast of rows; arrays over quantities hold the rows first, then the contrasts.
Item variance is that of bootstrap draws. Languages that hold the same items share a draw, so their mean is drawn as a
whole; other languages, and targets, are independent, so variances of their means add up (with Satterthwaite's degrees
of freedom). Seed variance is the mean square between the seeds of a row, pooled over the rows of a column. What a
training makes of single items is in both: it is counted twice, on the side of caution.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from harness.stats.contrasts import Contrasts
from harness.stats.counts import Floats, LanguageCounts, Singles, TargetCounts, ratio
from harness.stats.draws import generator, weights

Bools = npt.NDArray[np.bool_]
Drawer = Callable[[np.random.Generator, int, int], Singles]
#: Up to so many units that differ, a sign-flip test is made beside the t test: with few, t is too easily convinced.
SPARSE = 64


@dataclass(frozen=True, kw_only=True)
class SeedVariance:
    """How scores of a column vary with the seed of training, pooled over rows.

    Attributes:
        variance: mean square between the seeds of a row.
        df: its degrees of freedom.
    """

    variance: float
    df: int


@dataclass(frozen=True, kw_only=True)
class Column:
    """One column. N rows, S seeds, R resamples, Q quantities (rows, then contrasts).

    Attributes:
        per_seed: scores (N, S), NaN where the row is absent.
        variance: item variance of every quantity (Q,), NaN where one of its rows is absent.
        df: degrees of freedom of that variance (Q,).
        trained: rows for which a seed of training can matter (N,).
        draws: deviations of bootstrap draws of the scores from their mean (R, N); None for single languages.
        sparse: for every contrast the units' parts of the difference that are not zero, or None where they are many.
    """

    per_seed: Floats
    variance: Floats
    df: Floats
    trained: Bools
    draws: npt.NDArray[Any] | None  # float32
    sparse: tuple[Floats | None, ...]

    @property
    def values(self) -> Floats:
        """Scores (N,): means over seeds."""
        return np.asarray(self.per_seed.mean(axis=1))

    def seeds(self) -> SeedVariance | None:
        """The seed variance; None with one seed, or where no row is trained."""
        number = self.per_seed.shape[1]
        rows = self.trained & np.isfinite(self.per_seed).all(axis=1)
        if number == 1 or not rows.any():
            return None
        variance = float(self.per_seed[rows].var(axis=1, ddof=1).mean())
        return SeedVariance(variance=variance, df=int(rows.sum()) * (number - 1))


def target_columns(
    target: TargetCounts, trained: Bools, contrasts: Contrasts, *, resamples: int, seed: int, drawer: Drawer = weights
) -> tuple[Column, dict[str, Column]]:
    """The column of a target, and one for each of its languages. ``drawer`` makes the weights."""
    shared = drawer(generator(seed, target.name), resamples, target.size) if target.joint else None
    languages: dict[str, Column] = {}
    total: npt.NDArray[Any] | None = None
    parts = _Differences(target, contrasts)
    for counts in target.languages:
        if shared is None:  # items of its own
            drawn = drawer(generator(seed, target.name, counts.language), resamples, len(counts.units))
        else:
            drawn = shared[:, counts.units]
        deviations = _deviations(counts, drawn, target.present)
        scores = np.where(target.present[:, None], counts.scores(), np.nan)
        column = _column(scores, deviations, counts.informative() - 1, trained, contrasts, parts.of(counts))
        languages[counts.language] = replace(column, draws=None)
        total = deviations if total is None else total + deviations
    assert total is not None, target.name
    number = len(target.languages)
    if target.joint:
        scores = np.mean([column.per_seed for column in languages.values()], axis=0)
        return _column(scores, total / number, target.size - 1, trained, contrasts, parts.joint()), languages
    return mean_of(list(languages.values()), total / number), languages


def mean_of(parts: Sequence[Column], draws: npt.NDArray[Any]) -> Column:
    """The mean of independent columns: languages with items of their own, or targets. Absent where one is absent."""
    number = len(parts)
    variances = np.array([part.variance for part in parts]) / number**2
    total = variances.sum(axis=0)
    spent = sum(variance**2 / part.df for variance, part in zip(variances, parts, strict=True))
    df = np.divide(total**2, spent, out=np.full(total.shape, np.inf), where=np.asarray(spent) > 0)
    return Column(
        per_seed=np.mean([part.per_seed for part in parts], axis=0),
        variance=total,
        df=df,
        trained=np.any([part.trained for part in parts], axis=0),
        draws=draws,
        sparse=tuple(_joined(some, number) for some in zip(*(part.sparse for part in parts), strict=True)),
    )


def _deviations(counts: LanguageCounts, drawn: Singles, present: Bools) -> Singles:
    """Bootstrap scores, means over seeds, less their mean: (R, N).

    They are widened by sqrt(n / (n - 1)), because draws vary that much too little.
    """
    units, rows, seeds = counts.top.shape
    top = (drawn @ counts.top.reshape(units, -1)).reshape(-1, rows, seeds)
    bottom = (drawn @ counts.bottom.reshape(units, -1)).reshape(len(drawn), *counts.bottom.shape[1:])
    scores = ratio(top, bottom).mean(axis=2)
    scores -= scores.mean(axis=0, dtype=np.float64).astype(np.float32)
    scores *= np.float32(np.sqrt(units / max(1, units - 1)))
    scores[:, ~present] = np.nan
    return np.asarray(scores, dtype=np.float32)


def _column(
    scores: Floats,
    draws: npt.NDArray[Any],
    df: int,
    trained: Bools,
    contrasts: Contrasts,
    sparse: tuple[Floats | None, ...],
) -> Column:
    variance = np.concatenate([_variance(draws), _variance(contrasts.of(draws))])
    return Column(
        per_seed=scores,
        variance=variance,
        df=np.full(len(variance), float(max(1, df))),
        trained=trained,
        draws=draws,
        sparse=sparse,
    )


def _variance(draws: npt.NDArray[Any]) -> Floats:
    """Of centred draws, along the first axis."""
    squares: Floats = np.einsum("r...,r...->...", draws, draws, dtype=np.float64)
    return squares / (len(draws) - 1)


def _joined(parts: Sequence[Floats | None], number: int) -> Floats | None:
    known = [part for part in parts if part is not None]
    if len(known) < len(parts) or sum(map(len, known)) > SPARSE:
        return None
    return np.concatenate(known) / number


class _Differences:
    """What single units add to each contrast, kept where few add anything.

    A unit adds (top - s bottom) / total bottom, the first-order part of a ratio, with s and total those of both sides
    together: so a unit on which both sides count the same adds nothing, and swapping the sides turns the sign.
    """

    _AT_ONCE = 256  # contrasts

    def __init__(self, target: TargetCounts, contrasts: Contrasts) -> None:
        self._target = target
        self._number = len(contrasts)
        self._pairs, self._owners, self._signs = contrasts.simple()
        self._sums = np.zeros((target.size, self._number)) if target.joint else None

    def of(self, counts: LanguageCounts) -> tuple[Floats | None, ...]:
        """For every contrast the parts in one language that are not zero, or None if they are more than ``SPARSE``."""
        found: list[Floats | None] = []
        top, bottom = counts.top.mean(axis=2, dtype=np.float64), counts.bottom.mean(axis=2, dtype=np.float64)
        bottom = np.broadcast_to(bottom, top.shape)
        for first in range(0, self._number, self._AT_ONCE):
            part = slice(first, min(first + self._AT_ONCE, self._number))
            values = self._parts(top, bottom, part)
            found += _compressed(values)
            if self._sums is not None:
                self._sums[counts.units, part] += values
        return tuple(found)

    def joint(self) -> tuple[Floats | None, ...]:
        """The same for the mean over languages that hold the same items."""
        assert self._sums is not None
        return tuple(_compressed(self._sums / len(self._target.languages)))

    def _parts(self, top: Floats, bottom: Floats, part: slice) -> Floats:
        """Parts of the units (units, contrasts of ``part``), from counts that are means over seeds (units, rows)."""
        tops, bottoms = top.sum(axis=0), bottom.sum(axis=0)
        found = np.zeros((len(top), part.stop - part.start))
        chosen = (self._owners >= part.start) & (self._owners < part.stop)
        for (plus, minus), owner, sign in zip(
            self._pairs[chosen], self._owners[chosen], self._signs[chosen], strict=True
        ):
            half = (bottoms[plus] + bottoms[minus]) / 2
            if half == 0:
                continue
            score = (tops[plus] + tops[minus]) / (2 * half)
            difference = (top[:, plus] - top[:, minus]) - score * (bottom[:, plus] - bottom[:, minus])
            found[:, owner - part.start] += sign * difference / half
        return found


def _compressed(values: Floats) -> list[Floats | None]:
    """The entries of each column that are not zero, or None where they are more than ``SPARSE``."""
    there = np.abs(values) > 1e-12  # noqa: PLR2004 - rounding
    few = there.sum(axis=0) <= SPARSE
    return [values[there[:, index], index] if few[index] else None for index in range(values.shape[1])]
