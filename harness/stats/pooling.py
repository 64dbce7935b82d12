"""A mean over pairs: random effects with the Hartung-Knapp variance.

With three pairs the usual (DerSimonian-Laird) interval covers 0.80 to 0.89 of the time where it says 0.95; Hartung and
Knapp's holds 0.94 to 0.95. Pairs are not independent: all are scored on the same items, and some share a twin. So the
full covariance of the estimates is used; the variance between pairs is found as Paule and Mandel find it, and the
scale is never taken below 1 (Roever, Knapp and Friede 2015), or three pairs that agree by luck would look certain.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import optimize, special

from harness.stats.counts import Floats

#: Fewer pairs are listed, not pooled.
FEWEST = 3


@dataclass(frozen=True, kw_only=True)
class PooledMean:
    """The mean over pairs, its interval and test; ``tau`` is the standard deviation between pairs."""

    value: float
    se: float
    low: float
    high: float
    df: int
    p: float
    tau: float


def hartung_knapp(values: Floats, covariance: Floats, *, confidence: float) -> PooledMean:
    """Pool estimates of shape (pairs,) with their covariance (pairs, pairs).

    Raises:
        ValueError: there are fewer than three pairs.
    """
    number = len(values)
    if number < FEWEST:
        raise ValueError(f"{number} pairs are too few to pool")
    between = _between(values, covariance)
    mean, variance, scatter = _weighted(values, covariance, between)
    se = float(np.sqrt(variance * max(1.0, scatter / (number - 1))))
    width = float(special.stdtrit(number - 1, (1 + confidence) / 2)) * se
    p = float(2 * special.stdtr(number - 1, -abs(mean) / se)) if se > 0 else 1.0
    return PooledMean(
        value=mean, se=se, low=mean - width, high=mean + width, df=number - 1, p=p, tau=float(np.sqrt(between))
    )


def _weighted(values: Floats, covariance: Floats, between: float) -> tuple[float, float, float]:
    """The generalised least squares mean, its variance, and the weighted scatter around it."""
    inverse = np.linalg.pinv(covariance + between * np.eye(len(values)), hermitian=True)
    weights = inverse.sum(axis=0)
    if weights.sum() <= 0:  # no variance at all
        return float(values.mean()), 0.0, 0.0
    mean = float(weights @ values / weights.sum())
    rest = values - mean
    return mean, float(1 / weights.sum()), float(rest @ inverse @ rest)


def _between(values: Floats, covariance: Floats) -> float:
    """The variance between pairs at which the scatter is what it should be (Paule and Mandel 1982); at least 0."""
    expected = len(values) - 1

    def excess(between: float) -> float:
        return _weighted(values, covariance, between)[2] - expected

    if excess(0.0) <= 0:
        return 0.0
    high = float(np.var(values, ddof=1)) + float(np.trace(covariance))
    while excess(high) > 0:
        high *= 2
    return float(optimize.brentq(excess, 0.0, high, xtol=1e-14))
