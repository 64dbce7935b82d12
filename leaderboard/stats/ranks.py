"""Rank intervals from simultaneous comparisons, tie groups, and neighbours that differ.

A row's rank interval leaves out the rows that differ from it by more than chance, all comparisons of that row taken
together (Mogstad, Romano, Shaikh and Wilhelm 2024, "Inference for ranks"): the critical value is the quantile of the
largest studentised difference over the bootstrap draws. Percentiles of bootstrapped ranks would be too narrow among
equals.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy import special

from leaderboard.results import BASELINE_RECIPE
from leaderboard.stats.columns import Column, SeedVariance
from leaderboard.stats.contrasts import Contrasts
from leaderboard.stats.counts import Floats, Singles
from leaderboard.stats.design import Design
from leaderboard.stats.draws import generator
from leaderboard.stats.testing import holm

#: Validation scores, means over seeds, by row and target.
Validation = Mapping[tuple[int, str], float]


class Choice(NamedTuple):
    """A target's best recipe: its row, its recipe, its validation score, and among how many it was chosen."""

    row: int
    recipe: str
    validation: float
    candidates: int


def choose(design: Design, validation: Validation, columns: Mapping[str, Column]) -> dict[str, dict[str, Choice]]:
    """By backbone and target the recipe with the best validation score; the first of equals. Absent where none has one.

    Rows without a test score at every seed are no candidates.
    """
    index = {row: number for number, row in enumerate(design.rows())}
    found: dict[str, dict[str, Choice]] = {}
    for backbone in design.backbones:
        for target in design.targets:
            column = columns.get(target.name)
            candidates = [
                (validation[row, target.name], recipe.name, row)
                for recipe in design.recipes
                if (row := index[backbone.name, recipe.name], target.name) in validation
                and column is not None
                and np.isfinite(column.values[row])
            ]
            if candidates:
                score, recipe_name, row = max(candidates, key=lambda one: one[0])
                choice = Choice(row, recipe_name, score, len(candidates))
                found.setdefault(backbone.name, {})[target.name] = choice
    return found


class MeanGain(NamedTuple):
    """The mean over targets of the best recipes' gains: value, item variance with its degrees of freedom, seeds'."""

    value: float
    variance: float
    df: float
    seeds: SeedVariance | None


def mean_gain(
    design: Design,
    backbone: str,
    choices: Mapping[str, Choice],
    columns: Mapping[str, Column],
    average: Column | None,
    contrasts: Contrasts,
) -> MeanGain | None:
    """The mean gain over ``none`` of the best recipe per target; None unless every target has one.

    Where ``none`` is best its gain is 0. Seed variances of the targets are added up, and raised by what the seeds of a
    row's targets have in common: its recipe was trained once a seed for all of them.
    """
    if set(choices) != {target.name for target in design.targets} or average is None:
        return None
    rows = design.rows()
    value = variance = spent = training = apart = 0.0
    for name, choice in choices.items():
        column = columns[name]
        if choice.recipe == BASELINE_RECIPE:
            continue
        index = next(
            (
                number
                for number, one in enumerate(contrasts.items)
                if one.measure == "gain" and one.of == backbone and one.recipe == choice.recipe
            ),
            None,
        )
        if index is None or not np.isfinite(contrasts.of(column.values)[index]):
            return None
        at = index + len(rows)
        part = float(column.variance[at]) / len(choices) ** 2
        value += float(contrasts.of(column.values)[index]) / len(choices)
        variance += part
        spent += part**2 / float(column.df[at])
        if (seeds := column.seeds()) is not None:
            training += float(contrasts.squares(column.shares)[index]) * seeds.variance / len(choices) ** 2
    for name in choices:
        if (seeds := columns[name].seeds()) is not None:
            apart += seeds.variance / len(choices) ** 2
    df = variance**2 / spent if spent > 0 else float("inf")
    seeds = average.seeds()
    if seeds is None:
        return MeanGain(value, variance, df, None)
    shared = max(1.0, seeds.variance / apart) if apart > 0 else 1.0
    return MeanGain(value, variance, df, SeedVariance(variance=training * shared, df=seeds.df))


_BLOCK = 64  # rows whose draws are compared with another's at once
_CANCELLED = 1e-6  # of two rows' variances: less than this left is rounding, if it is not taken from the differences


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
    values, shares = values[order], column.shares[order]
    draws = np.ascontiguousarray(column.draws[:, order])
    seeds, number = column.seeds(), column.per_seed.shape[1]
    if seeds is not None:
        draws = draws + _seed_noise(seeds, shares, number, len(draws), generator(seed, "ranks", name))
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
    seeds: SeedVariance, shares: Floats, number: int, resamples: int, random: np.random.Generator
) -> Singles:
    """Draw the seed noise of a mean over ``number`` seeds, its variance being uncertain: (R, rows)."""
    scale = np.sqrt(seeds.variance / number * seeds.df / random.chisquare(seeds.df, size=(resamples, 1)))
    noise = random.standard_normal((resamples, len(shares))) * scale * np.sqrt(shares)
    noise -= noise.mean(axis=0)
    return np.asarray(noise, dtype=np.float32)


def _errors(draws: Singles) -> Floats:
    """Standard errors of all differences of two rows; exactly 0 where both are drawn the same.

    The variance of a difference from those of both rows and their covariance: one product of matrices. Where next to
    nothing is left of the three, it is taken from the differences themselves.
    """
    exact = draws.astype(np.float64)
    products = exact.T @ exact
    own = np.diag(products)
    sums = own[:, None] + own[None, :]
    squares = sums - 2 * products
    first, second = np.nonzero(np.triu(squares < _CANCELLED * sums, 1))
    for start in range(0, len(first), _BLOCK):
        one, other = first[start : start + _BLOCK], second[start : start + _BLOCK]
        rest = exact[:, one] - exact[:, other]
        squares[one, other] = squares[other, one] = np.einsum("rj,rj->j", rest, rest)
    np.fill_diagonal(squares, 0.0)
    return np.asarray(np.sqrt(np.maximum(squares, 0.0) / (len(draws) - 1)))


def _critical(draws: Singles, errors: Floats, confidence: float) -> Floats:
    """For each row the quantile of its largest studentised difference from any other: (rows,).

    A difference counts for both of its rows, so each is formed once, and in blocks that stay in the cache.
    """
    rows = np.ascontiguousarray(draws.T)
    scale = np.divide(1.0, errors, out=np.zeros(errors.shape), where=errors > 0).astype(np.float32)
    largest = np.zeros_like(rows)
    block = np.empty((_BLOCK, rows.shape[1]), dtype=np.float32)
    for row in range(len(rows)):
        for start in range(row + 1, len(rows), _BLOCK):
            part = slice(start, min(start + _BLOCK, len(rows)))
            distances = block[: part.stop - start]
            np.subtract(rows[part], rows[row], out=distances)
            np.abs(distances, out=distances)
            distances *= scale[row, part, None]
            np.maximum(largest[part], distances, out=largest[part])
            np.maximum(largest[row], distances.max(axis=0), out=largest[row])
    found = np.quantile(largest, confidence, axis=1).astype(np.float64)
    return np.asarray(np.maximum(found, special.ndtri((1 + confidence) / 2)))


def _neighbours(gaps: Floats, errors: Floats, df: float, confidence: float) -> npt.NDArray[np.bool_]:
    """Which rows differ from the one before them, by t tests corrected for how many neighbours there are (Holm)."""
    rows = np.arange(1, len(gaps))
    gap, error = gaps[rows, rows - 1], errors[rows, rows - 1]
    distance = np.divide(gap, error, out=np.zeros(gap.shape), where=error > 0)
    return np.asarray(holm(2 * special.stdtr(df, -distance)) < 1 - confidence) if len(rows) else np.zeros(0, dtype=bool)
