"""Turns packed inputs into padded tensors, and an effective batch into micro-batches.

An effective batch is exactly ``batch_size`` inputs (see :class:`harness.specs.training.Hyper` for the
definition). Its inputs are sorted by length and cut where padding would exceed the piece budget; this decides how much
memory and padding a step costs, but not its result.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch

from harness.training.inputs import CUT, Inputs, IntArray
from harness.training.layout import Layout, lay_out
from harness.training.runtime import derived_seed
from tasks.types.base import HeadKind

#: Work on padding, in parameters times pieces, that takes about as long as passing through a model once more does
#: beside its arithmetic: little on a CPU, much on a GPU. Measured with MiniLM (1e7 parameters: 128 pieces).
_WORK_OF_A_PASS = {"cpu": 1.36e9, "cuda": 1.7e11}


def padding_limit(device: str, parameters: int) -> int | None:
    """Most pieces of padding that are worth saving a pass through a model of so many parameters, or None: no limit."""
    work = _WORK_OF_A_PASS.get(device)
    return None if work is None else max(1, round(work / max(1, parameters)))


@dataclass(frozen=True, kw_only=True)
class Batch:
    """A micro-batch, which passes through the model at once.

    Attributes:
        kind: which kind of head reads it.
        input_ids, token_type_ids: (sequences, pieces), padding on the right; with a ``layout`` (1, pieces of all).
        attention_mask: where real pieces stand, (sequences, pieces).
        targets: (inputs,), (words,) or (inputs, 2), as the kind wants; None without answers.
        choices: (choice) sequence of each choice, (inputs, choices), -1 where a row has fewer.
        words: (token) sequence and position of each word's first piece, (2, words).
        allowed: (span) pieces that may start or end an answer, (inputs, pieces).
        word_counts: (token) words of each input.
        lengths: pieces of each sequence.
        widths: sequences of each input.
        layout: how sequences lie end to end; None where they are padded.
    """

    kind: HeadKind
    input_ids: torch.Tensor
    attention_mask: torch.Tensor
    token_type_ids: torch.Tensor | None
    targets: torch.Tensor | None
    choices: torch.Tensor | None
    words: torch.Tensor | None
    allowed: torch.Tensor | None
    word_counts: IntArray
    lengths: IntArray
    widths: IntArray
    layout: Layout | None = None


def collate(inputs: Inputs, chosen: IntArray, *, pad_id: int, device: torch.device, ragged: bool = False) -> Batch:
    """The inputs at ``chosen``, in that order, padded to the longest of them or, if ``ragged``, end to end."""
    widths = inputs.widths[chosen]
    sequences = _ranges(inputs.first_sequence[chosen], widths)
    starts = inputs.first_piece[sequences]
    lengths = inputs.first_piece[sequences + 1] - starts
    columns = np.arange(lengths.max())
    mask = columns < lengths[:, None]  # (sequences, pieces)
    layout = lay_out(lengths, device) if ragged else None
    pieces = (
        (starts[:, None] + columns)[mask] if layout is None else _ranges(starts[layout.order], lengths[layout.order])
    )
    word_counts = inputs.first_word[chosen + 1] - inputs.first_word[chosen]
    words = _ranges(inputs.first_word[chosen], word_counts)
    kind = inputs.kind

    def tensor(array: npt.NDArray[np.generic]) -> torch.Tensor:
        return torch.from_numpy(array).to(device)

    def side(flat: npt.NDArray[np.integer], fill: int) -> torch.Tensor:
        return tensor(flat[pieces].astype(np.int64)[None] if ragged else _padded(flat, pieces, mask, fill))

    return Batch(
        kind=kind,
        input_ids=side(inputs.ids, pad_id),
        attention_mask=tensor(mask.astype(np.int64)),
        token_type_ids=None if inputs.types is None else side(inputs.types, 0),
        targets=None if inputs.targets is None else tensor(_chosen_targets(inputs, chosen, words)),
        choices=tensor(_choices(widths)) if kind is HeadKind.CHOICE else None,
        words=tensor(_word_positions(inputs, words, word_counts)) if kind is HeadKind.TOKEN else None,
        allowed=tensor(_allowed(inputs.context[chosen], columns)) if kind is HeadKind.SPAN else None,
        word_counts=word_counts,
        lengths=lengths,
        widths=widths,
        layout=layout,
    )


def _ranges(starts: IntArray, counts: IntArray) -> IntArray:
    """``starts[0], starts[0] + 1, ...`` for ``counts[0]`` numbers, then the same for the next."""
    ends = np.cumsum(counts)
    total = int(ends[-1]) if len(ends) else 0
    numbers: IntArray = np.arange(total) + np.repeat(starts - (ends - counts), counts)
    return numbers


def _padded(
    flat: npt.NDArray[np.integer], pieces: IntArray, mask: npt.NDArray[np.bool_], fill: int
) -> npt.NDArray[np.int64]:
    table = np.full(mask.shape, fill, np.int64)
    table[mask] = flat[pieces]
    return table


def _chosen_targets(inputs: Inputs, chosen: IntArray, words: IntArray) -> npt.NDArray[np.int64]:
    if inputs.targets is None:
        raise ValueError("these inputs have no targets")
    return inputs.targets[words if inputs.kind is HeadKind.TOKEN else chosen].astype(np.int64)


def _choices(widths: IntArray) -> IntArray:
    columns = np.arange(widths.max())
    first = np.cumsum(widths) - widths
    return np.where(columns < widths[:, None], first[:, None] + columns, -1)


def _word_positions(inputs: Inputs, words: IntArray, counts: IntArray) -> IntArray:
    return np.stack([np.repeat(np.arange(len(counts)), counts), inputs.words[words].astype(np.int64)])


def _allowed(context: npt.NDArray[np.int32], columns: IntArray) -> npt.NDArray[np.bool_]:
    inside: npt.NDArray[np.bool_] = (columns >= context[:, :1]) & (columns < context[:, 1:])
    allowed: npt.NDArray[np.bool_] = inside | (columns == 0)
    return allowed


def micro_batches(inputs: Inputs, chosen: IntArray, budget: int, *, padding: int | None = None) -> list[IntArray]:
    """Split ``chosen``, longest first, so that no part holds more than ``budget`` pieces, padding included.

    Where ``padding`` is given, no part holds more pieces of padding than that either (:func:`padding_limit`). An input
    that alone exceeds the budget makes a part of its own. Equal lengths keep their order.
    """
    spare = budget if padding is None else padding
    lengths = inputs.lengths[chosen]
    order = chosen[np.argsort(-lengths, kind="stable")]
    parts: list[IntArray] = []
    start = 0
    while start < len(order):
        longest = int(inputs.lengths[order[start]])
        near = order[start : start + budget // longest + 1]  # an input is at least one sequence wide
        padded = np.cumsum(inputs.widths[near]) * longest
        wasted = padded - np.cumsum(inputs.widths[near] * inputs.lengths[near])
        count = max(1, int(((padded <= budget) & (wasted <= spare)).sum()))
        parts.append(order[start : start + count])
        start += count
    return parts


def target_count(inputs: Inputs, chosen: IntArray) -> int:
    """Targets that the loss of these inputs sums over: one an input, one a tagged word, two a span."""
    if inputs.kind is HeadKind.TOKEN:
        words = _ranges(inputs.first_word[chosen], inputs.first_word[chosen + 1] - inputs.first_word[chosen])
        return 0 if inputs.targets is None else int((inputs.targets[words] != CUT).sum())
    return len(chosen) * (2 if inputs.kind is HeadKind.SPAN else 1)


def shuffled(count: int, batch_size: int, seed: int) -> Iterator[IntArray]:
    """Endless effective batches of exactly ``batch_size`` out of ``count`` inputs.

    Every pass is shuffled independently. A batch may hold the end of one pass and the beginning of the next, so no
    input is ever seen two times more often than another.
    """
    waiting = np.empty(0, np.int64)
    passes = 0
    while True:
        while len(waiting) < batch_size:
            order = np.random.default_rng(derived_seed(seed, "pass", passes)).permutation(count)
            waiting = np.concatenate([waiting, order])
            passes += 1
        yield waiting[:batch_size]
        waiting = waiting[batch_size:]
