"""The loop itself, on a model of one weight: schedule, clipping, the best epoch, divergence."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import torch
from torch import nn

from harness.training.errors import Diverged
from harness.training.loop import Evaluation, Step, fit
from harness.training.optimiser import build_optimiser, learning_rate
from harness.training.parameters import Hyper
from harness.training.runtime import Reporter
from tasks.errors import UserError

CPU = torch.device("cpu")
BASE: dict[str, Any] = {"learning_rate": 0.1, "epochs": 1.0, "batch_size": 4, "weight_decay": 0.0}


class Weight(nn.Module):
    """One number, pulled towards each target."""

    def __init__(self) -> None:
        super().__init__()
        self.value = nn.Parameter(torch.zeros(1))

    def loss(self, target: float) -> torch.Tensor:
        return ((self.value - target) ** 2).sum()


def forever(*targets: float) -> Iterator[Step[float]]:
    while True:
        yield Step(parts=targets, targets=len(targets))


def train(model: Weight, steps: Iterator[Step[float]], **options: Any) -> Any:
    settings = {"hyper": Hyper(**BASE), "epoch_ends": (2, 4, 6, 8), "evaluate": None} | options
    return fit(model, steps, model.loss, device=CPU, precision="fp32", report=Reporter(lambda _f, _n: None), **settings)


def test_the_best_epoch_s_weights_are_kept_and_ties_go_to_the_earlier() -> None:
    model = Weight()
    values = iter([0.2, 0.7, 0.7, 0.1])
    seen: list[float] = []

    def evaluate() -> Evaluation:
        assert not model.training
        seen.append(model.value.item())
        return Evaluation(value=next(values), record={"toy": len(seen)})

    history = train(model, forever(1.0), evaluate=evaluate)

    assert 2 == history.best_epoch
    assert seen[1] == model.value.item()
    assert 4 == len(set(seen))
    assert [2, 4, 6, 8] == [epoch["step"] for epoch in history.epochs]
    assert [0.2, 0.7, 0.7, 0.1] == [epoch["value"] for epoch in history.epochs]
    assert not model.training


def test_without_evaluation_the_last_weights_stay() -> None:
    model = Weight()
    history = train(model, forever(1.0))

    assert history.best_epoch is None
    assert history.epochs[-1]["loss"] < history.epochs[0]["loss"]
    assert 8 == history.steps == history.curve[-1][0]


def test_the_loss_of_a_step_is_the_mean_over_its_targets() -> None:
    history = train(Weight(), forever(1.0, 3.0), epoch_ends=(1,))

    assert pytest.approx((1 + 9) / 2) == history.epochs[0]["loss"]


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_divergence_names_its_step(bad: float) -> None:
    steps = iter([Step(parts=[1.0], targets=1), Step(parts=[1.0], targets=1), Step(parts=[bad], targets=1)])
    with pytest.raises(Diverged, match=r"the loss is (nan|inf) at step 3") as caught:
        train(Weight(), steps)

    assert 3 == caught.value.step


def test_an_infinite_gradient_under_a_finite_loss_is_caught() -> None:
    class Root(Weight):
        def loss(self, target: float) -> torch.Tensor:
            return torch.sqrt(self.value).sum() + target  # its slope at zero is infinite

    with pytest.raises(Diverged, match="norm of the gradient is inf at step 1"):
        train(Root(), forever(1.0))


def test_the_rate_rises_to_its_peak_and_falls_to_zero_after_the_end() -> None:
    hyper = Hyper(**{**BASE, "warmup_fraction": 0.2})
    rates = [learning_rate(hyper, step, 10) for step in range(1, 12)]

    assert pytest.approx([0.05, 0.1, 0.1, 0.0875, 0.075, 0.0625, 0.05, 0.0375, 0.025, 0.0125, 0.0]) == rates


def test_no_warmup_starts_at_the_peak() -> None:
    assert 0.1 == learning_rate(Hyper(**{**BASE, "warmup_fraction": 0.0}), 1, 5)


def test_vectors_are_not_decayed() -> None:
    model = nn.Sequential(nn.Linear(3, 3), nn.LayerNorm(3), nn.Embedding(4, 3))
    groups = build_optimiser(model.parameters(), Hyper(**{**BASE, "weight_decay": 0.5})).param_groups

    assert {0.5: [(3, 3), (4, 3)], 0.0: [(3,), (3,), (3,)]} == {
        group["weight_decay"]: [tuple(parameter.shape) for parameter in group["params"]] for group in groups
    }


@pytest.mark.parametrize(
    ("changes", "inputs", "ends"),
    [
        ({"epochs": 2.0}, 10, (3, 5)),
        ({"epochs": 1.5}, 8, (2, 3)),
        ({"epochs": 0.5}, 8, (1,)),
        ({"epochs": 1.0, "max_steps": 5}, 8, (2, 4, 5)),
        ({"epochs": 1.0, "max_steps": 1}, 800, (1,)),
        ({"epochs": 3.0}, 2, (1, 2)),
    ],
)
def test_epoch_ends(changes: dict[str, Any], inputs: int, ends: tuple[int, ...]) -> None:
    assert ends == Hyper(**{**BASE, **changes}).epoch_ends(inputs)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"batch_size": 0}, "batch_size is 0"),
        ({"dropout": 1.0}, "dropout is 1.0"),
        ({"epochs": 0.0}, "epochs is 0.0"),
        ({"scheduler": "cosine"}, "unknown scheduler"),
    ],
)
def test_hyper_parameters_out_of_range_are_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(UserError, match=message):
        Hyper.from_params({**BASE, **changes})


def test_missing_hyper_parameters_are_named() -> None:
    with pytest.raises(UserError, match="missing batch_size, learning_rate"):
        Hyper.from_params({"epochs": 1.0})
