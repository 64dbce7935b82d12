"""Rows that are there more than once, byte for byte: searched once, found under all their places."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt

_Ids = npt.NDArray[np.int64]
_BLOCK = 1 << 12  # rows looked at together


@dataclass(frozen=True, kw_only=True)
class Distinct:
    """The different rows of a matrix, in order of first appearance.

    Attributes:
        rows: the different rows (d, width); the matrix itself where no row is there twice.
        places: for each row of the matrix, which of ``rows`` it is (n,).
        members: rows of the matrix, those of ``rows[0]`` first, each group in order (n,).
        starts: where in ``members`` the group of each of ``rows`` starts (d,).
        copies: whether any row is there more than once.
    """

    rows: npt.NDArray[np.float32]
    places: _Ids
    members: _Ids
    starts: _Ids
    copies: bool

    @classmethod
    def of(cls, matrix: npt.NDArray[np.float32], hashes: npt.NDArray[np.uint64] | None = None) -> Self:
        """Find the different rows. Two rows that hash alike and differ are kept apart.

        Args:
            matrix: shape (n, width).
            hashes: a number for each row, equal for equal rows (n,); computed from the rows if None.
        """
        count = len(matrix)
        keys = _hashes(matrix) if hashes is None else hashes
        _, first, inverse = np.unique(keys, return_index=True, return_inverse=True)
        if len(first) == count:
            same = np.arange(count, dtype=np.int64)
            return cls(rows=matrix, places=same, members=same, starts=same, copies=False)
        leaders = first[inverse].astype(np.int64)
        doubtful = np.flatnonzero(leaders != np.arange(count))
        for start in range(0, len(doubtful), _BLOCK):
            part = doubtful[start : start + _BLOCK]
            differ = part[(matrix[part] != matrix[leaders[part]]).any(axis=1)]
            leaders[differ] = differ
        kept = np.flatnonzero(leaders == np.arange(count))
        number = np.zeros(count, np.int64)
        number[kept] = np.arange(len(kept))
        places = number[leaders]
        members = np.argsort(places, kind="stable").astype(np.int64)
        starts = np.concatenate(([0], np.cumsum(np.bincount(places, minlength=len(kept)))[:-1])).astype(np.int64)
        return cls(rows=matrix[kept], places=places, members=members, starts=starts, copies=True)

    def __len__(self) -> int:
        return len(self.rows)

    def expand(self, scores: npt.NDArray[np.float64], ids: _Ids, k: int) -> tuple[npt.NDArray[np.float64], _Ids]:
        """The ``k`` best rows of the matrix for each query, from its best different rows.

        Args:
            scores: of different rows (queries, few), exact: ties are decided by them.
            ids: the different rows.
            k: how many rows are wanted; the groups of the ``few`` hold as many.

        Returns:
            Scores and rows of the matrix (queries, k), best first, equal scores in order of the rows.
        """
        sizes = np.diff(np.append(self.starts, len(self.members)))
        found_scores = np.empty((len(ids), k))
        found_ids = np.empty((len(ids), k), np.int64)
        most = np.minimum(sizes, k)
        offsets = np.arange(k)
        block = max(1, (1 << 20) // (ids.shape[1] * k))
        for start in range(0, len(ids), block):
            part = slice(start, start + block)
            places = self.starts[ids[part]][:, :, None] + offsets  # (queries, few, k)
            there = offsets < most[ids[part]][:, :, None]
            rows = np.where(there, self.members[np.where(there, places, 0)], len(self.members))
            values = np.where(there, scores[part][:, :, None], -np.inf)
            flat_rows, flat_values = (array.reshape(len(array), -1) for array in (rows, values))
            order = np.lexsort((flat_rows, -flat_values), axis=1)[:, :k]
            found_scores[part] = np.take_along_axis(flat_values, order, axis=1)
            found_ids[part] = np.take_along_axis(flat_rows, order, axis=1)
        return found_scores, found_ids


def _hashes(matrix: npt.NDArray[np.float32]) -> npt.NDArray[Any]:
    """A 64-bit number for each row, equal for equal rows."""
    # Minus zero is another pattern of bits than zero but the same number.
    factors = np.random.default_rng(0).integers(1, 2**63, size=matrix.shape[1], dtype=np.uint64) | np.uint64(1)
    found = np.empty(len(matrix), np.uint64)
    for start in range(0, len(matrix), _BLOCK):
        part = np.ascontiguousarray(matrix[start : start + _BLOCK] + np.float32(0))
        found[start : start + _BLOCK] = (part.view(np.uint32) * factors).sum(axis=1, dtype=np.uint64)
    return found
