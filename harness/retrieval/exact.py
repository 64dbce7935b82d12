"""From candidates that single precision found to the exact neighbours: what it cannot tell apart is scored again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

FloatMatrix = npt.NDArray[np.float32]
IdMatrix = npt.NDArray[np.int64]
_Doubles = npt.NDArray[np.float64]
_Ids = npt.NDArray[np.int64]

#: Numbers held at once while candidates are scored again; small enough for a core's cache, which is what it takes.
_BLOCK_VALUES = 1 << 18
#: Products held at once where a query is compared with the whole corpus again (32 MiB).
_SCAN_VALUES = 1 << 23


@dataclass(frozen=True, kw_only=True)
class Rough:
    """The best corpus rows of each query by single precision, best first.

    Attributes:
        scores: shape (queries, candidates).
        ids: corpus rows, the same shape.
    """

    scores: FloatMatrix
    ids: IdMatrix


def lengths(matrix: FloatMatrix) -> _Doubles:
    """Euclidean lengths of rows, in double precision."""
    found: _Doubles = np.sqrt(np.einsum("ij,ij->i", matrix, matrix, dtype=np.float64))
    return found


def settle(queries: FloatMatrix, corpus: FloatMatrix, rough: Rough, k: int) -> tuple[_Doubles, IdMatrix]:
    """The ``k`` best corpus rows of each query by double-precision scores; equal scores stand in corpus order.

    Args:
        queries: shape (n, width).
        corpus: shape (m, width).
        rough: at least ``k`` candidates a query: the best by single precision, in whatever order it summed.
        k: how many are wanted.

    Returns:
        Scores and corpus rows, both (n, k).
    """
    scores, ids = np.empty((len(queries), k)), np.empty((len(queries), k), np.int64)
    if not len(queries):
        return scores, ids
    near = 2 * _error(queries, corpus)
    least = rough.scores[:, k - 1] - near  # a row of the k best has at least this by single precision
    wanted = rough.ids.shape[1]
    whole = wanted == len(corpus)
    surely_enough = np.full(len(queries), whole) if whole else rough.scores[:, -1] < least
    surely_first = surely_enough if wanted == k else rough.scores[:, k] < least
    for chosen, width in ((surely_first, k), (surely_enough & ~surely_first, wanted)):
        rows = np.flatnonzero(chosen)
        block = max(1, _BLOCK_VALUES // (width * corpus.shape[1]))
        for start in range(0, len(rows), block):
            part = rows[start : start + block]
            scores[part], ids[part] = _rescore(queries[part], corpus, rough.ids[part, :width], k)
    left = np.flatnonzero(~surely_enough)
    _scan(queries, corpus, left, least[left], k, scores, ids)
    return scores, ids


def _error(queries: FloatMatrix, corpus: FloatMatrix) -> _Doubles:
    """By how much a product of single precision may err, for each query.

    Any order of summation errs by less than this times the lengths of both rows (Higham 2002, Accuracy and Stability of
    Numerical Algorithms, section 3.1).
    """
    relative = corpus.shape[1] * np.finfo(np.float32).eps / 2 * 1.01
    longest = max(float(lengths(corpus[start : start + 65536]).max()) for start in range(0, len(corpus), 65536))
    error: _Doubles = relative * longest * lengths(queries)
    return error


def _rescore(queries: FloatMatrix, corpus: FloatMatrix, candidates: IdMatrix, k: int) -> tuple[_Doubles, IdMatrix]:
    """The ``k`` best of each query's candidates."""
    ordered = np.sort(candidates, axis=1)
    scores = _products(corpus[ordered], queries[:, None, :])
    best = np.argsort(-scores, axis=1, kind="stable")[:, :k]
    return np.take_along_axis(scores, best, axis=1), np.take_along_axis(ordered, best, axis=1)


def _products(left: npt.NDArray[Any], right: npt.NDArray[Any]) -> _Doubles:
    # A sum over the last axis adds every row in the same order, so equal rows get equal scores; a matrix product does
    # not promise that.
    products = left.astype(np.float64)
    products *= right
    found: _Doubles = products.sum(axis=-1)
    return found


def _scan(
    queries: FloatMatrix, corpus: FloatMatrix, rows: _Ids, least: _Doubles, k: int, scores: _Doubles, ids: IdMatrix
) -> None:
    """Answer the queries ``rows`` from all corpus rows that reach ``least`` by single precision, however many.

    It is for queries with more near ties than candidates. Memory is bounded; the time is that of a search, and of
    scoring again what is near.
    """
    width = max(1, min(len(corpus), 65536))
    block = max(1, _SCAN_VALUES // width)
    for start in range(0, len(rows), block):
        part = rows[start : start + block]
        best = [(np.empty(0), np.empty(0, np.int64))] * len(part)
        for first in range(0, len(corpus), width):
            searched = corpus[first : first + width]
            products = queries[part] @ searched.T
            for place, near in enumerate(products >= least[start : start + block, None]):
                found = np.flatnonzero(near)
                if len(found):
                    best[place] = _merge(best[place], queries[part[place]], searched, found, first, k)
        for row, (values, places) in zip(part, best, strict=True):
            scores[row], ids[row] = values, places


def _merge(
    best: tuple[_Doubles, _Ids], query: FloatMatrix, searched: FloatMatrix, found: _Ids, first: int, k: int
) -> tuple[_Doubles, _Ids]:
    """The ``k`` best of those so far, which come earlier in the corpus, and of ``searched[found]``."""
    block = max(1, 8 * _BLOCK_VALUES // searched.shape[1])
    for start in range(0, len(found), block):
        part = found[start : start + block]
        values = np.concatenate((best[0], _products(searched[part], query)))
        places = np.concatenate((best[1], part + first))
        order = np.argsort(-values, kind="stable")[:k]
        best = values[order], places[order]
    return best
