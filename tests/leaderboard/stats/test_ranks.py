"""Ranks, tie groups, neighbours."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from leaderboard.stats.columns import target_columns
from leaderboard.stats.contrasts import Contrasts
from leaderboard.stats.ranks import Ranks, rank_rows
from tests.leaderboard.stats.conftest import Make


def ranked(target: Make, shares: Sequence[float], *, same: bool = False, units: int = 400) -> Ranks:
    random = np.random.default_rng(1)
    hard = random.random((units, 1)) if same else random.random((units, len(shares)))
    top = (hard < shares).astype(float)
    column, _ = target_columns(
        target({"en": (top, np.ones((units, 1)))}, joint=True),
        np.ones(len(shares), dtype=bool),
        Contrasts(()),
        resamples=1000,
        seed=1,
    )
    found = rank_rows(column, confidence=0.95, seed=1, name="any")
    assert found is not None
    return found


def test_rows_far_apart_have_one_rank_each(target: Make) -> None:
    found = ranked(target, [0.2, 0.8, 0.5])

    assert found.order.tolist() == [1, 2, 0]
    assert found.low.tolist() == found.high.tolist() == found.rank.tolist() == [1, 2, 3]
    assert found.group.tolist() == [1, 2, 3]
    assert found.separable.tolist() == [False, True, True]


def test_rows_alike_share_all_ranks_and_one_group(target: Make) -> None:
    found = ranked(target, [0.5] * 6)

    assert found.low.tolist() == [1] * 6
    assert found.high.tolist() == [6] * 6
    assert found.group.tolist() == [1] * 6
    assert not found.separable.any()


def test_rows_with_the_same_answers_share_the_rank_itself(target: Make) -> None:
    found = ranked(target, [0.5, 0.5, 0.1], same=True)

    assert found.rank.tolist() == [1, 1, 3]
    assert found.high.tolist() == [2, 2, 3]


def test_a_group_ends_where_the_best_of_it_is_told_apart(target: Make) -> None:
    """Neighbours may all be alike and the ends still differ."""
    found = ranked(target, [0.50, 0.46, 0.42, 0.38, 0.34, 0.30])

    assert found.group[0] == 1
    assert 1 < found.group[-1] < 6
    assert (found.low <= found.rank).all()
    assert (found.rank <= found.high).all()


def test_one_row_is_first(target: Make) -> None:
    found = ranked(target, [0.5])

    assert (found.rank.tolist(), found.low.tolist(), found.high.tolist()) == ([1], [1], [1])
