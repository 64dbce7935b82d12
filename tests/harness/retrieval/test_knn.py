"""Exact search: the same answer as brute force, whatever ties, blocks and threads there are."""

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from harness.retrieval import knn
from harness.retrieval.knn import search, unit_rows
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
    scores, ids = search(queries, corpus, k)
    expected_scores, expected_ids = brute_force(queries, corpus, k)

    np.testing.assert_array_equal(expected_ids, ids)
    np.testing.assert_array_equal(expected_scores, scores)
    assert (np.float32, np.int64) == (scores.dtype, ids.dtype)


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


def test_blocks_and_threads_do_not_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    queries, corpus = random_rows(120, 40, 1), random_rows(90, 40, 2)
    corpus[50:] = corpus[:40]
    whole = search(queries, corpus, 5, threads=1)
    monkeypatch.setattr(knn, "_BLOCK_VALUES", 1)
    by_row = search(queries, corpus, 5, threads=2)

    np.testing.assert_array_equal(whole.ids, by_row.ids)
    np.testing.assert_array_equal(whole.scores, by_row.scores)


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
