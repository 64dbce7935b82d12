"""Exact nearest neighbours by inner product, in one direction by FAISS's ``IndexFlatIP`` or in both at once.

Single precision finds the candidates; what it cannot tell apart is decided in double precision, one pair at a time
(:mod:`harness.retrieval.exact`). That makes the answer the same for every thread count and blocking, and decides ties
by rule: of equal neighbours the first in the corpus counts, as in XTREME, whose arg-max over equal scores takes the
first.

Both directions need the same products. :func:`search_both` computes each of them once, tile by tile, and keeps the best
of every row and of every column, where two searches would compute all of them twice.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import faiss
import numpy as np
import numpy.typing as npt
import torch

from harness.context import Progress
from harness.retrieval.distinct import Distinct
from harness.retrieval.exact import FloatMatrix, IdMatrix, Rough, lengths, settle
from harness.retrieval.tiles import DEFAULT_MEMORY, rough_both
from tasks.errors import UserError

#: Candidates beyond k that single precision is asked for, so that near ties seldom need a second look.
_SPARE = 8


class Neighbours(NamedTuple):
    """The k nearest corpus rows of each query, best first.

    Attributes:
        scores: inner products, shape (queries, k), float32.
        ids: 0-based corpus rows, shape (queries, k), int64; equal scores stand in corpus order.
    """

    scores: FloatMatrix
    ids: IdMatrix


def unit_rows(
    vectors: npt.NDArray[Any], *, name: str = "embeddings", rows: npt.NDArray[np.int64] | None = None
) -> FloatMatrix:
    """Rows scaled to Euclidean length one, as float32; shape (n, width).

    Args:
        vectors: any kind of floating-point numbers; may be mapped from a file, it is read in parts.
        name: for messages.
        rows: those that are wanted, all if None; the others are checked all the same.

    Raises:
        UserError: not two-dimensional, or a row is not finite or has length zero; the row is named.
    """
    if vectors.ndim != 2:  # noqa: PLR2004
        raise UserError(f"the {name} have {vectors.ndim} dimensions, not two (rows, width)")
    if rows is not None:
        for part in _parts(vectors):
            _check_values(np.asarray(vectors[part], dtype=np.float32), name, range(len(vectors))[part])
    wanted = np.arange(len(vectors)) if rows is None else rows
    unit: FloatMatrix = np.empty((len(wanted), vectors.shape[1]), np.float32)
    for part in _parts(unit):
        given = np.asarray(vectors[part] if rows is None else vectors[wanted[part]], dtype=np.float32)
        _check_values(given, name, wanted[part])
        # In double precision, so that neither very short nor very long rows lose their length.
        unit[part] = given / lengths(given)[:, None]
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
    _check_sides(queries, corpus, "queries", "corpus")
    _check_k(k, corpus, "corpus")
    faiss.omp_set_num_threads(threads)
    asked, searched = Distinct.of(queries), Distinct.of(corpus)
    index = faiss.IndexFlatIP(corpus.shape[1])
    index.add(np.ascontiguousarray(searched.rows))
    wanted = min(k + _SPARE, len(searched))
    scores, ids = index.search(np.ascontiguousarray(asked.rows), wanted)
    return _neighbours(asked, searched, Rough(scores=scores, ids=ids), k)


def search_both(
    left: FloatMatrix,
    right: FloatMatrix,
    k_left: int,
    k_right: int,
    *,
    threads: int = 1,
    memory: int = DEFAULT_MEMORY,
    device: torch.device | str = "cpu",
    names: tuple[str, str] = ("left", "right"),
    report: Progress | None = None,
) -> tuple[Neighbours, Neighbours]:
    """What ``search(left, right, k_left)`` and ``search(right, left, k_right)`` find, for the products of one.

    Args:
        left: shape (n, width), float32.
        right: shape (m, width), float32.
        k_left: neighbours among ``right`` of each row of ``left``, at most ``m``.
        k_right: neighbours among ``left`` of each row of ``right``, at most ``n``.
        threads: of the products. The answer does not depend on it.
        memory: bytes for products, beside the two sides and what is found.
        device: where the products are computed; their order, and so the rest, is the CPU's.
        names: of the sides, for messages.
        report: told how much is done.

    Raises:
        UserError: as for ``search``.
    """
    _check_sides(left, right, *names)
    _check_k(k_left, right, names[1])
    _check_k(k_right, left, names[0])
    sides = Distinct.of(left), Distinct.of(right)
    wanted = min(k_left + _SPARE, len(sides[1])), min(k_right + _SPARE, len(sides[0]))
    ahead, back = rough_both(
        sides[0].rows,
        sides[1].rows,
        *wanted,
        threads=threads,
        memory=memory,
        device=torch.device(device),
        report=report or _silent,
    )
    return _neighbours(sides[0], sides[1], ahead, k_left), _neighbours(sides[1], sides[0], back, k_right)


def _silent(_fraction: float, _note: str) -> None:
    """Nobody asked."""


def _neighbours(asked: Distinct, searched: Distinct, rough: Rough, k: int) -> Neighbours:
    """The exact neighbours of all rows, copies included."""
    few = min(k, len(searched))
    scores, ids = settle(asked.rows, searched.rows, rough, few)
    if searched.copies:
        scores, ids = searched.expand(scores, ids, k)
    rounded = scores.astype(np.float32)
    if asked.copies:
        return Neighbours(rounded[asked.places], ids[asked.places])
    return Neighbours(rounded, ids)


def _check_sides(queries: FloatMatrix, corpus: FloatMatrix, asked: str, searched: str) -> None:
    _check(queries, asked)
    _check(corpus, searched)
    if queries.shape[1] != corpus.shape[1]:
        raise UserError(
            f"{asked} are {queries.shape[1]} wide but the {searched} is {corpus.shape[1]} wide",
            remedy="embed both with the same backbone and layer",
        )


def _check_k(k: int, corpus: FloatMatrix, name: str) -> None:
    if not 1 <= k <= len(corpus):
        raise UserError(f"{k} neighbours were asked for in a {name} of {len(corpus)} rows", where="k")


def _check(matrix: FloatMatrix, name: str) -> None:
    if matrix.ndim != 2:  # noqa: PLR2004
        raise UserError(f"the {name} have {matrix.ndim} dimensions, not two (rows, width)")
    if matrix.dtype != np.float32:
        raise UserError(f"the {name} are {matrix.dtype}, not float32")
    for part in _parts(matrix):
        _check_values(matrix[part], name, range(len(matrix))[part])


def _check_values(matrix: FloatMatrix, name: str, rows: Sequence[int] | npt.NDArray[np.int64]) -> None:
    """``rows`` are the numbers of the matrix's rows, for messages."""
    finite = np.isfinite(matrix).all(axis=1)
    if not finite.all():
        raise UserError(f"row {rows[int(np.argmin(finite))]} of the {name} holds NaN or infinity")
    filled = matrix.any(axis=1)
    if not filled.all():
        raise UserError(
            f"row {rows[int(np.argmin(filled))]} of the {name} is all zeros", remedy="a zero row has no direction"
        )


def _parts(matrix: FloatMatrix) -> list[slice]:
    """Slices of rows of some tens of MiB, so that what is computed of a large matrix does not need its size again."""
    rows = max(1, (1 << 22) // max(1, matrix.shape[1]))
    return [slice(start, start + rows) for start in range(0, len(matrix), rows)]
