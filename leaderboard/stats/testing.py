"""From variances to intervals and p-values: t quantiles, and sign flips where few units differ.

The interval and the t test are two sides of one thing: the interval leaves out 0 exactly where p is below 1 minus the
confidence, before any correction. Where few units differ t is too easily convinced (five differences of one sign in a
row give p = 0.03, where a coin gives 0.06), so a sign-flip test is made as well and the larger p stands.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from scipy import special

from leaderboard.stats.columns import SPARSE, Column, SeedVariance
from leaderboard.stats.counts import Floats
from leaderboard.stats.draws import generator


def holm(p: Floats) -> Floats:
    """Adjusted p-values that keep the chance of any false finding in the family (Holm 1979)."""
    order = np.argsort(p, kind="stable")
    steps = p[order] * np.arange(len(p), 0, -1)
    return _back(np.maximum.accumulate(steps), order)


def benjamini_hochberg(p: Floats) -> Floats:
    """Adjusted p-values that keep the expected share of false findings among the findings (1995)."""
    order = np.argsort(p, kind="stable")
    steps = p[order] * len(p) / np.arange(1, len(p) + 1)
    return _back(np.minimum.accumulate(steps[::-1])[::-1], order)


def _back(steps: Floats, order: np.ndarray[tuple[int], np.dtype[np.int64]]) -> Floats:
    found = np.empty(len(steps))
    found[order] = np.minimum(steps, 1.0)
    return found


#: Above this the t test stands alone: whether p is 0.3 or 0.35 is no use to anyone, and most tests end here.
FLIPS_BELOW = 0.2
_EXACT = 16  # so many units or fewer: every pattern of signs
Signs = np.ndarray[tuple[int, int], np.dtype[np.float32]]


@dataclass(frozen=True, kw_only=True)
class Tested:
    """Standard errors, bounds and p-values of all quantities of a column (Q,). NaN where there is none."""

    se: Floats
    df: Floats
    low: Floats
    high: Floats
    p: Floats


def t_intervals(
    values: Floats,
    variance: Floats,
    df: Floats,
    *,
    seeds: SeedVariance | None,
    squares: Floats,
    number: int,
    confidence: float,
) -> Tested:
    """Intervals and tests of means over seeds, by t quantiles.

    Args:
        values: scores and differences (Q,).
        variance: their item variance (Q,).
        df: its degrees of freedom (Q,).
        seeds: the column's seed variance, None where nothing is said about training again.
        squares: sum of the squared coefficients of each quantity's rows, by their share of the seed variance (Q,).
        number: how many seeds each score is a mean over.
        confidence: of the intervals.
    """
    total, spent = variance, np.divide(variance**2, df)
    if seeds is not None:
        training = squares * (seeds.variance / number)
        total, spent = variance + training, spent + training**2 / seeds.df
    freedom = np.divide(total**2, spent, out=np.full(total.shape, np.inf), where=spent > 0)
    se = np.sqrt(total)
    quantile = special.stdtrit(freedom, (1 + confidence) / 2)
    distance = np.divide(np.abs(values), se, out=np.zeros(se.shape), where=se > 0)
    p = np.where(np.isfinite(se), 2 * special.stdtr(freedom, -distance), np.nan)
    return Tested(se=se, df=freedom, low=values - quantile * se, high=values + quantile * se, p=np.minimum(p, 1.0))


def guarded(p: Floats, column: Column, *, flips: int, seed: int) -> Floats:
    """p-values of contrasts, raised to those of sign flips where few units differ and t has found something."""
    found = p.copy()
    asked = [index for index, parts in enumerate(column.sparse) if parts is not None and p[index] < FLIPS_BELOW]
    if asked:
        raised = sign_flips([column.sparse[index] for index in asked if column.sparse[index] is not None], flips, seed)  # type: ignore[misc]
        found[asked] = np.maximum(found[asked], raised)
    return found


def sign_flips(parts: Sequence[Floats], flips: int, seed: int) -> Floats:
    """Two-sided p-values of sums of ``parts``, each of which could as well have had the other sign.

    Every pattern of signs up to 16 parts; above, ``flips`` random ones and the one that was seen. Where none of those
    comes near, the least that all patterns could give is returned, so nothing is floored by how many were drawn.
    """
    found = np.ones(len(parts))
    for size, members in _by_size(parts):
        signs = _every(size) if size <= _EXACT else _some(flips, seed)[:, :size]
        values = np.array([parts[index] for index in members]).T
        seen = np.abs(values.sum(axis=0)) * (1 - 1e-6)
        reached = (np.abs(signs @ values.astype(np.float32)) >= seen).sum(axis=0)
        if size <= _EXACT:
            found[members] = reached / len(signs)
        else:
            found[members] = np.where(reached > 0, (1 + reached) / (1 + flips), 2.0 ** (1 - size))
    return found


def _by_size(parts: Sequence[Floats]) -> Iterable[tuple[int, list[int]]]:
    order = sorted(range(len(parts)), key=lambda index: len(parts[index]))
    for size, members in itertools.groupby(order, key=lambda index: len(parts[index])):
        if size:
            yield size, list(members)


@lru_cache(maxsize=_EXACT)
def _every(size: int) -> Signs:
    """All patterns of signs but for an overall turn, which two-sided values do not see."""
    bits = np.arange(2 ** (size - 1))[:, None] >> np.arange(size) & 1
    return (1 - 2 * bits).astype(np.float32)


@lru_cache(maxsize=1)
def _some(flips: int, seed: int) -> Signs:
    """Random patterns for as many units as are ever flipped; all tests use the same."""
    drawn = generator(seed, "flips").integers(0, 2, size=(flips, SPARSE), dtype=np.int8)
    return (1 - 2 * drawn).astype(np.float32)
