"""The one training loop, for intermediate tasks, target tasks and masked language modelling."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

import torch
from torch import nn

from harness.training.errors import Diverged
from harness.training.optimiser import build_optimiser, learning_rate, set_learning_rate
from harness.training.parameters import Hyper
from harness.training.runtime import Reporter, autocast

#: Points of the loss curve that a record keeps, whatever the length of the training.
CURVE_POINTS = 100

PartT = TypeVar("PartT")


@dataclass(frozen=True, kw_only=True)
class Step(Generic[PartT]):
    """One effective batch: the micro-batches it is split into, and how many targets they have together."""

    parts: Sequence[PartT]
    targets: int


@dataclass(frozen=True, kw_only=True)
class Evaluation:
    """What a validation found: the value that selects an epoch (higher is better), and what to record of it."""

    value: float
    record: dict[str, Any]


@dataclass(kw_only=True)
class History:
    """What a training did, for ``training.json``. ``epochs`` has one record for each epoch's end."""

    steps: int = 0
    epochs: list[dict[str, Any]] = field(default_factory=list)
    curve: list[tuple[int, float]] = field(default_factory=list)
    best_epoch: int | None = None

    def to_json(self) -> dict[str, Any]:
        return {
            "steps": self.steps,
            "epochs": self.epochs,
            "loss_curve": [list(point) for point in self.curve],
            "best_epoch": self.best_epoch,
        }


class _Losses:
    """Mean losses since the last epoch's end and since the last point of the curve."""

    def __init__(self, history: History, total: int) -> None:
        self._history = history
        self._stride = max(1, math.ceil(total / CURVE_POINTS))
        self._total = total
        self._epoch: list[float] = []
        self._point: list[float] = []

    def add(self, step: int, loss: float) -> None:
        self._epoch.append(loss)
        self._point.append(loss)
        if step % self._stride == 0 or step == self._total:
            self._history.curve.append((step, math.fsum(self._point) / len(self._point)))
            self._point.clear()

    def end_epoch(self) -> float:
        mean = math.fsum(self._epoch) / len(self._epoch)
        self._epoch.clear()
        return mean


def fit(
    model: nn.Module,
    steps: Iterator[Step[PartT]],
    loss_of: Callable[[PartT], torch.Tensor],
    *,
    hyper: Hyper,
    epoch_ends: Sequence[int],
    evaluate: Callable[[], Evaluation] | None,
    device: torch.device,
    precision: str,
    report: Reporter,
) -> History:
    """Train ``model`` in place and leave it with the weights of its best epoch (of the last, without ``evaluate``).

    Args:
        model: all that is trained.
        steps: effective batches; as many are taken as ``epoch_ends[-1]`` says.
        loss_of: the sum of the losses of one micro-batch over its targets.
        hyper: learning rate, clipping and the like.
        epoch_ends: steps, counted from 1, after which an epoch is over; the last one ends the training.
        evaluate: called at each epoch's end, in evaluation mode. Among equal values the earliest epoch is the best.
        device: where the model is.
        precision: ``fp32`` or ``bf16``.
        report: hears of every step.

    Raises:
        Diverged: a loss or a gradient is not finite.
    """
    optimiser = build_optimiser(model.parameters(), hyper)
    history = History()
    total = epoch_ends[-1]
    losses = _Losses(history, total)
    best: tuple[float, dict[str, torch.Tensor]] | None = None
    model.train()
    for number in range(1, total + 1):
        set_learning_rate(optimiser, learning_rate(hyper, number, total))
        loss = _optimise(model, optimiser, next(steps), loss_of, hyper, device, precision, number)
        losses.add(number, loss)
        history.steps = number
        report(number / total, f"step {number} of {total}, loss {loss:.3f}")
        if number in epoch_ends:
            history.epochs.append({"step": number, "loss": losses.end_epoch()})
            if evaluate is not None:
                best = _select(model, evaluate, history, best, last=number == total)
    if best is not None and history.best_epoch != len(history.epochs):
        model.load_state_dict(best[1])
    model.eval()
    return history


def _optimise(
    model: nn.Module,
    optimiser: torch.optim.Optimizer,
    step: Step[PartT],
    loss_of: Callable[[PartT], torch.Tensor],
    hyper: Hyper,
    device: torch.device,
    precision: str,
    number: int,
) -> float:
    """One optimiser step; its mean loss. Micro-batches add up to the gradient of the whole effective batch."""
    optimiser.zero_grad(set_to_none=True)
    summed = torch.zeros((), device=device)
    for part in step.parts:
        with autocast(device, precision):
            loss = loss_of(part) / step.targets
        loss.backward()  # type: ignore[no-untyped-call]
        summed += loss.detach()
    _check("loss", mean := summed.item(), number)
    norm = torch.nn.utils.clip_grad_norm_(model.parameters(), hyper.max_grad_norm)
    _check("norm of the gradient", norm.item(), number)
    optimiser.step()
    return mean


def _check(quantity: str, value: float, step: int) -> None:
    if not math.isfinite(value):
        raise Diverged(quantity, value, step=step)


def _select(
    model: nn.Module,
    evaluate: Callable[[], Evaluation],
    history: History,
    best: tuple[float, dict[str, torch.Tensor]] | None,
    *,
    last: bool,
) -> tuple[float, dict[str, torch.Tensor]]:
    """Evaluate the epoch that has just ended; the best epoch so far, with its weights."""
    model.eval()
    evaluation = evaluate()
    model.train()
    history.epochs[-1]["validation"] = evaluation.record
    history.epochs[-1]["value"] = evaluation.value
    if best is not None and evaluation.value <= best[0]:
        return best
    history.best_epoch = len(history.epochs)
    # The last epoch's weights are those the model holds anyway.
    weights = {} if last else {name: value.detach().cpu().clone() for name, value in model.state_dict().items()}
    return evaluation.value, weights
