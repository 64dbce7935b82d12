"""How much of each language is drawn, and in which order."""

from __future__ import annotations

import numpy as np
import pytest

from harness.training.corpus_steps import draw, quotas, shares

SIZES = {"en": 8_000_000, "de": 1_000_000, "yo": 1_000}


@pytest.mark.parametrize(
    ("smoothing", "expected"), [(0.0, (1.0, 1.0)), (1.0, (8.0, 1000.0)), (0.3, (8**0.3, 1000**0.3))]
)
def test_smoothing_is_a_power_of_the_sizes(smoothing: float, expected: tuple[float, float]) -> None:
    found = shares(SIZES, smoothing)

    assert pytest.approx(1.0) == sum(found.values())
    assert pytest.approx(expected) == (found["en"] / found["de"], found["de"] / found["yo"])


def test_quotas_add_up_and_are_the_shares_rounded() -> None:
    wanted = {"a": 0.5, "b": 0.3, "c": 0.2}
    for blocks in range(25):
        found = quotas(wanted, blocks)
        assert blocks == sum(found.values())
        assert all(abs(found[name] - share * blocks) < 1 for name, share in wanted.items())
    assert {"a": 3, "b": 2, "c": 1} == quotas(wanted, 6)


def test_each_language_is_drawn_as_often_as_wanted_and_its_blocks_evenly() -> None:
    there, wanted = {"a": 10, "b": 3, "c": 5}, {"a": 4, "b": 8, "c": 0}
    order = draw(there, wanted, seed=1)

    counts = np.bincount(order, minlength=18)
    assert (4, 8, 0) == (counts[:10].sum(), counts[10:13].sum(), counts[13:].sum())
    assert counts[:10].max() == 1
    assert {2, 3} == set(counts[10:13])
    assert order.tolist() == draw(there, wanted, seed=1).tolist()
    assert order.tolist() != draw(there, wanted, seed=2).tolist()
    assert not (np.diff(np.searchsorted([10, 13], order, side="right")) >= 0).all(), "the languages are mixed"
