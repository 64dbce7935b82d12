"""Exact nearest neighbours by inner product, over FAISS's ``IndexFlatIP``.

FAISS finds the candidates in single precision; the candidates are then scored again in double precision, one pair at a
time. That makes the answer the same for every thread count and blocking, and decides ties by rule: of equal neighbours
the first in the corpus counts, as in XTREME, whose arg-max over equal scores takes the first.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import faiss
import numpy as np
import numpy.typing as npt

from tasks.errors import UserError

FloatMatrix = npt.NDArray[np.float32]
IdMatrix = npt.NDArray[np.int64]
IdVector = npt.NDArray[np.int64]

#: Candidates beyond k that the first search asks for, so that near ties seldom need a second one.
_SPARE = 8
#: Numbers held at once while candidates are scored again or searched again (64 MiB in double precision).
_BLOCK_VALUES = 1 << 23


class Neighbours(NamedTuple):
    """The k nearest corpus rows of each query, best first.

    Attributes:
        scores: inner products, shape (queries, k), float32.
        ids: 0-based corpus rows, shape (queries, k), int64; equal scores stand in corpus order.
    """

    scores: FloatMatrix
    ids: IdMatrix


def unit_rows(vectors: npt.NDArray[Any], *, name: str = "embeddings") -> FloatMatrix:
    """Rows scaled to Euclidean length one, as float32; shape (n, width). ``name`` is for the message.

    Raises:
        UserError: not two-dimensional, or a row is not finite or has length zero; the row is named.
    """
    matrix = np.asarray(vectors, dtype=np.float32)
    _check(matrix, name)
    # In double precision, so that neither very short nor very long rows lose their length.
    unit: FloatMatrix = (matrix / _lengths(matrix)[:, None]).astype(np.float32)
    return unit


def search(queries: FloatMatrix, corpus: FloatMatrix, k: int, *, threads: int = 1) -> Neighbours:
    """The ``k`` corpus rows with the largest inner product with each query, exactly.

    Args:
        queries: shape (n, width), float32.
        corpus: shape (m, width), float32, ``m >= k``.
        k: neighbours a query.
        threads: OpenMP threads of FAISS. The answer does not depend on it.

    Raises:
        UserError: wrong shape or type, a row that is not finite or all zeros, or ``k`` outside 1 to ``m``.
    """
    _check(queries, "queries")
    _check(corpus, "corpus")
    if queries.shape[1] != corpus.shape[1]:
        raise UserError(
            f"queries are {queries.shape[1]} wide but the corpus is {corpus.shape[1]} wide",
            remedy="embed both with the same backbone and layer",
        )
    if not 1 <= k <= len(corpus):
        raise UserError(f"{k} neighbours were asked for in a corpus of {len(corpus)} rows", where="k")
    faiss.omp_set_num_threads(threads)
    found = Neighbours(np.empty((len(queries), k), np.float32), np.empty((len(queries), k), np.int64))
    _Search(queries, corpus, found).fill(np.arange(len(queries)), k + _SPARE)
    return found


class _Search:
    """One search under way: fills ``found``, whose arrays are as wide as there are neighbours wanted."""

    def __init__(self, queries: FloatMatrix, corpus: FloatMatrix, found: Neighbours) -> None:
        self.queries = queries
        self.corpus = corpus
        self.found = found
        self.index = faiss.IndexFlatIP(corpus.shape[1])
        self.index.add(np.ascontiguousarray(corpus))
        # Any order of single-precision summation errs by less than this times the lengths of both rows
        # (Higham 2002, Accuracy and Stability of Numerical Algorithms, section 3.1).
        error = corpus.shape[1] * np.finfo(np.float32).eps / 2 * 1.01
        self.error = error * float(_lengths(corpus).max())

    def fill(self, rows: IdVector, wanted: int) -> None:
        """Answer the queries ``rows`` from ``wanted`` candidates each, and from more where those may not be enough."""
        wanted = min(wanted, len(self.corpus))
        block = max(1, _BLOCK_VALUES // (wanted * self.corpus.shape[1]))
        for start in range(0, len(rows), block):
            part = rows[start : start + block]
            open_rows = self._fill_block(part, wanted)
            if len(open_rows):
                self.fill(open_rows, 4 * wanted)

    def _fill_block(self, part: IdVector, wanted: int) -> IdVector:
        """Answer what ``wanted`` candidates surely answer; the rows that are left."""
        k = self.found.ids.shape[1]
        asked = np.ascontiguousarray(self.queries[part])
        rough, candidates = self.index.search(asked, wanted)
        # A row outside the candidates may belong to the k best only if it is within twice the error of the k-th.
        sure = rough[:, -1] < rough[:, k - 1] - 2 * self.error * _lengths(asked)
        if wanted == len(self.corpus):
            sure[:] = True
        scores, ids = _rescore(asked[sure], self.corpus, candidates[sure], k)
        self.found.scores[part[sure]] = scores
        self.found.ids[part[sure]] = ids
        left: IdVector = part[~sure]
        return left


def _lengths(matrix: FloatMatrix) -> npt.NDArray[np.float64]:
    lengths: npt.NDArray[np.float64] = np.sqrt(np.square(matrix, dtype=np.float64).sum(axis=1))
    return lengths


def _rescore(queries: FloatMatrix, corpus: FloatMatrix, candidates: IdMatrix, k: int) -> Neighbours:
    """The ``k`` best of each query's candidates by double-precision scores; equal scores in corpus order."""
    ordered = np.sort(candidates, axis=1)
    # A sum over the last axis adds every row in the same order, so equal rows get equal scores; a matrix product does
    # not promise that.
    products = corpus[ordered].astype(np.float64)
    products *= queries[:, None, :]
    scores = products.sum(axis=2)
    best = np.argsort(-scores, axis=1, kind="stable")[:, :k]
    return Neighbours(
        np.take_along_axis(scores, best, axis=1).astype(np.float32), np.take_along_axis(ordered, best, axis=1)
    )


def _check(matrix: FloatMatrix, name: str) -> None:
    if matrix.ndim != 2:  # noqa: PLR2004
        raise UserError(f"the {name} have {matrix.ndim} dimensions, not two (rows, width)")
    if matrix.dtype != np.float32:
        raise UserError(f"the {name} are {matrix.dtype}, not float32")
    finite = np.isfinite(matrix).all(axis=1)
    if not finite.all():
        raise UserError(f"row {int(np.argmin(finite))} of the {name} holds NaN or infinity")
    filled = matrix.any(axis=1)
    if not filled.all():
        raise UserError(
            f"row {int(np.argmin(filled))} of the {name} is all zeros", remedy="a zero row has no direction"
        )
