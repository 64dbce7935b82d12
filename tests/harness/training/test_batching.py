"""How effective batches are cut."""

from __future__ import annotations

from itertools import combinations, pairwise
from typing import Any

import numpy as np
import pytest
import torch

from harness.training.batching import Batching, pieces_of
from tasks.types.base import HeadKind

CPU = torch.device("cpu")


def batching(*, ragged: bool, worth: int | None = None) -> Batching:
    return Batching(pad_id=0, device=CPU, ragged=ragged, worth=worth)


@pytest.mark.parametrize("kind", list(HeadKind))
@pytest.mark.parametrize("ragged", [True, False])
@pytest.mark.parametrize("budget", [1, 12, 20, 1000])
def test_splitting_loses_nothing_and_keeps_to_the_budget(
    packed: Any, kind: HeadKind, ragged: bool, budget: int
) -> None:
    inputs = packed(kind)
    chosen = np.array([4, 0, 2, 0, 1])
    way = batching(ragged=ragged, worth=3)
    parts = way.split(inputs, chosen, budget)

    assert sorted(chosen) == sorted(np.concatenate(parts))
    assert all(way.collate(inputs, part).input_ids.numel() <= budget or len(part) == 1 for part in parts)
    passed = sum(way.collate(inputs, part).input_ids.numel() for part in parts)
    assert passed - pieces_of(inputs, chosen).sum() == way.padding(inputs, chosen, budget)
    lengths = [int(inputs.lengths[index]) for part in parts for index in part]
    assert sorted(lengths, reverse=True) == lengths


def test_nothing_is_padded_where_sequences_lie_end_to_end(packed: Any) -> None:
    inputs = packed(HeadKind.SEQUENCE)
    (part,) = batching(ragged=True).split(inputs, np.arange(5), 25)
    batch = batching(ragged=True).collate(inputs, part)

    assert (1, 25) == tuple(batch.input_ids.shape)
    assert [7, 6, 5, 4, 3] == batch.lengths.tolist()
    assert 0 == batching(ragged=True).padding(inputs, np.arange(5), 25)


@pytest.mark.parametrize("worth", [0, 1, 2, 5, 1000])
@pytest.mark.parametrize("budget", [14, 30, 1000])
def test_no_other_cuts_cost_less(packed: Any, worth: int, budget: int) -> None:
    """Against every way of cutting five inputs."""
    inputs = packed(HeadKind.SEQUENCE)
    lengths = np.sort(inputs.lengths)[::-1]

    def cost(sizes: list[np.ndarray]) -> int:
        return sum(int(part[0]) * len(part) + worth for part in sizes)

    ways = [
        [lengths[start:end] for start, end in pairwise((0, *cuts, 5))]
        for count in range(5)
        for cuts in combinations(range(1, 5), count)
    ]
    allowed = [way for way in ways if all(int(part[0]) * len(part) <= budget or len(part) == 1 for part in way)]
    parts = batching(ragged=False, worth=worth).split(inputs, np.arange(5), budget)

    assert min(map(cost, allowed)) == cost([inputs.lengths[part] for part in parts])


def test_where_passes_are_not_counted_the_fewest_are_made(packed: Any) -> None:
    inputs = packed(HeadKind.SEQUENCE)

    assert [5] == [len(part) for part in batching(ragged=False).split(inputs, np.arange(5), 1000)]
