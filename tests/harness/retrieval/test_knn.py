"""Exact search: the same answer as brute force, whatever ties, blocks and threads there are."""

import tracemalloc
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from harness.retrieval import tiles
from harness.retrieval.distinct import Distinct
from harness.retrieval.exact import settle
from harness.retrieval.knn import Neighbours, search, search_both, unit_rows
from tasks.errors import UserError

quick = settings(deadline=None, max_examples=50)  # a busy machine must not fail a test

Matrix = npt.NDArray[np.float32]


def brute_force(queries: Matrix, corpus: Matrix, k: int) -> tuple[Matrix, npt.NDArray[np.int64]]:
    """Every pair scored in double precision; equal scores stay in corpus order."""
    scores = np.stack([(corpus.astype(np.float64) * query).sum(axis=1) for query in queries])
    ids = np.argsort(-scores, axis=1, kind="stable")[:, :k]
    return np.take_along_axis(scores, ids, axis=1).astype(np.float32), ids


def random_rows(rows: int, width: int, seed: int = 0) -> Matrix:
    return unit_rows(np.random.default_rng(seed).normal(size=(rows, width)))


def assert_exact(queries: Matrix, corpus: Matrix, k: int) -> None:
    """In one direction, and in both at once by small tiles."""
    assert_same(brute_force(queries, corpus, k), search(queries, corpus, k))
    back = min(k, len(queries))
    if back:
        for memory in (1, 600, 1 << 20):
            ahead, behind = search_both(queries, corpus, k, back, memory=memory)
            assert_same(brute_force(queries, corpus, k), ahead)
            assert_same(brute_force(corpus, queries, back), behind)


def assert_same(expected: tuple[Matrix, npt.NDArray[np.int64]], found: Neighbours) -> None:
    np.testing.assert_array_equal(expected[1], found.ids)
    np.testing.assert_array_equal(expected[0], found.scores)
    assert (np.float32, np.int64) == (found.scores.dtype, found.ids.dtype)


@st.composite
def tied_problems(draw: st.DrawFn) -> tuple[Matrix, Matrix, int]:
    """Rows of small whole numbers: many equal rows and many equal scores between different ones."""
    width = draw(st.integers(1, 5))
    rows = [
        draw(
            hnp.arrays(np.int64, st.tuples(st.integers(1, 40), st.just(width)), elements=st.integers(-2, 2)).map(
                lambda matrix: matrix[matrix.any(axis=1)]
            )
        )
        for _ in range(2)
    ]
    queries, corpus = (matrix if len(matrix) else np.ones((1, width)) for matrix in rows)
    return queries.astype(np.float32), corpus.astype(np.float32), draw(st.integers(1, len(corpus)))


@quick
@given(tied_problems())
def test_ties_go_to_the_first_in_the_corpus(problem: tuple[Matrix, Matrix, int]) -> None:
    assert_exact(*problem)


@quick
@given(st.integers(1, 60), st.integers(1, 70), st.integers(1, 33), st.integers(0, 2**32 - 1), st.data())
def test_random_rows_with_copies(queries: int, corpus: int, width: int, seed: int, data: st.DataObject) -> None:
    """Copies of one row stand anywhere in the corpus, and some queries are rows of the corpus themselves."""
    searched = random_rows(corpus, width, seed)
    places = data.draw(st.lists(st.integers(0, corpus - 1), max_size=12))
    searched[places] = searched[0]
    asked = np.concatenate([random_rows(queries, width, seed + 1), searched[:3]])

    assert_exact(asked, searched, data.draw(st.integers(1, corpus)))


def test_more_near_ties_than_candidates() -> None:
    """Rows closer to each other than single precision can tell need more candidates than were asked for at first."""
    rng = np.random.default_rng(3)
    corpus = unit_rows(np.ones((1, 256)) + 1e-5 * rng.normal(size=(200, 256)))

    assert_exact(corpus[::20].copy(), corpus, 2)


def test_a_corpus_of_copies() -> None:
    corpus = np.ones((500, 24), np.float32)

    assert [[0, 1, 2]] * 4 == search(corpus[:4], corpus, 3).ids.tolist()


def test_blocks_and_threads_do_not_matter() -> None:
    """Rows so wide that a block holds a few queries: all at once find what each finds by itself."""
    queries, corpus = random_rows(60, 8192, 1), random_rows(90, 8192, 2)
    corpus[50:] = corpus[:40]
    whole = search(queries, corpus, 5, threads=1)
    alone = [search(queries[row : row + 1], corpus, 5, threads=2) for row in range(60)]

    np.testing.assert_array_equal(whole.ids, np.concatenate([found.ids for found in alone]))
    np.testing.assert_array_equal(whole.scores, np.concatenate([found.scores for found in alone]))


def silent(_fraction: float, _note: str) -> None:
    """Nobody asked."""


def test_where_products_are_computed_does_not_matter() -> None:
    """The code for a GPU, on the CPU: what it finds is settled in the same way."""
    left, right = random_rows(70, 24, 4), random_rows(50, 24, 5)
    right[40:] = right[:10]
    here = tiles.rough_both(left, right, 9, 7, threads=1, memory=900, device=torch.device("cpu"), report=silent)
    there = tiles.search_on_device(left, right, (9, 7), (16, 11), torch.device("cpu"), silent)

    for one, other in zip(here, there, strict=True):
        np.testing.assert_allclose(one.scores, other.scores, rtol=1e-6)
        for mine, yours in zip(settle(left, right, here[0], 3), settle(left, right, there[0], 3), strict=True):
            np.testing.assert_array_equal(mine, yours)


def test_rows_that_all_are_nearer_than_those_before_do_not_come_all_at_once() -> None:
    """A product that is kept takes some sixty bytes for a moment: all of a tile's would take seven times the tile."""
    left, right = random_rows(800, 24, 6), random_rows(1000, 24, 7)
    left[:200, :12], right[:, 12:] = 0.0, 0.0  # the first rows are at right angles to the columns
    left[200:] = right[np.arange(600) % 1000] + 0.01 * left[200:]
    expected = brute_force(right, left, 3)
    tile = 200 * 1000 * 9

    tracemalloc.start()
    try:
        _, back = search_both(left, right, 3, 3, memory=tile)
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert_same(expected, back)
    assert most < 2 * tile


@quick
@given(st.integers(1, 10**7), st.integers(1, 10**7), st.integers(0, 10**11))
def test_tiles_fit_into_the_memory(rows: int, columns: int, memory: int) -> None:
    high, wide = tiles.tile_shape(rows, columns, memory)
    assert 1 <= high <= rows
    assert 1 <= wide <= columns
    assert high * wide * 9 <= max(memory, 9)


def test_copies_hash_alike_and_others_that_do_are_kept_apart() -> None:
    matrix = random_rows(30, 6)
    matrix[20:] = matrix[5]
    matrix[29, 0] = 7.0
    zero, minus = random_rows(1, 4), random_rows(1, 4)
    zero[0, 2], minus[0, 2] = 0.0, -0.0
    assert 1 == len(Distinct.of(np.concatenate([zero, minus])))
    expected = [*range(20), *[5] * 9, 20]
    assert expected == Distinct.of(matrix).places.tolist()
    found = Distinct.of(matrix, hashes=np.zeros(len(matrix), np.uint64))
    assert found.copies
    np.testing.assert_array_equal(matrix, found.rows[found.places])


def test_no_queries() -> None:
    found = search(np.empty((0, 8), np.float32), random_rows(5, 8), 2)

    assert ((0, 2), (0, 2)) == (found.scores.shape, found.ids.shape)


def spoiled(value: float) -> Matrix:
    matrix = random_rows(6, 4)
    matrix[4] = value
    return matrix


@pytest.mark.parametrize(
    ("queries", "corpus", "k", "message"),
    [
        (random_rows(3, 4)[0], random_rows(6, 4), 1, "the queries have 1 dimensions"),
        (random_rows(3, 4).astype(np.float64), random_rows(6, 4), 1, "the queries are float64"),
        (random_rows(3, 4), random_rows(6, 5), 1, "queries are 4 wide but the corpus is 5 wide"),
        (random_rows(3, 4), spoiled(np.nan), 1, "row 4 of the corpus holds NaN"),
        (spoiled(np.inf), random_rows(6, 4), 1, "row 4 of the queries holds NaN or infinity"),
        (random_rows(3, 4), spoiled(0.0), 1, "row 4 of the corpus is all zeros"),
        (random_rows(3, 4), random_rows(6, 4), 7, "7 neighbours were asked for in a corpus of 6 rows"),
        (random_rows(3, 4), random_rows(6, 4), 0, "0 neighbours"),
        (random_rows(3, 4), np.empty((0, 4), np.float32), 1, "in a corpus of 0 rows"),
    ],
)
def test_bad_input_is_named(queries: Matrix, corpus: Matrix, k: int, message: str) -> None:
    with pytest.raises(UserError, match=message):
        search(queries, corpus, k)


@pytest.mark.parametrize("scale", [1e-30, 1.0, 1e30])
def test_unit_rows_have_length_one_at_any_scale(scale: float) -> None:
    """The squares of such numbers do not fit into single precision."""
    given: npt.NDArray[Any] = np.random.default_rng(0).normal(size=(20, 9)).astype(np.float32) * np.float32(scale)
    unit = unit_rows(given)

    np.testing.assert_allclose(1.0, np.linalg.norm(unit.astype(np.float64), axis=1), rtol=1e-6)
    assert np.float32 == unit.dtype


def test_unit_rows_names_a_row_without_direction() -> None:
    with pytest.raises(UserError, match="row 4 of the German sentences is all zeros"):
        unit_rows(spoiled(0.0), name="German sentences")
