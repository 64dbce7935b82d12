"""The loop itself, on a model of one weight: schedule, clipping, the best epoch, divergence."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from harness.context import RESUME
from harness.errors import Diverged
from harness.specs.training import Hyper
from harness.training.loop import Evaluation, fit
from harness.training.memory import PieceBudget
from harness.training.optimiser import build_optimiser, learning_rate
from harness.training.resume import ResumeFile
from harness.training.runtime import Reporter
from harness.training.steps import FeedAhead, Step
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


def step_of(*targets: float) -> Step[float]:
    return Step(split=lambda _pieces: [partial(float, target) for target in targets], targets=len(targets))


def forever(*targets: float) -> Iterator[Step[float]]:
    while True:
        yield step_of(*targets)


def train(model: Weight, steps: Iterator[Step[float]], **options: Any) -> Any:
    settings = {"hyper": Hyper(**BASE), "points": (2, 4, 6, 8), "evaluate": None} | options
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

    assert 4 == history.best_step
    assert seen[1] == model.value.item()
    assert 4 == len(set(seen))
    assert [2, 4, 6, 8] == [epoch["step"] for epoch in history.evaluations]
    assert [0.2, 0.7, 0.7, 0.1] == [epoch["value"] for epoch in history.evaluations]
    assert not model.training


def test_without_evaluation_the_last_weights_stay() -> None:
    model = Weight()
    history = train(model, forever(1.0))

    assert history.best_step is None
    assert history.evaluations[-1]["loss"] < history.evaluations[0]["loss"]
    assert 8 == history.steps == history.curve[-1][0]


def test_the_loss_of_a_step_is_the_mean_over_its_targets() -> None:
    history = train(Weight(), forever(1.0, 3.0), points=(1,))

    assert pytest.approx((1 + 9) / 2) == history.evaluations[0]["loss"]


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_divergence_names_its_step(bad: float) -> None:
    steps = iter([step_of(1.0), step_of(1.0), step_of(bad)])
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


def test_warmup_may_be_given_in_steps() -> None:
    hyper = Hyper(**{**BASE, "warmup_steps": 2})

    assert pytest.approx([0.05, 0.1, 0.1]) == [learning_rate(hyper, step, 10) for step in (1, 2, 3)]
    assert 0.1 == learning_rate(hyper, 1, 1)  # a warm-up longer than the training is as long as the training


def test_training_stops_when_validation_has_not_gained_for_long_enough() -> None:
    values = iter([0.2, 0.7, 0.7, 0.1])
    model = Weight()
    history = train(
        model,
        forever(1.0),
        hyper=Hyper(**{**BASE, "patience": 2}),
        points=(2, 4, 6, 8, 10, 12),
        evaluate=lambda: Evaluation(value=next(values), record={}),
    )

    assert (8, 12, 4) == (history.steps, history.planned, history.best_step)
    assert history.to_json()["stopped_early"]
    assert 8 == history.curve[-1][0]


def noisy(weights: nn.Module) -> Any:
    """A loss that draws from torch's generator, as dropout does."""
    return lambda target: ((weights.value - target) ** 2 * torch.rand(1)).sum()


class CrashError(Exception):
    """What ends a training from outside."""


@pytest.mark.parametrize("crash_at", [1, 3, 4, 7])
def test_a_training_cut_off_anywhere_ends_with_the_same_weights(tmp_path: Path, crash_at: int) -> None:
    """Weights, moments, random state, curve, best weights and patience are all gone on with."""

    def run(folder: Path | None, crash: int | None) -> tuple[float, Any, int]:
        torch.manual_seed(3)
        model, taken = Weight(), 0
        values = {2: 0.2, 4: 0.7, 6: 0.5, 8: 0.6}
        loss = noisy(model)

        def loss_of(target: float) -> torch.Tensor:
            nonlocal taken
            taken += 1
            if taken == crash:
                raise CrashError
            return loss(target)

        def evaluate() -> Evaluation:
            return Evaluation(value=values[round(steps_done())], record={"at": steps_done()})

        def steps_done() -> int:
            return resumed + taken

        resumed = 0
        if folder is not None and (state := ResumeFile(folder, 0.0).load()) is not None:
            resumed = state["steps"]
        history = fit(
            model,
            forever(1.0),
            loss_of,
            hyper=Hyper(**{**BASE, "patience": 3}),
            points=(2, 4, 6, 8),
            evaluate=evaluate,
            device=CPU,
            precision="fp32",
            report=Reporter(lambda _f, _n: None),
            resume=None if folder is None else ResumeFile(folder, 0.0, share=1e9),
        )
        return model.value.item(), history.to_json(), taken

    whole = run(None, None)
    with pytest.raises(CrashError):
        run(tmp_path, crash_at + 1)
    again = run(tmp_path, None)

    assert whole[:2] == again[:2]
    assert 8 - crash_at == again[2]


def test_a_damaged_state_is_no_state(tmp_path: Path) -> None:
    resume = ResumeFile(tmp_path, 0.0)
    assert resume.load() is None
    resume.save({"steps": 1})
    assert {"steps": 1} == resume.load()
    (tmp_path / RESUME / "state.pt").write_bytes(b"PK\x03\x04 half of it")
    assert resume.load() is None


def test_saving_takes_a_small_share_of_the_time(tmp_path: Path) -> None:
    """After one that took a moment, the next is due when that moment is the given share of the time between."""
    seldom, often = ResumeFile(tmp_path, 0.0, share=1e-9), ResumeFile(tmp_path, 0.0, share=1e9)
    assert seldom.due
    assert often.due
    assert not ResumeFile(tmp_path, 3600.0).due

    for resume in (seldom, often):
        resume.save({"steps": 1})

    assert not seldom.due
    assert often.due


def halves(total: int) -> Step[float]:
    """A step of so many pieces, in parts that hold what the budget allows."""

    def split(pieces: int) -> list[Any]:
        return [partial(float, min(pieces, total - start)) for start in range(0, total, pieces)]

    return Step(split=split, targets=total)


@pytest.mark.parametrize(
    "error", [torch.OutOfMemoryError("CUDA out of memory"), RuntimeError("DefaultCPUAllocator: can't allocate memory")]
)
def test_out_of_memory_halves_the_micro_batch_and_keeps_the_effective_one(error: Exception) -> None:
    seen: list[float] = []
    model = Weight()

    def loss_of(pieces: float) -> torch.Tensor:
        if pieces > 3:
            raise error
        seen.append(pieces)
        return (model.value * pieces).sum()

    budget = PieceBudget(pieces=16)
    history = fit(
        model,
        iter([halves(10), halves(10)]),
        loss_of,
        hyper=Hyper(**BASE),
        points=(2,),
        evaluate=None,
        device=CPU,
        precision="fp32",
        report=Reporter(lambda _f, _n: None),
        budget=budget,
    )

    assert [2.0] * 10 == seen  # both steps whole, in parts that fit
    assert 2 == history.steps
    assert {"out_of_memory": [{"where": "step 1", "micro_batch_pieces": 2}]} == budget.to_json()


def test_what_cannot_be_split_runs_out_of_memory_for_good() -> None:
    model = Weight()

    def loss_of(_pieces: float) -> torch.Tensor:
        raise torch.OutOfMemoryError("CUDA out of memory")

    steps = iter([Step(split=lambda _pieces: [partial(float, 1.0)], targets=1)])
    with pytest.raises(torch.OutOfMemoryError):
        fit(
            model,
            steps,
            loss_of,
            hyper=Hyper(**BASE),
            points=(1,),
            evaluate=None,
            device=CPU,
            precision="fp32",
            report=Reporter(lambda _f, _n: None),
        )


def test_steps_made_ahead_are_the_same_steps() -> None:
    plain, budget = forever(1.0, 3.0), PieceBudget(pieces=8)
    ahead = FeedAhead(forever(1.0, 3.0), budget)
    for _ in range(5):
        step = next(plain)
        other, parts = ahead.next()
        assert [make() for make in step.split(8)] == list(parts)
        assert step.targets == other.targets
    ahead.close()


def test_steps_made_ahead_are_split_anew_after_memory_ran_out() -> None:
    budget = PieceBudget(pieces=8)
    ahead = FeedAhead(iter([halves(8)] * 9), budget)
    assert [8.0] == list(ahead.next()[1])
    budget.halve("step 1")
    assert [4.0, 4.0] == list(ahead.next()[1])
    ahead.close()


def test_what_fails_while_it_is_made_ahead_fails_the_training() -> None:
    ahead = FeedAhead(iter([Step(split=lambda _pieces: [partial(float, "none")], targets=1)]), PieceBudget(pieces=1))
    with pytest.raises(ValueError, match="none"):
        ahead.next()
    ahead.close()


@pytest.mark.parametrize(
    ("changes", "points"),
    [({}, (2, 4)), ({"evaluate_every": 3}, (3, 4)), ({"evaluate_every": 2}, (2, 4)), ({"evaluate_every": 9}, (4,))],
)
def test_evaluation_points(changes: dict[str, Any], points: tuple[int, ...]) -> None:
    assert points == Hyper(**{**BASE, "epochs": 2.0, **changes}).evaluation_points(8)


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
        ({"batch_size": 0}, "hyper.batch_size: .* not 0"),
        ({"dropout": 1.0}, "hyper.dropout: .* not 1.0"),
        ({"epochs": 0.0}, "hyper.epochs: .* not 0.0"),
        ({"scheduler": "cosine"}, "unknown key 'scheduler'"),
    ],
)
def test_hyper_parameters_out_of_range_are_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(UserError, match=message):
        Hyper.read({**BASE, **changes}, "hyper")


def test_missing_hyper_parameters_are_named() -> None:
    with pytest.raises(UserError, match=r"hyper\.learning_rate: field required"):
        Hyper.read({"epochs": 1.0}, "hyper")
