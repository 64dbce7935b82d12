"""Pooling over pairs: from three pairs on; fewer are listed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import get_args

import numpy as np

from harness.stats.board import AVERAGE, Board
from harness.stats.counts import Floats
from harness.stats.effects import Judged, rounded, short
from harness.stats.pooling import FEWEST, hartung_knapp
from leaderboard.statistics import Columns, Missing, PairKind, Pooled, PooledRecipe


def pooled(board: Board) -> tuple[tuple[PooledRecipe, ...], tuple[Missing, ...]]:
    """Every measure and recipe over all pairs of a kind, and what is not pooled, with the reason."""
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
