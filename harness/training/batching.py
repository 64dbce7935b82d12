"""How a training's effective batches pass through its model: cut into micro-batches, padded or end to end.

Cutting decides how much memory and padding a step costs, but not its result.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Self

import numpy as np
import torch

from harness.training.batches import Batch, collate, padding_limit
from harness.training.inputs import Inputs, IntArray
from harness.training.model import Model


@dataclass(frozen=True, kw_only=True)
class Batching:
    """The way of one model on one device.

    Attributes:
        pad_id: the padding piece.
        device: where tensors are made.
        ragged: whether sequences lie end to end; else they are padded to the longest of their micro-batch.
        worth: pieces of padding that take as long as one more pass; None: passes are not counted against padding.
    """

    pad_id: int
    device: torch.device
    ragged: bool
    worth: int | None

    @classmethod
    def of(cls, model: Model, pad_id: int, device: torch.device) -> Self:
        """Without padding wherever the encoder can be run so."""
        return cls(
            pad_id=pad_id, device=device, ragged=model.ragged, worth=padding_limit(device.type, model.arithmetic)
        )

    def split(self, inputs: Inputs, chosen: IntArray, budget: int) -> list[IntArray]:
        """Cut ``chosen``, longest first, so that no part holds more than ``budget`` pieces, padding included.

        An input that alone exceeds the budget makes a part of its own. Equal lengths keep their order.
        """
        order = chosen[np.argsort(-inputs.lengths[chosen], kind="stable")]
        if self.ragged:
            return _full(order, pieces_of(inputs, order), budget)
        return _cheapest(order, inputs.lengths[order], inputs.widths[order], budget, self.worth)

    def collate(self, inputs: Inputs, part: IntArray) -> Batch:
        """The tensors of one part."""
        return collate(inputs, part, pad_id=self.pad_id, device=self.device, ragged=self.ragged)

    def padding(self, inputs: Inputs, chosen: IntArray, budget: int) -> int:
        """Pieces of padding in an effective batch."""
        if self.ragged:
            return 0
        parts = self.split(inputs, chosen, budget)
        padded = sum(int(inputs.lengths[part].max() * inputs.widths[part].sum()) for part in parts)
        return padded - int(pieces_of(inputs, chosen).sum())


def pieces_of(inputs: Inputs, chosen: IntArray) -> IntArray:
    """Pieces of each chosen input, all its sequences together."""
    starts = inputs.first_piece[inputs.first_sequence]
    sizes: IntArray = starts[chosen + 1] - starts[chosen]
    return sizes


def _full(order: IntArray, sizes: IntArray, budget: int) -> list[IntArray]:
    """Parts that are as large as the budget allows."""
    parts: list[IntArray] = []
    start = 0
    while start < len(order):
        count = max(1, int(np.searchsorted(np.cumsum(sizes[start:]), budget, side="right")))
        parts.append(order[start : start + count])
        start += count
    return parts


def _cheapest(order: IntArray, lengths: IntArray, widths: IntArray, budget: int, worth: int | None) -> list[IntArray]:
    """The parts that cost least, in pieces that pass and ``worth`` pieces a pass; ``lengths`` descend.

    By dynamic programming over the end of the last part: of parts that cost the same, the fewest.
    """
    before = np.concatenate([[0], np.cumsum(widths)])
    a_pass = int(lengths[0] * before[-1]) if worth is None else worth  # None: more than any padding
    costs = np.zeros(len(order) + 1, np.int64)
    begins = np.zeros(len(order) + 1, np.int64)
    for end in range(1, len(order) + 1):
        pieces = lengths[:end] * (before[end] - before[:end])  # of a part from each place to here
        fits = pieces <= budget
        fits[-1] = True
        total = np.where(fits, costs[:end] + pieces + a_pass, np.iinfo(np.int64).max)
        begins[end] = np.argmin(total)
        costs[end] = total[begins[end]]
    cuts = [len(order)]
    while cuts[-1] > 0:
        cuts.append(int(begins[cuts[-1]]))
    cuts.reverse()
    return [order[start:end] for start, end in pairwise(cuts)]
