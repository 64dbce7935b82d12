"""Intervals, p-values, corrections, pooling: by hand and against SciPy."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from leaderboard.stats.columns import SeedVariance, target_columns
from leaderboard.stats.pairs import hartung_knapp
from leaderboard.stats.testing import benjamini_hochberg, guarded, holm, sign_flips, t_intervals
from tests.leaderboard.stats.conftest import GAIN, Make

P_VALUES = st.lists(st.floats(min_value=0, max_value=1), min_size=1, max_size=30).map(np.array)


def one(value: float, variance: float, df: float, seeds: SeedVariance | None = None, number: int = 1) -> list[float]:
    found = t_intervals(
        np.array([value]),
        np.array([variance]),
        np.array([df]),
        seeds=seeds,
        squares=np.array([2.0]),
        number=number,
        confidence=0.95,
    )
    return [float(array[0]) for array in (found.se, found.df, found.low, found.high, found.p)]


def test_items_alone_are_a_one_sample_t_test() -> None:
    differences = np.random.default_rng(1).normal(0.1, 0.5, size=40)
    theirs = stats.ttest_1samp(differences, 0)

    se, df, low, high, p = one(differences.mean(), differences.var(ddof=1) / 40, 39)

    assert se == pytest.approx(stats.sem(differences))
    assert (low, high) == pytest.approx(tuple(theirs.confidence_interval(0.95)))
    assert p == pytest.approx(theirs.pvalue)
    assert df == pytest.approx(39)


def test_seeds_alone_are_a_two_sample_t_test() -> None:
    """No item variance, two rows of three seeds: the pooled two-sample t test."""
    left, right = np.array([0.51, 0.55, 0.56]), np.array([0.40, 0.47, 0.42])
    theirs = stats.ttest_ind(left, right)
    seeds = SeedVariance(variance=float((left.var(ddof=1) + right.var(ddof=1)) / 2), df=4)

    _, df, low, high, p = one(left.mean() - right.mean(), 0.0, 10, seeds, number=3)

    assert df == pytest.approx(4)
    assert p == pytest.approx(theirs.pvalue)
    assert (low, high) == pytest.approx(tuple(theirs.confidence_interval(0.95)))


def test_seeds_widen_and_their_few_degrees_of_freedom_count() -> None:
    alone = one(0.1, 0.001, 1000)
    both = one(0.1, 0.001, 1000, SeedVariance(variance=0.0015, df=4), number=3)

    assert both[0] == pytest.approx(np.sqrt(0.001 + 2 * 0.0015 / 3))
    assert 4 < both[1] < 20
    assert both[2] < alone[2]
    assert both[4] > alone[4]


@given(
    st.floats(min_value=-1, max_value=1),
    st.floats(min_value=1e-8, max_value=0.1),
    st.floats(min_value=1, max_value=500),
)
def test_interval_and_test_say_the_same(value: float, variance: float, df: float) -> None:
    _, _, low, high, p = one(value, variance, df)

    if abs(p - 0.05) > 1e-9:
        assert (p < 0.05) == (not low <= 0 <= high)


def test_without_variance_there_is_no_difference_to_find() -> None:
    assert one(0.0, 0.0, 5)[4] == 1


@pytest.mark.parametrize("size", [2, 3, 5, 9])
def test_all_patterns_of_signs_are_scipys_permutation_test(size: int) -> None:
    differences = np.random.default_rng(size).normal(0.4, 1, size=size)
    theirs = stats.permutation_test(
        (differences, np.zeros(size)),
        lambda a, b, axis: np.sum(a - b, axis=axis),
        permutation_type="samples",
        vectorized=True,
        n_resamples=np.inf,
    )

    assert sign_flips([differences], 1000, 1)[0] == pytest.approx(theirs.pvalue)


def test_five_of_five_is_a_coin_thrown_five_times() -> None:
    assert sign_flips([np.full(5, 0.01)], 1000, 1)[0] == pytest.approx(2 * 0.5**5)


def test_many_units_are_flipped_at_random() -> None:
    differences = np.where(np.arange(40) < 27, 1.0, -1.0)
    exact = stats.binomtest(27, 40).pvalue

    assert sign_flips([differences], 100_000, 1)[0] == pytest.approx(exact, rel=0.05)


def test_p_is_never_floored_by_the_number_of_flips() -> None:
    assert sign_flips([np.ones(40)], 1000, 1)[0] == pytest.approx(2.0**-39)


def test_the_larger_p_stands_where_few_units_differ(target: Make) -> None:
    top = np.zeros((200, 2))
    top[:5, 1] = 1  # five to nothing: t finds it, a coin does not
    column, _ = target_columns(
        target({"en": (top, np.ones((200, 1)))}, joint=True), np.ones(2, dtype=bool), GAIN, resamples=5000, seed=1
    )
    p = np.array([one(5 / 200, float(column.variance[2]), 199)[4]])

    assert p[0] < 0.05
    assert guarded(p, column, flips=1000, seed=1)[0] == pytest.approx(0.0625)


def test_holm_by_hand() -> None:
    assert holm(np.array([0.01, 0.04, 0.03, 0.005])) == pytest.approx([0.03, 0.06, 0.06, 0.02])


@given(P_VALUES)
def test_benjamini_hochberg_is_scipys(p: np.ndarray[tuple[int], np.dtype[np.float64]]) -> None:
    assert benjamini_hochberg(p) == pytest.approx(stats.false_discovery_control(p))


@given(P_VALUES)
def test_corrections_raise_p_and_keep_its_order(p: np.ndarray[tuple[int], np.dtype[np.float64]]) -> None:
    for adjusted in (holm(p), benjamini_hochberg(p)):
        assert (adjusted >= p - 1e-12).all()
        assert (adjusted <= 1).all()
        assert (np.diff(adjusted[np.argsort(p, kind="stable")]) >= -1e-12).all()
    assert (holm(p) >= benjamini_hochberg(p) - 1e-12).all()


def test_pairs_of_equal_precision_that_differ_pool_to_a_t_test() -> None:
    values = np.array([0.02, 0.08, 0.05, -0.03])
    theirs = stats.ttest_1samp(values, 0)

    found = hartung_knapp(values, np.eye(4) * 1e-5, confidence=0.95)

    assert found.value == pytest.approx(values.mean())
    assert found.p == pytest.approx(theirs.pvalue, rel=1e-6)
    assert (found.low, found.high) == pytest.approx(tuple(theirs.confidence_interval(0.95)), rel=1e-6)
    assert found.tau == pytest.approx(np.sqrt(values.var(ddof=1) - 1e-5), rel=1e-6)


def test_pairs_that_agree_by_luck_do_not_look_certain() -> None:
    found = hartung_knapp(np.full(3, 0.05), np.eye(3) * 0.03**2, confidence=0.95)

    assert found.tau == 0
    assert found.se == pytest.approx(0.03 / np.sqrt(3))


def test_a_shared_twin_is_not_three_pieces_of_evidence() -> None:
    """What all pairs have in common does not average out."""
    apart = hartung_knapp(np.array([0.05, 0.05, 0.05]), np.eye(3) * 2e-4, confidence=0.95)
    shared = hartung_knapp(np.array([0.05, 0.05, 0.05]), np.eye(3) * 1e-4 + 1e-4, confidence=0.95)

    assert shared.se == pytest.approx(np.sqrt(1e-4 / 3 + 1e-4))
    assert shared.se > apart.se


def test_two_pairs_are_not_pooled() -> None:
    with pytest.raises(ValueError, match="2 pairs are too few to pool"):
        hartung_knapp(np.zeros(2), np.eye(2), confidence=0.95)
