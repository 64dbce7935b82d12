"""Item and seed variance, against formulas and SciPy's bootstrap."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from scipy import stats

from leaderboard.stats.columns import SPARSE, Column, mean_of, target_columns
from leaderboard.stats.contrasts import Contrast, Contrasts
from leaderboard.stats.draws import generator, weights
from tests.leaderboard.stats.conftest import GAIN, Make

RESAMPLES = 20_000
CLOSE = 0.06  # a variance of so many draws is off by sqrt(2 / draws), 1 in 100


def trained(rows: int = 2) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    return np.ones(rows, dtype=np.bool_)


def drawn(
    name: str, resamples: int, units: int, total: int | None = None
) -> np.ndarray[tuple[int, int], np.dtype[Any]]:
    return np.concatenate(list(weights(generator(1, name), resamples, units, total)))


def test_weights_draw_as_many_units_as_there_are() -> None:
    found = drawn("a", 500, 7)

    assert (found.sum(axis=1) == 7).all()
    assert found.var() == pytest.approx(6 / 7, rel=0.1), "multinomial: n p (1 - p)"
    assert (found == drawn("a", 500, 7)).all()
    assert (found != drawn("b", 500, 7)).any()


def test_weights_come_some_at_a_time() -> None:
    some = list(weights(generator(1, "a"), 25, 7, at_once=70))

    assert [len(one) for one in some] == [10, 10, 5]
    assert all((one.sum(axis=1) == 7).all() for one in some)


def test_units_that_count_nothing_are_drawn_without_weights() -> None:
    """A corpus of 1,000 of which 50 count: their weights are those of a multinomial over all 1,000."""
    found = drawn("a", 20_000, 50, 1000)

    assert found.mean() == pytest.approx(1, abs=0.01)
    assert found.var() == pytest.approx(999 / 1000, rel=0.02)
    assert found.sum(axis=1).var() == pytest.approx(1000 * 0.05 * 0.95, rel=0.05), "binomial: how many fall on them"


def test_variance_of_an_accuracy_is_that_of_its_mean(target: Make) -> None:
    random = np.random.default_rng(1)
    top = (random.random((50, 2)) < 0.6).astype(float)

    column, _ = target_columns(
        target({"en": (top, np.ones((50, 1)))}, joint=True), trained(), GAIN, resamples=RESAMPLES, seed=1
    )

    assert column.values == pytest.approx(top.mean(axis=0))
    assert column.variance[:2] == pytest.approx(top.var(axis=0, ddof=1) / 50, rel=CLOSE)
    assert column.variance[2] == pytest.approx((top[:, 1] - top[:, 0]).var(ddof=1) / 50, rel=CLOSE)
    assert (column.df == 49).all()


def test_standard_error_of_an_f1_is_that_of_scipys_bootstrap(target: Make) -> None:
    random = np.random.default_rng(2)
    gold = random.integers(1, 5, size=60)
    tp = random.binomial(gold, 0.6)
    predicted = tp + random.poisson(0.7, size=60)

    column, _ = target_columns(
        target({"en": (2 * tp[:, None], (predicted + gold)[:, None])}),
        trained(1),
        Contrasts(()),
        resamples=RESAMPLES,
        seed=1,
    )
    theirs = stats.bootstrap(
        (tp, predicted, gold),
        lambda a, b, c, axis=-1: 2 * a.sum(axis) / (b.sum(axis) + c.sum(axis)),
        paired=True,
        vectorized=True,
        n_resamples=RESAMPLES,
        random_state=3,
        method="percentile",
    )

    assert column.values[0] == pytest.approx(2 * tp.sum() / (predicted + gold).sum())
    assert np.sqrt(column.variance[0]) == pytest.approx(theirs.standard_error * np.sqrt(60 / 59), rel=CLOSE / 2)


def test_parallel_languages_are_drawn_together_others_apart(target: Make) -> None:
    """Two languages with the same answers: drawn jointly nothing is gained by the second, drawn apart half is."""
    top = (np.random.default_rng(3).random((40, 2)) < 0.5).astype(float)
    languages = {"en": (top, np.ones((40, 1))), "de": (top, np.ones((40, 1)))}
    single = top.var(axis=0, ddof=1) / 40

    jointly, _ = target_columns(target(languages, joint=True), trained(), GAIN, resamples=RESAMPLES, seed=1)
    apart, parts = target_columns(target(languages), trained(), GAIN, resamples=RESAMPLES, seed=1)

    assert jointly.variance[:2] == pytest.approx(single, rel=CLOSE)
    assert apart.variance[:2] == pytest.approx(single / 2, rel=CLOSE)
    assert apart.df[0] == pytest.approx(78, rel=0.1), "Satterthwaite: twice 39, were both variances equal"
    assert set(parts) == {"en", "de"}


def test_languages_that_share_some_units_are_drawn_together_in_those(target: Make) -> None:
    """One holds 100 units, the other every second of them and 50 more: the mean varies as its parts by unit do."""
    top = (np.random.default_rng(5).random((150, 2)) < 0.5).astype(float)
    units = {"en": np.arange(100), "de": np.concatenate([np.arange(0, 100, 2), np.arange(100, 150)])}
    counts = target({name: (top[held], np.ones((100, 1))) for name, held in units.items()}, joint=True)
    partly = replace(
        counts, size=150, languages=tuple(replace(one, units=units[one.language]) for one in counts.languages)
    )
    parts = np.zeros((150, 2))
    for held in units.values():
        parts[held] += (top[held] - top[held].mean(axis=0)) / len(held) / 2

    together, _ = target_columns(partly, trained(), GAIN, resamples=RESAMPLES, seed=1)
    apart, _ = target_columns(replace(partly, joint=False), trained(), GAIN, resamples=RESAMPLES, seed=1)

    assert together.variance[:2] == pytest.approx((parts**2).sum(axis=0), rel=CLOSE)
    assert together.variance[2] == pytest.approx(((parts[:, 1] - parts[:, 0]) ** 2).sum(), rel=CLOSE)
    assert (together.variance > 1.3 * apart.variance).all(), "drawn apart, what is shared would seem to be new"


def test_both_sides_of_a_difference_are_drawn_together(target: Make) -> None:
    top = (np.random.default_rng(4).random((30, 1)) < 0.5).astype(float)

    column, _ = target_columns(
        target({"en": (np.hstack([top, top]), np.ones((30, 1)))}), trained(), GAIN, resamples=200, seed=1
    )

    assert column.variance[2] == 0, "the same answers, so no difference on any draw"


def test_an_absent_row_is_absent_everywhere(target: Make) -> None:
    top = np.array([[1.0, 0.0], [0.0, 0.0], [1.0, 0.0]])

    column, languages = target_columns(
        target({"en": (top, np.ones((3, 1)))}, present=[True, False]), trained(), GAIN, resamples=100, seed=1
    )

    for one in (column, languages["en"], mean_of([column, column], np.asarray(column.draws))):
        assert np.isfinite(one.variance).tolist() == [True, False, False]
        assert np.isfinite(one.values).tolist() == [True, False]


def test_seed_variance_is_pooled_over_trained_rows(target: Make) -> None:
    top = np.zeros((10, 3, 2))
    top[:6, 0, 0], top[:4, 0, 1] = 1, 1  # 0.6 and 0.4: variance 0.02
    top[:5, 1, 0], top[:1, 1, 1] = 1, 1  # 0.5 and 0.1: variance 0.08
    top[:5, 2, :] = 1  # not trained: both seeds are one

    column, _ = target_columns(
        target({"en": (top, np.ones((10, 1, 1)))}),
        np.array([True, True, False]),
        Contrasts(()),
        resamples=100,
        seed=1,
    )
    found = column.seeds()

    assert found is not None
    assert found.variance == pytest.approx(0.05)
    assert column.values == pytest.approx([0.5, 0.3, 0.5])
    squares = np.array([0.25, 0.21]) ** 2  # score * (1 - score)
    assert column.shares == pytest.approx([*(squares / squares.mean()), 0])
    assert found.df == pytest.approx(squares.sum() ** 2 / (squares**2).sum())


def test_seeds_vary_alike_in_log_odds() -> None:
    """Of rows whose log-odds vary alike each gets the variance that it has, at every place of the scale."""
    random = np.random.default_rng(1)
    log_odds = np.array([0.0, 0.0, 1.5, 3.0])[:, None] + 0.1 * random.standard_normal((4, 50_000))
    per_seed = 1 / (1 + np.exp(-log_odds))
    column = Column(per_seed=per_seed, variance=np.zeros(4), df=np.ones(4), trained=trained(4), draws=None, sparse=())
    found = column.seeds()

    assert found is not None
    assert column.shares * found.variance == pytest.approx(per_seed.var(axis=1, ddof=1), rel=0.05)
    assert found.df < 3 * 50_000, "rows near the end of the scale tell less"


def test_rows_that_are_all_right_or_all_wrong_have_no_seed_variance() -> None:
    column = Column(
        per_seed=np.array([[0.0, 0.0], [1.0, 1.0]]), variance=np.zeros(2), df=np.ones(2), trained=trained(), draws=None,
        sparse=(),
    )  # fmt: skip
    found = column.seeds()

    assert found is not None
    assert (found.variance, found.df) == (0.0, 2.0)


def test_one_seed_says_nothing_of_training(target: Make) -> None:
    column, _ = target_columns(
        target({"en": (np.eye(2), np.ones((2, 1)))}), trained(), Contrasts(()), resamples=100, seed=1
    )

    assert column.seeds() is None


def test_units_that_differ_are_kept_where_they_are_few(target: Make) -> None:
    top = np.ones((SPARSE + 10, 3))
    top[:5, 1] = 0  # five units differ from row 0
    top[: SPARSE + 1, 2] = 0  # too many
    contrasts = Contrasts((Contrast("gain", "a", "b", (1, 0)), Contrast("gain", "a", "c", (2, 0))))

    column, _ = target_columns(
        target({"en": (top, np.ones((len(top), 1)))}, joint=True), trained(3), contrasts, resamples=100, seed=1
    )

    assert column.sparse[0] == pytest.approx(np.full(5, -1 / len(top)))
    assert column.sparse[1] is None


def test_a_units_part_of_a_difference_of_f1_turns_its_sign_with_the_sides(target: Make) -> None:
    counts = {"en": ([[2, 4], [0, 2], [2, 2]], [[4, 6], [2, 4], [3, 3]])}
    both = Contrasts((Contrast("gain", "a", "b", (1, 0)), Contrast("gain", "a", "b", (0, 1))))

    column, _ = target_columns(target(counts), trained(), both, resamples=100, seed=1)

    assert column.sparse[0] is not None
    assert column.sparse[1] is not None
    assert len(column.sparse[0]) == 2, "the third unit counts the same on both sides"
    assert column.sparse[0] == pytest.approx(-column.sparse[1])


def test_interactions_take_one_gain_off_another(target: Make) -> None:
    top = (np.random.default_rng(5).random((60, 4)) < [0.4, 0.6, 0.5, 0.55]).astype(float)
    contrasts = Contrasts((Contrast("interaction", "p", "r", (1, 0), (3, 2)),))

    column, _ = target_columns(
        target({"en": (top, np.ones((60, 1)))}, joint=True), trained(4), contrasts, resamples=RESAMPLES, seed=1
    )
    parts = (top[:, 1] - top[:, 0]) - (top[:, 3] - top[:, 2])

    assert contrasts.of(column.values)[0] == pytest.approx(parts.mean())
    assert column.variance[4] == pytest.approx(parts.var(ddof=1) / 60, rel=CLOSE)
    assert contrasts.squares(np.array([True, True, True, False])).tolist() == [3]
    assert contrasts.coefficients(4).tolist() == [[-1, 1, 1, -1]]
