"""Effects of code in each pair, and their pooled mean from three pairs on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import get_args

import numpy as np
from scipy import optimize, special

from leaderboard.statistics import Columns, Missing, PairKind, Pooled, PooledRecipe
from leaderboard.stats.board import AVERAGE, Board
from leaderboard.stats.counts import Floats
from leaderboard.stats.effects import Judged, rounded, short

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
    """Return the between-pair variance by the method of Paule and Mandel (1982); at least 0."""
    expected = len(values) - 1

    def excess(between: float) -> float:
        return _weighted(values, covariance, between)[2] - expected

    if excess(0.0) <= 0:
        return 0.0
    high = float(np.var(values, ddof=1)) + float(np.trace(covariance))
    while excess(high) > 0:
        high *= 2
    return float(optimize.brentq(excess, 0.0, high, xtol=1e-14))


def pooled(board: Board) -> tuple[tuple[PooledRecipe, ...], tuple[Missing, ...]]:
    """Pool every measure and recipe over all pairs of a kind, and list those not pooled with the reason."""
    found: list[PooledRecipe] = []
    missing: list[Missing] = []
    for kind in get_args(PairKind):
        pairs = [pair.name for pair in board.design.pairs() if pair.kind == kind]
        if len(pairs) < FEWEST:
            count = "is 1 pair" if len(pairs) == 1 else f"are {len(pairs)} pairs"
            why = f"There {count}; with fewer than three the variance between pairs cannot be known. They are listed."
            missing.append(Missing(what="a mean over pairs", where=f"{kind} pairs", why=why))
            continue
        found += _recipes(board, kind, tuple(pairs))
    return tuple(found), tuple(missing)


def _recipes(board: Board, kind: PairKind, pairs: tuple[str, ...]) -> Iterator[PooledRecipe]:
    members: dict[tuple[str, str], list[int]] = {}
    for index, one in enumerate(board.contrasts.items):
        if one.kind == kind:
            members.setdefault((one.measure, one.recipe), []).append(index)
    for (measure, recipe), indices in members.items():
        columns = {
            place: mean
            for place, judged in board.columns.items()
            if place.level != "languages" and (mean := _mean(board, judged, indices)) is not None
        }
        if columns:
            yield PooledRecipe(
                kind=kind,
                measure="contrast" if measure == "contrast" else "interaction",
                recipe=recipe,
                pairs=pairs,
                effects=Columns[Pooled](
                    average=columns.get(AVERAGE),
                    groups={place.name: mean for place, mean in columns.items() if place.level == "groups"},
                    targets={place.name: mean for place, mean in columns.items() if place.level == "targets"},
                ),
            )


def _mean(board: Board, judged: Judged, indices: list[int]) -> Pooled | None:
    """The mean over the pairs that are there, if they are three or more."""
    rows = len(judged.column.per_seed)
    there = [index for index in indices if np.isfinite(judged.found.se[index + rows])]
    if len(there) < FEWEST:
        return None
    values = judged.values[[index + rows for index in there]]
    mean = hartung_knapp(values, _covariance(board, judged, there), confidence=board.settings.confidence)
    return Pooled(
        value=rounded(mean.value),
        se=rounded(mean.se),
        low=rounded(mean.low),
        high=rounded(mean.high),
        df=mean.df,
        p=short(mean.p),
        tau=rounded(mean.tau),
        pairs=len(there),
    )


def _covariance(board: Board, judged: Judged, indices: list[int]) -> Floats:
    """Of contrasts: from common items by their draws, from seeds by the rows that they share."""
    column = judged.column
    assert column.draws is not None
    draws = board.contrasts.of(column.draws)[:, indices].astype(np.float64)
    covariance: Floats = draws.T @ draws / (len(draws) - 1)
    if (seeds := column.seeds()) is not None:
        signs = board.contrasts.coefficients(len(column.trained))[indices] * np.sqrt(column.shares)
        covariance = covariance + signs @ signs.T * (seeds.variance / column.per_seed.shape[1])
    return covariance
