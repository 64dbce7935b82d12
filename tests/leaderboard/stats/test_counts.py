"""Counts as arrays."""

from __future__ import annotations

import numpy as np
import pytest

from leaderboard.stats.counts import CountsBuilder, top_and_bottom
from tasks.errors import UserError

COLUMNS = ["correct", "rows"]


def builder(**fields: object) -> CountsBuilder:
    return CountsBuilder(**{"name": "t", "languages": ("en", "de"), "joint": True, "rows": 2, "seeds": 1} | fields)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("columns", "values", "score"),
    [
        (("correct", "rows"), [[1, 2], [3, 4]], 4 / 6),
        (("exact_match", "f1", "rows"), [[1, 1.5, 2], [0, 0.5, 1]], (1 + 2) / 2 / 3),
        (("tp", "predicted", "gold"), [[1, 2, 3], [0, 0, 2]], 2 * 1 / (2 + 5)),
    ],
)
def test_every_metric_is_a_ratio_of_sums(columns: tuple[str, ...], values: list[list[float]], score: float) -> None:
    top, bottom = top_and_bottom(columns, np.array(values, dtype=np.float64))

    assert top.sum() / bottom.sum() == pytest.approx(score)


def test_unknown_counts_are_refused() -> None:
    with pytest.raises(UserError, match="no statistics for counts of bleu"):
        top_and_bottom(("bleu",), np.ones((2, 1)))


def test_units_are_joined_by_id_whatever_their_order() -> None:
    counts = builder()
    counts.add(0, 0, record({"en": {"a": [1, 1], "b": [0, 1]}, "de": {"b": [1, 1], "a": [0, 1]}}), halves(), where="x")
    counts.add(1, 0, record({"en": {"b": [1, 1], "a": [0, 1]}, "de": {"b": [1, 1], "a": [0, 1]}}), halves(), where="y")

    found = counts.build()

    assert found is not None
    assert found.size == 2
    assert found.languages[0].units.tolist() == [0, 1]
    assert found.languages[1].units.tolist() == [1, 0]
    assert found.languages[0].top[:, :, 0].tolist() == [[1, 0], [0, 1]]
    assert found.languages[0].bottom.shape == (2, 1, 1), "all rows have the same number of items a unit"


def test_languages_hold_some_of_the_joint_units() -> None:
    """MLQA: a unit has one name in all languages that have it, and not all do."""
    counts = builder(rows=1)
    counts.add(0, 0, record({"en": {"a": [1, 1], "b": [0, 1]}, "de": {"c": [1, 1], "b": [0, 1]}}), halves(), where="x")

    found = counts.build()

    assert found is not None
    assert found.size == 3
    assert [one.units.tolist() for one in found.languages] == [[0, 1], [2, 1]]


def test_units_that_are_not_parallel_are_each_languages_own() -> None:
    counts = builder(joint=False, rows=1)
    counts.add(0, 0, record({"en": {"a": [1, 1], "b": [0, 1]}, "de": {"a": [1, 1], "b": [0, 1]}}), halves(), where="x")

    found = counts.build()

    assert found is not None
    assert found.size == 4


def test_units_that_count_nothing_are_kept_as_a_number_where_languages_are_drawn_apart() -> None:
    """BUCC: of hundreds of thousands of sentences nearly all have neither a gold nor a mined pair."""
    units = {"a": [1, 1], "silent": [0, 0], "b": [0, 1]}
    for joint in (False, True):
        counts = builder(joint=joint, rows=1)
        counts.add(0, 0, record({"en": units, "de": units}), halves(), where="x")

        found = counts.build()

        assert found is not None
        assert [one.total for one in found.languages] == [3, 3]
        assert [len(one.top) for one in found.languages] == ([3, 3] if joint else [2, 2])


def test_counts_are_bytes_until_one_does_not_fit() -> None:
    small = builder(languages=("en",), rows=1)
    small.add(0, 0, record({"en": {"a": [1, 2]}}), {"en": 0.5}, where="x")
    held = small.build()
    assert held is not None
    assert held.languages[0].top.dtype == np.uint8

    counts = builder(languages=("en",))
    counts.add(0, 0, record({"en": {"a": [1, 2]}}), {"en": 0.5}, where="x")
    counts.add(1, 0, record({"en": {"a": [150.5, 301]}}), {"en": 0.5}, where="y")
    found = counts.build()

    assert found is not None
    assert found.languages[0].top[0, :, 0].tolist() == [1, 150.5]
    assert found.languages[0].bottom[0, :, 0].tolist() == [2, 301]


def test_a_row_without_all_its_seeds_is_absent() -> None:
    counts = builder(languages=("en",), seeds=2)
    for row, seed in ((0, 0), (0, 1), (1, 0)):
        counts.add(row, seed, record({"en": {"a": [1, 1], "b": [0, 1]}}), {"en": 0.5}, where="x")

    found = counts.build()

    assert found is not None
    assert found.present.tolist() == [True, False]


def test_a_target_without_rows_is_none() -> None:
    assert builder().build() is None


def test_other_units_than_before_are_refused() -> None:
    counts = builder(languages=("en",))
    counts.add(0, 0, record({"en": {"a": [1, 1], "b": [0, 1]}}), {"en": 0.5}, where="x")

    with pytest.raises(UserError, match=r"y: its units in en are not those of the other rows"):
        counts.add(1, 0, record({"en": {"a": [1, 1], "c": [0, 1]}}), {"en": 0.5}, where="y")


def test_counts_that_do_not_give_the_score_are_refused() -> None:
    with pytest.raises(UserError, match=r"its counts give 0\.500000 in en, its result says 0\.75"):
        builder(languages=("en",)).add(0, 0, record({"en": {"a": [1, 1], "b": [0, 1]}}), {"en": 0.75}, where="x")


def test_a_language_without_counts_is_refused() -> None:
    with pytest.raises(UserError, match="it has no counts in de"):
        builder().add(0, 0, record({"en": {"a": [1, 2]}}), halves(), where="x")


def record(languages: dict[str, dict[str, list[float]]]) -> dict[str, object]:
    return {"columns": COLUMNS, "languages": languages}


def halves() -> dict[str, float]:
    return {"en": 0.5, "de": 0.5}
