"""How sequences of unequal lengths lie end to end, and how they become a padded table and pieces again."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from harness.training.inputs import IntArray


@dataclass(frozen=True, kw_only=True)
class Group:
    """Neighbouring sequences that attention takes at once.

    Attributes:
        pieces: how many real ones.
        count, length: sequences, and pieces of each; where these are fewer, padding makes up for it.
        table: piece of the group at each place of (count, length); any piece where there is padding. None: no padding.
        places: the other way round, the place of each piece.
        real: (count, 1, 1, length), where a real piece stands.
    """

    pieces: int
    count: int
    length: int
    table: torch.Tensor | None = None
    places: torch.Tensor | None = None
    real: torch.Tensor | None = None


@dataclass(frozen=True, kw_only=True)
class Layout:
    """How sequences lie end to end.

    Attributes:
        order: the sequences as they lie, longest first.
        positions: of each piece in its sequence, (1, pieces).
        groups: for attention; each holds every piece once, all of them together too.
        whole: all sequences as one group in the order they were given, for the heads.
        ends: where each sequence ends as they lie, from 0 on, (sequences + 1,), for kernels that take them end to end;
            None on a CPU, which has none.
    """

    order: IntArray
    positions: torch.Tensor
    groups: tuple[Group, ...]
    whole: Group
    ends: torch.Tensor | None = None


def lay_out(lengths: IntArray, device: torch.device) -> Layout:
    """The layout of sequences of these lengths.

    On a CPU attention takes sequences of one length at a time and nothing is padded. Elsewhere it takes all at once,
    since many small calls cost more than attention to padding: end to end where a kernel does that, else padded.
    """
    order = np.argsort(-lengths, kind="stable")
    lying = lengths[order]
    positions = np.arange(lengths.sum()) - np.repeat(np.cumsum(lying) - lying, lying)
    whole = _padded(lengths, order, device)
    return Layout(
        order=order,
        positions=torch.from_numpy(positions).to(device)[None],
        groups=tuple(_equal(lying)) if device.type == "cpu" else (whole,),
        whole=whole,
        ends=None if device.type == "cpu" else torch.from_numpy(_ends(lying)).to(device),
    )


def _ends(lengths: IntArray) -> npt.NDArray[np.int32]:
    return np.concatenate([[0], np.cumsum(lengths)]).astype(np.int32)


def _equal(lengths: IntArray) -> Iterator[Group]:
    """Runs of sequences of one length."""
    for run in np.split(lengths, np.flatnonzero(np.diff(lengths)) + 1):
        yield Group(pieces=int(run.sum()), count=len(run), length=int(run[0]))


def _padded(lengths: IntArray, order: IntArray, device: torch.device) -> Group:
    """All sequences, each padded to the longest; ``order`` is the one they lie in."""
    longest = int(lengths.max())
    starts = np.empty_like(lengths)
    starts[order] = np.cumsum(lengths[order]) - lengths[order]
    columns = np.arange(longest)
    real = columns < lengths[:, None]
    table = np.where(real, starts[:, None] + columns, starts[:, None])
    places = np.argsort(table[real])  # of the n-th piece, which of the real places

    def tensor(array: npt.NDArray[np.generic]) -> torch.Tensor:
        return torch.from_numpy(array).to(device)

    return Group(
        pieces=int(lengths.sum()),
        count=len(lengths),
        length=longest,
        table=tensor(table.ravel()),
        places=tensor(np.flatnonzero(real)[places]),
        real=tensor(real)[:, None, None],
    )


def spread(pieces: torch.Tensor, group: Group) -> torch.Tensor:
    """Pieces end to end, (pieces, ...), as sequences, (count, length, ...); values in padding are meaningless."""
    if group.table is None or group.places is None:
        return pieces.reshape(group.count, group.length, *pieces.shape[1:])
    rows: torch.Tensor = _Rows.apply(pieces, group.table, group.places)  # type: ignore[no-untyped-call]
    return rows.view(group.count, group.length, *pieces.shape[1:])


def gather(sequences: torch.Tensor, group: Group) -> torch.Tensor:
    """The other way round."""
    flat = sequences.reshape(group.count * group.length, *sequences.shape[2:])
    return flat if group.places is None else flat.index_select(0, group.places)


class _Rows(torch.autograd.Function):
    """Rows at ``table``, of which those at ``places`` alone count: each row counts once, so no gradient is a sum."""

    @staticmethod
    def forward(ctx: Any, rows: torch.Tensor, table: torch.Tensor, places: torch.Tensor) -> torch.Tensor:
        ctx.save_for_backward(places)
        return rows.index_select(0, table)

    @staticmethod
    def backward(ctx: Any, *gradients: torch.Tensor) -> tuple[torch.Tensor, None, None]:
        (places,) = ctx.saved_tensors
        return gradients[0].index_select(0, places), None, None
