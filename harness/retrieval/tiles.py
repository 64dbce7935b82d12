"""All products of two sides, each computed once, tile by tile: the best of every row and of every column."""

from __future__ import annotations

from typing import Any

import faiss
import numpy as np
import numpy.typing as npt
import torch

from harness.context import Progress
from harness.retrieval.exact import FloatMatrix, IdMatrix, Rough

#: Bytes for products.
DEFAULT_MEMORY = 1 << 29
#: Above this a tile no longer makes the product faster (measured on 30,000 x 30,000 x 768).
_MOST_ROWS = 2048
_MOST_COLUMNS = 32768
#: Of a tile's numbers the share (one in so many) that may have to be kept at once; each takes some 60 bytes meanwhile.
_FEW = 16
#: For one number of a tile: itself, its part of the mask, and a copy in the first tile or those kept in a later one.
_BYTES = 9


def rough_both(
    left: FloatMatrix,
    right: FloatMatrix,
    of_left: int,
    of_right: int,
    *,
    threads: int,
    memory: int = DEFAULT_MEMORY,
    device: torch.device,
    report: Progress,
) -> tuple[Rough, Rough]:
    """The largest products of every row of ``left``, and of every row of ``right``, in single precision.

    Args:
        left: shape (n, width).
        right: shape (m, width).
        of_left: how many for each row of ``left``, at most ``m``.
        of_right: how many for each row of ``right``, at most ``n``.
        threads: of the products.
        memory: bytes for products.
        device: where they are computed.
        report: told how much is done.
    """
    rows, columns = tile_shape(len(left), len(right), memory)
    if device.type != "cpu":
        return search_on_device(left, right, (of_left, of_right), (rows, columns), device, report)
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    faiss.omp_set_num_threads(threads)
    try:
        return _on_cpu(left, right, (of_left, of_right), (rows, columns), report)
    finally:
        torch.set_num_threads(before)


def tile_shape(rows: int, columns: int, memory: int) -> tuple[int, int]:
    """Rows and columns of a tile that takes at most about ``memory`` bytes: whole rows where they fit."""
    numbers = max(1, memory // _BYTES)
    wide = min(columns, _MOST_COLUMNS, numbers)
    high = max(1, min(rows, _MOST_ROWS, numbers // max(1, wide)))
    return high, max(1, wide)


def _on_cpu(
    left: FloatMatrix,
    right: FloatMatrix,
    wanted: tuple[int, int],
    tile: tuple[int, int],
    report: Progress,
) -> tuple[Rough, Rough]:
    """BLAS for the products, FAISS's heaps for rows, and for columns what exceeds the least that each has kept."""
    ahead, back = _Heaps(len(left), wanted[0]), _Columns(len(right), wanted[1])
    one, other = torch.from_numpy(left), torch.from_numpy(right)
    room = torch.empty(tile[0] * tile[1])  # one for all tiles: memory that is new for each costs a tenth of the product
    for first in range(0, len(left), tile[0]):
        part = one[first : first + tile[0]]
        for start in range(0, len(right), tile[1]):
            searched = other[start : start + tile[1]]
            out = room[: len(part) * len(searched)].view(len(part), len(searched))
            products = torch.mm(part, searched.T, out=out).numpy()
            ahead.add(products, first, start)
            back.add(products, first, start)
            done = first * len(right) + len(part) * min(start + tile[1], len(right))
            report(done / (len(left) * len(right)), f"{len(left):,} x {len(right):,} products")
    return ahead.sorted(), back.sorted()


class _Heaps:
    """The best of each row, in FAISS's heaps."""

    def __init__(self, rows: int, wanted: int) -> None:
        self.scores = np.full((rows, wanted), -np.inf, np.float32)
        self.ids = np.full((rows, wanted), -1, np.int64)
        if rows:
            self._heap(0, rows).heapify()

    def _heap(self, first: int, rows: int) -> Any:
        """FAISS's view of some rows; a slice of rows is contiguous."""
        heap = faiss.float_minheap_array_t()
        heap.nh, heap.k = rows, self.scores.shape[1]
        heap.val = faiss.swig_ptr(self.scores[first : first + rows])
        heap.ids = faiss.swig_ptr(self.ids[first : first + rows])
        return heap

    def add(self, products: FloatMatrix, first: int, start: int) -> None:
        """Take in the products of the rows from ``first`` with the columns from ``start``."""
        rows, columns = products.shape
        self._heap(first, rows).addn(columns, faiss.swig_ptr(products), start, 0, rows)

    def sorted(self) -> Rough:
        """Best first."""
        if len(self.scores):
            self._heap(0, len(self.scores)).reorder()
        return Rough(scores=self.scores, ids=self.ids)


class _Columns:
    """The best of each column, unordered, and the least of them."""

    def __init__(self, columns: int, wanted: int) -> None:
        self.scores = np.full((columns, wanted), -np.inf, np.float32)
        self.ids = np.full((columns, wanted), -1, np.int64)
        self.least = np.full(columns, -np.inf, np.float32)

    def add(self, products: FloatMatrix, first: int, start: int) -> None:
        """Take in the products of the rows from ``first`` with the columns from ``start``.

        The first rows come in a heap of their own: as yet nothing is too small to be kept.
        """
        columns = slice(start, start + products.shape[1])
        if not first:
            heaps = _Heaps(products.shape[1], self.scores.shape[1])
            heaps.add(torch.from_numpy(products).T.contiguous().numpy(), 0, 0)
            found = heaps.sorted()
            self.scores[columns], self.ids[columns] = found.scores, found.ids
            self.least[columns] = found.scores[:, -1]
            return
        self._take(products, first, start)

    def _take(self, products: FloatMatrix, first: int, start: int) -> None:
        """Take in rows that are not the first.

        Where nearly everything is larger than what is kept (rows near the columns after rows far from them), keeping
        the numbers would take many times the tile's memory: the upper half comes first, and leaves less of the lower.
        """
        above = products > self.least[start : start + products.shape[1]]
        if len(products) > 1 and np.count_nonzero(above) > products.size // _FEW:
            half = len(products) // 2
            self._take(products[:half], first, start)
            self._take(products[half:], first + half, start)
            return
        places = np.flatnonzero(above)
        if len(places):
            rows, column = np.divmod(places, products.shape[1])
            self._keep(column + start, products.reshape(-1)[places], rows + first)

    def _keep(self, columns: npt.NDArray[np.int64], scores: FloatMatrix, rows: IdMatrix) -> None:
        """Put some products, in order of their rows, to their columns and drop what is then too small."""
        order = np.lexsort((-scores, columns))
        columns, scores, rows = columns[order], scores[order], rows[order]
        touched, begins, counts = np.unique(columns, return_index=True, return_counts=True)
        rank = np.arange(len(columns)) - np.repeat(begins, counts)
        width = self.scores.shape[1]
        kept = rank < width
        line = np.repeat(np.arange(len(touched)), counts)[kept]
        new = min(width, int(counts.max()))
        all_scores = np.full((len(touched), width + new), -np.inf, np.float32)
        all_ids = np.full((len(touched), width + new), -1, np.int64)
        all_scores[:, :width], all_ids[:, :width] = self.scores[touched], self.ids[touched]
        all_scores[line, width + rank[kept]] = scores[kept]
        all_ids[line, width + rank[kept]] = rows[kept]
        best = np.argpartition(-all_scores, width - 1, axis=1)[:, :width]
        self.scores[touched] = np.take_along_axis(all_scores, best, axis=1)
        self.ids[touched] = np.take_along_axis(all_ids, best, axis=1)
        self.least[touched] = self.scores[touched].min(axis=1)

    def sorted(self) -> Rough:
        """Best first."""
        order = np.argsort(-self.scores, axis=1, kind="stable")
        return Rough(
            scores=np.take_along_axis(self.scores, order, axis=1), ids=np.take_along_axis(self.ids, order, axis=1)
        )


def search_on_device(
    left: FloatMatrix,
    right: FloatMatrix,
    wanted: tuple[int, int],
    tile: tuple[int, int],
    device: torch.device,
    report: Progress,
) -> tuple[Rough, Rough]:
    """As :func:`rough_both`, all in torch, where the products are. One side lies there whole, the other in parts.

    Args:
        left: shape (n, width).
        right: shape (m, width).
        wanted: how many for each row of ``left``, and of ``right``.
        tile: rows and columns whose products are computed together.
        device: where; the CPU serves too.
        report: told how much is done.
    """
    other = torch.from_numpy(right).to(device)
    ahead: list[tuple[torch.Tensor, torch.Tensor]] = []
    back = _empty_best(len(right), wanted[1], device)
    for first in range(0, len(left), tile[0]):
        part = torch.from_numpy(left[first : first + tile[0]]).to(device)
        best = _empty_best(len(part), wanted[0], device)
        for start in range(0, len(right), tile[1]):
            columns = slice(start, start + tile[1])
            products = part @ other[columns].T
            best = _best_of(best, products, start)
            merged = _best_of((back[0][columns], back[1][columns]), products.T, first)
            back[0][columns], back[1][columns] = merged
        ahead.append((best[0].cpu(), best[1].cpu()))
        report(min(first + tile[0], len(left)) / len(left), f"{len(left):,} x {len(right):,} products")
    scores, ids = (torch.cat(parts).numpy() for parts in zip(*ahead, strict=True)) if ahead else _none(wanted[0])
    return Rough(scores=scores, ids=ids), Rough(scores=back[0].cpu().numpy(), ids=back[1].cpu().numpy())


def _empty_best(rows: int, wanted: int, device: torch.device) -> tuple[torch.Tensor, torch.Tensor]:
    scores = torch.full((rows, wanted), -torch.inf, device=device)
    return scores, torch.full((rows, wanted), -1, dtype=torch.int64, device=device)


def _best_of(
    best: tuple[torch.Tensor, torch.Tensor], products: torch.Tensor, first: int
) -> tuple[torch.Tensor, torch.Tensor]:
    """The best of each row, so far and among the new products, whose columns count from ``first``; best first."""
    wanted = best[0].shape[1]
    scores, ids = products.topk(min(wanted, products.shape[1]), dim=1)
    merged = torch.cat((best[0], scores), dim=1).topk(wanted, dim=1)
    return merged.values, torch.cat((best[1], ids + first), dim=1).gather(1, merged.indices)


def _none(wanted: int) -> tuple[FloatMatrix, IdMatrix]:
    return np.empty((0, wanted), np.float32), np.empty((0, wanted), np.int64)
