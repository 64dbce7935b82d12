"""Ranks that mean something: intervals from simultaneous comparisons, tie groups, neighbours that are told apart.

A row's rank interval leaves out the rows that differ from it by more than chance, all comparisons of that row taken
together (Mogstad, Romano, Shaikh and Wilhelm 2024, "Inference for ranks"): the critical value is the quantile of the
largest studentised difference over the bootstrap draws. Percentiles of bootstrapped ranks would be too narrow among
equals.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import special

from harness.stats.columns import Column, SeedVariance
from harness.stats.counts import Floats, Singles
from harness.stats.draws import generator
from harness.stats.multiple import holm


@dataclass(frozen=True, kw_only=True)
class Ranks:
    """Complete rows, best first. Arrays have one entry a row, in that order; ``separable`` is False for the first."""

    order: npt.NDArray[np.int64]
    rank: npt.NDArray[np.int64]
    low: npt.NDArray[np.int64]
    high: npt.NDArray[np.int64]
    group: npt.NDArray[np.int64]
    separable: npt.NDArray[np.bool_]


def rank_rows(column: Column, *, confidence: float, seed: int, name: str) -> Ranks | None:
    """Rank the complete rows of a column; None if there is none."""
    assert column.draws is not None, name
    values = column.values
    order = np.flatnonzero(np.isfinite(values))
    if not len(order):
        return None
    order = order[np.argsort(-values[order], kind="stable")]
    values, trained = values[order], column.trained[order]
    draws = np.ascontiguousarray(column.draws[:, order])
    seeds, number = column.seeds(), column.per_seed.shape[1]
    if seeds is not None:
        draws = draws + _seed_noise(seeds, trained, number, len(draws), generator(seed, "ranks", name))
    gaps = np.abs(values[:, None] - values[None, :])
    errors = _errors(draws)
    critical = _critical(draws, errors, confidence)
    apart = gaps > critical[:, None] * errors
    rows = np.arange(len(order))
    above, below = values[None, :] > values[:, None], values[None, :] < values[:, None]
    group, leader = np.ones(len(order), dtype=np.int64), 0
    for row in rows[1:]:
        new = bool(apart[leader, row])
        group[row] = group[row - 1] + new
        leader = int(row) if new else leader
    df = float(np.nanmin(column.df[order])) if seeds is None else float(seeds.df)
    return Ranks(
        order=order,
        rank=1 + above.sum(axis=1),
        low=1 + (apart & above).sum(axis=1),
        high=len(order) - (apart & below).sum(axis=1),
        group=group,
        separable=np.concatenate([[False], _neighbours(gaps, errors, df, confidence)]),
    )


def _seed_noise(
    seeds: SeedVariance, trained: npt.NDArray[np.bool_], number: int, resamples: int, random: np.random.Generator
) -> Singles:
    """What training again would do to a mean over ``number`` seeds, with how well that is known: (R, rows)."""
    scale = np.sqrt(seeds.variance / number * seeds.df / random.chisquare(seeds.df, size=(resamples, 1)))
    noise = random.standard_normal((resamples, len(trained))) * scale * trained
    noise -= noise.mean(axis=0)
    return np.asarray(noise, dtype=np.float32)


def _errors(draws: Singles) -> Floats:
    """Standard errors of all differences of two rows; exactly 0 where both are drawn the same."""
    number = draws.shape[1]
    found = np.zeros((number, number))
    for row in range(number):
        rest = draws[:, row:] - draws[:, row, None]
        found[row, row:] = np.sqrt(np.einsum("rj,rj->j", rest, rest, dtype=np.float64) / (len(draws) - 1))
    return found + found.T


def _critical(draws: Singles, errors: Floats, confidence: float) -> Floats:
    """For each row the quantile of its largest studentised difference from any other: (rows,)."""
    number = draws.shape[1]
    found = np.zeros(number)
    scale = np.divide(1.0, errors, out=np.zeros(errors.shape), where=errors > 0).astype(np.float32)
    for row in range(number) if number > 1 else ():
        largest = (np.abs(draws - draws[:, row, None]) * scale[row]).max(axis=1)
        found[row] = np.quantile(largest, confidence)
    return np.asarray(np.maximum(found, special.ndtri((1 + confidence) / 2)))


def _neighbours(gaps: Floats, errors: Floats, df: float, confidence: float) -> npt.NDArray[np.bool_]:
    """Which rows differ from the one before them, by t tests corrected for how many neighbours there are (Holm)."""
    rows = np.arange(1, len(gaps))
    gap, error = gaps[rows, rows - 1], errors[rows, rows - 1]
    distance = np.divide(gap, error, out=np.zeros(gap.shape), where=error > 0)
    return np.asarray(holm(2 * special.stdtr(df, -distance)) < 1 - confidence) if len(rows) else np.zeros(0, dtype=bool)
