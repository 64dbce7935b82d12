"""Every column of the board: scores, their differences, and how both vary with items and with seeds of training.

A *quantity* is a row's score or a contrast of rows; arrays over quantities hold the rows first, then the contrasts.
Item variance is that of bootstrap draws. Languages that hold the same items share a draw, so their mean is drawn as a
whole; other languages, and targets, are independent, so variances of their means add up (with Satterthwaite's degrees
of freedom). Seed variance is the mean square between the seeds of a row, pooled over the rows of a column. Seeds are
taken to vary alike on the scale of log-odds, so a row has more of it the nearer its score is to one half: were it
pooled as if all rows had the same, rows in the middle of the scale would seem steadier than they are, and differences
would be found among them. The effect of training on single items is in both variances: it is counted twice, on the side
of caution.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from typing import Any

import numpy as np
import numpy.typing as npt

from leaderboard.stats.contrasts import Contrasts, Indices
from leaderboard.stats.counts import Floats, LanguageCounts, Singles, TargetCounts, ratio
from leaderboard.stats.draws import generator, weights

Bools = npt.NDArray[np.bool_]
#: From a generator, how many lines, units that count, and units in all, to weights of all lines, some at a time.
Drawer = Callable[..., Iterable[Singles]]
#: Up to so many units that differ, a sign-flip test is made beside the t test: with few, t is too easily convinced.
SPARSE = 64


@dataclass(frozen=True, kw_only=True)
class SeedVariance:
    """How scores of a column vary with the seed of training, pooled over rows.

    Attributes:
        variance: mean square between the seeds of a row, the mean over rows.
        df: its degrees of freedom.
    """

    variance: float
    df: float


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

    @cached_property
    def shares(self) -> Floats:
        """How much of the column's seed variance each row has (N,): 1 on average over trained rows, 0 for others.

        A step in log-odds is one of ``score * (1 - score)`` in the score; F1, too, has its odds, of hits against misses
        and false alarms.
        """
        counted = self.trained & np.isfinite(self.per_seed).all(axis=1)
        squares = np.where(counted, (self.values * (1 - self.values)) ** 2, 0.0)
        if not squares.any():
            return counted.astype(np.float64)
        return np.asarray(squares * (counted.sum() / squares.sum()))

    def seeds(self) -> SeedVariance | None:
        """The seed variance; None with one seed, or where no row is trained.

        Rows are weighted by their information on the common variance; their degrees of freedom are Satterthwaite's.
        """
        number = self.per_seed.shape[1]
        rows = self.trained & np.isfinite(self.per_seed).all(axis=1)
        if number == 1 or not rows.any():
            return None
        variance = float(self.per_seed[rows].var(axis=1, ddof=1).mean())
        df = (number - 1) * float(self.shares.sum() ** 2 / (self.shares**2).sum())
        return SeedVariance(variance=variance, df=df)


def target_columns(
    target: TargetCounts, trained: Bools, contrasts: Contrasts, *, resamples: int, seed: int, drawer: Drawer = weights
) -> tuple[Column, dict[str, Column]]:
    """The column of a target, and one for each of its languages. ``drawer`` makes the weights."""
    shared = tuple(drawer(generator(seed, target.name), resamples, target.size)) if target.joint else ()
    languages: dict[str, Column] = {}
    total: npt.NDArray[Any] | None = None
    parts = _Differences(target, contrasts)
    for counts in target.languages:
        if target.joint:
            drawn: Iterable[Singles] = (some[:, counts.units] for some in shared)
        else:  # items of its own
            drawn = drawer(generator(seed, target.name, counts.language), resamples, len(counts.units), counts.total)
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


def _deviations(counts: LanguageCounts, drawn: Iterable[Singles], present: Bools) -> Singles:
    """Bootstrap scores, means over seeds, less their mean: (R, N). ``drawn`` holds all R lines, some at a time.

    They are widened by sqrt(n / (n - 1)), because draws vary that much too little.
    """
    units, rows, seeds = counts.top.shape
    tops, bottoms = (one.reshape(units, -1).astype(np.float32) for one in (counts.top, counts.bottom))
    scores = np.concatenate(
        [
            ratio((some @ tops).reshape(-1, rows, seeds), (some @ bottoms).reshape(-1, *counts.bottom.shape[1:])).mean(
                2
            )
            for some in drawn
        ]
    )
    scores -= scores.mean(axis=0, dtype=np.float64).astype(np.float32)
    scores *= np.float32(np.sqrt(counts.total / max(1, counts.total - 1)))
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
    rows = np.ascontiguousarray(draws.T)
    variance = np.concatenate([_variance(rows), *map(_variance, contrasts.blocks(rows))])
    return Column(
        per_seed=scores,
        variance=variance,
        df=np.full(len(variance), float(max(1, df))),
        trained=trained,
        draws=draws,
        sparse=sparse,
    )


def _variance(draws: npt.NDArray[Any]) -> Floats:
    """Of centred draws (..., R), summed in double precision."""
    exact = draws.astype(np.float64)
    squares = np.einsum("...r,...r->...", exact, exact)
    return np.asarray(squares / (exact.shape[-1] - 1))


def _joined(parts: Sequence[Floats | None], number: int) -> Floats | None:
    known = [part for part in parts if part is not None]
    if len(known) < len(parts) or sum(map(len, known)) > SPARSE:
        return None
    return np.concatenate(known) / number


class _Differences:
    """Contributions of single units to each contrast, kept if few are nonzero.

    A unit adds (top - s bottom) / total bottom, the first-order part of a ratio, with s and total those of both sides
    together: so a unit on which both sides count the same adds nothing, and swapping the sides turns the sign.
    """

    def __init__(self, target: TargetCounts, contrasts: Contrasts) -> None:
        self._target = target
        self._contrasts = contrasts
        self._sums = np.zeros((len(contrasts), target.size)) if target.joint else None

    def of(self, counts: LanguageCounts) -> tuple[Floats | None, ...]:
        """For every contrast the parts in one language that are not zero, or None if they are more than ``SPARSE``."""
        found: list[Floats | None] = []
        top, bottom = (
            np.ascontiguousarray(one.mean(axis=2, dtype=np.float64).T) for one in (counts.top, counts.bottom)
        )
        adds = partial(_adds, top, bottom, top.sum(axis=1), bottom.sum(axis=1))
        for part in self._contrasts.parts():
            values = self._contrasts.apply(adds, part)
            found += _compressed(values)
            if self._sums is not None:
                self._sums[part, counts.units] += values
        return tuple(found)

    def joint(self) -> tuple[Floats | None, ...]:
        """The same for the mean over languages that hold the same items."""
        assert self._sums is not None
        return tuple(_compressed(self._sums / len(self._target.languages)))


def _adds(top: Floats, bottom: Floats, tops: Floats, bottoms: Floats, plus: Indices, minus: Indices) -> Floats:
    """Return each unit's contribution to the differences of rows ``plus`` and ``minus`` (D,): shape (D, units).

    Args:
        top: numerators, means over seeds (rows, units).
        bottom: denominators (rows, units), or (1, units) where no row differs.
        tops: sums over units (rows,).
        bottoms: the same of denominators.
        plus: rows by index.
        minus: rows by index.
    """
    difference = top[plus] - top[minus]
    if len(bottom) == 1:
        return ratio(difference, np.broadcast_to(bottoms, (len(plus), 1)))
    half = (bottoms[plus] + bottoms[minus]) / 2
    score = ratio(tops[plus] + tops[minus], 2 * half)
    difference -= score[:, None] * (bottom[plus] - bottom[minus])
    return ratio(difference, half[:, None])


def _compressed(values: Floats) -> list[Floats | None]:
    """The entries of each line that are not zero, or None where they are more than ``SPARSE``."""
    there = np.abs(values) > 1e-12  # noqa: PLR2004 - rounding
    few = there.sum(axis=1) <= SPARSE
    return [line[some] if short else None for line, some, short in zip(values, there, few.tolist(), strict=True)]
