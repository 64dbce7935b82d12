"""Predicts logits for many inputs."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import torch

from harness.context import Progress
from harness.training.batches import Batch, collate, micro_batches, padding_limit
from harness.training.inputs import Inputs, IntArray
from harness.training.memory import PieceBudget, out_of_memory
from harness.training.model import Model
from harness.training.runtime import autocast
from tasks.types.base import HeadKind

FloatArray = npt.NDArray[np.float32]

#: Pieces that pass through the model at once, padding included. On a CPU small batches stay in its cache.
PIECE_BUDGET = {"cpu": 4096, "cuda": 65536}


def piece_budget(device: torch.device) -> PieceBudget:
    """How much a device predicts at once, to begin with."""
    return PieceBudget(pieces=PIECE_BUDGET.get(device.type, 4096))


def predict_logits(
    model: Model,
    head: str,
    inputs: Inputs,
    *,
    pad_id: int,
    device: torch.device,
    precision: str,
    report: Progress,
    budget: PieceBudget | None = None,
) -> list[FloatArray]:
    """The logits of each input, in order, in the shape its head kind says (``tasks.types.base.HeadKind``).

    Equal inputs are computed once, and share one array. The model is left in the mode (training or evaluation) it was
    in. Where memory runs out, ``budget`` is made smaller and says so.
    """
    budget = budget or piece_budget(device)
    distinct, member = _distinct(inputs)
    spare = padding_limit(device.type, model.arithmetic)
    waiting = micro_batches(inputs, distinct, budget.pieces, padding=spare)
    parts: list[IntArray] = []
    results: list[FloatArray] = []
    was_training = model.training
    model.eval()
    pieces = int(inputs.lengths[distinct].sum())
    done = 0
    with torch.inference_mode(), autocast(device, precision):
        while waiting:
            part = waiting.pop(0)
            try:
                batch = collate(inputs, part, pad_id=pad_id, device=device)
                logits = model(batch, head).float().cpu().numpy()
            except (RuntimeError, MemoryError) as error:
                if not out_of_memory(error) or len(part) == 1:
                    raise
                budget.halve("prediction")
                rest = np.concatenate([part, *waiting])  # longest first, as micro_batches left them
                waiting = micro_batches(inputs, rest, budget.pieces, padding=spare)
                continue
            results.extend(_split(batch, logits))
            parts.append(part)
            done += int(inputs.lengths[part].sum())
            report(done / pieces, f"predicting, {done:,} of {pieces:,} pieces")
    model.train(was_training)
    position = np.empty(len(inputs), np.int64)
    position[np.concatenate(parts)] = np.arange(len(distinct))
    return [results[position[index]] for index in distinct[member]]


def _distinct(inputs: Inputs) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """The first of each set of equal inputs, and for every input which of those it equals."""
    seen: dict[tuple[bytes, ...], int] = {}
    firsts: list[int] = []
    member = np.empty(len(inputs), np.int64)
    for index in range(len(inputs)):
        key = _key(inputs, index)
        if key not in seen:
            seen[key] = len(firsts)
            firsts.append(index)
        member[index] = seen[key]
    return np.array(firsts, np.int64), member


def _key(inputs: Inputs, index: int) -> tuple[bytes, ...]:
    first, last = inputs.first_sequence[index], inputs.first_sequence[index + 1]
    pieces = slice(inputs.first_piece[first], inputs.first_piece[last])
    words = slice(inputs.first_word[index], inputs.first_word[index + 1])
    return (
        np.diff(inputs.first_piece[first : last + 1]).tobytes(),
        inputs.ids[pieces].tobytes(),
        b"" if inputs.types is None else inputs.types[pieces].tobytes(),
        inputs.words[words].tobytes(),
        inputs.context[index].tobytes(),
    )


def _split(batch: Batch, logits: FloatArray) -> Sequence[FloatArray]:
    """Cut the logits of a batch into those of its inputs, padding taken off."""
    match batch.kind:
        case HeadKind.SEQUENCE:
            return [row.copy() for row in logits]
        case HeadKind.CHOICE:
            return [row[:width].copy() for row, width in zip(logits, batch.widths, strict=True)]
        case HeadKind.TOKEN:
            return np.split(logits, np.cumsum(batch.word_counts)[:-1])
        case HeadKind.SPAN:
            return [row[:length].copy() for row, length in zip(logits, batch.lengths, strict=True)]
