"""How several tasks share the steps."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from harness.specs.training import MixingSpec
from harness.training.mixture import epoch_inputs, task_schedule, task_weights
from tasks.errors import UserError

SIZES = (1000, 3000, 16000)


@pytest.mark.parametrize(
    ("params", "expected"),
    [
        ({"kind": "proportional", "cap": 2000}, [0.05, 0.15, 0.8]),
        ({"kind": "capped", "cap": 2000}, [0.2, 0.4, 0.4]),
        ({"kind": "uniform", "cap": 2000}, [1 / 3, 1 / 3, 1 / 3]),
        ({"kind": "temperature", "temperature": 1.0}, [0.05, 0.15, 0.8]),
        ({"kind": "temperature", "cap": 4000, "temperature": 2.0}, [1, 3**0.5, 2]),
    ],
)
def test_shares(params: dict[str, Any], expected: list[float]) -> None:
    np.testing.assert_allclose(task_weights(MixingSpec(**params), SIZES), np.array(expected) / sum(expected))


def test_an_epoch_counts_capped_sizes() -> None:
    assert 5000 == epoch_inputs(MixingSpec(kind="capped", cap=2000), SIZES)
    assert 20000 == epoch_inputs(MixingSpec(kind="proportional"), SIZES)


def test_the_schedule_follows_shares_and_seed() -> None:
    mixing = MixingSpec(kind="uniform")
    drawn = task_schedule(mixing, SIZES, 3000, seed=1)

    assert all(abs(count - 1000) < 150 for count in np.bincount(drawn))
    np.testing.assert_array_equal(drawn, task_schedule(mixing, SIZES, 3000, seed=1))
    assert (drawn != task_schedule(mixing, SIZES, 3000, seed=2)).any()


def test_one_task_takes_every_step() -> None:
    assert [0, 0, 0] == task_schedule(MixingSpec(), (7,), 3, seed=1).tolist()


@pytest.mark.parametrize(
    "params",
    [{"kind": "even"}, {"kind": "capped", "cap": 0}, {"kind": "temperature", "temperature": 0.0}],
)
def test_impossible_mixings_are_refused(params: dict[str, Any]) -> None:
    with pytest.raises(UserError, match="mixing"):
        MixingSpec.read(params, "mixing")
