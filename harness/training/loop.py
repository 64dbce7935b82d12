"""The one training loop, for intermediate tasks, target tasks and masked language modelling."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic

import torch
from torch import nn

from harness.errors import Diverged
from harness.specs.training import Hyper
from harness.training.memory import PieceBudget, out_of_memory
from harness.training.optimiser import Precision, build_optimiser, learning_rate, precision_of, set_learning_rate
from harness.training.resume import ResumeFile, random_state, set_random_state
from harness.training.runtime import Reporter
from harness.training.steps import Feed, PartT, Step, feed

#: Points of the loss curve that a record keeps, whatever the length of the training.
CURVE_POINTS = 100


@dataclass(frozen=True, kw_only=True)
class Evaluation:
    """A validation: the value that selects weights (higher is better), and its record."""

    value: float
    record: dict[str, Any]


@dataclass(kw_only=True)
class History:
    """The record of a training, for ``training.json``.

    Attributes:
        steps: optimiser steps that were taken.
        planned: those there would have been without early stopping.
        evaluations: one record for each point at which the model was, or would have been, validated.
        curve: steps with the mean loss since the point before.
        best_step: after which step the weights are those that were kept; None without validation.
    """

    planned: int = 0
    steps: int = 0
    evaluations: list[dict[str, Any]] = field(default_factory=list)
    curve: list[list[float]] = field(default_factory=list)
    best_step: int | None = None

    def to_json(self) -> dict[str, Any]:
        return {
            "steps": self.steps,
            "planned_steps": self.planned,
            "stopped_early": self.steps < self.planned,
            "evaluations": self.evaluations,
            "loss_curve": self.curve,
            "best_step": self.best_step,
        }


@dataclass(kw_only=True)
class _Losses:
    """Losses since the last evaluation and since the last point of the curve."""

    span: list[float] = field(default_factory=list)
    point: list[float] = field(default_factory=list)

    def add(self, loss: float) -> None:
        self.span.append(loss)
        self.point.append(loss)


@dataclass(kw_only=True)
class _Best:
    """The best weights so far. ``weights`` is empty where they are those the model holds anyway."""

    value: float
    weights: dict[str, torch.Tensor]
    since: int = 0  # evaluations without a gain


def fit(
    model: nn.Module,
    steps: Iterator[Step[PartT]],
    loss_of: Callable[[PartT], torch.Tensor],
    *,
    hyper: Hyper,
    points: Sequence[int],
    evaluate: Callable[[], Evaluation] | None,
    device: torch.device,
    precision: str,
    report: Reporter,
    budget: PieceBudget | None = None,
    resume: ResumeFile | None = None,
) -> History:
    """Train ``model`` in place and leave it with its best weights (the last ones, without ``evaluate``).

    Args:
        model: all that is trained.
        steps: effective batches, from the very first; as many are taken as ``points[-1]`` says.
        loss_of: the sum of the losses of one micro-batch over its targets.
        hyper: learning rate, clipping, patience and the like.
        points: steps, counted from 1, after which the model is evaluated; the last one ends the training.
        evaluate: called at each point, in evaluation mode. Among equal values the earliest is the best.
        device: where the model is.
        precision: ``fp32`` or ``bf16``.
        report: hears of every step.
        budget: how many pieces pass through the model at once; made smaller, and recorded, where memory runs out.
        resume: where state is saved, and from where an earlier try is gone on with.

    Raises:
        Diverged: a loss or a gradient is not finite.
    """
    fitting = _Fitting(
        model=model,
        loss_of=loss_of,
        hyper=hyper,
        points=points,
        evaluate=evaluate,
        device=device,
        precision=precision,
        budget=budget or PieceBudget(pieces=hyper.micro_batch_pieces),
    )
    return fitting.run(steps, report, resume)


@dataclass(kw_only=True)
class _Fitting(Generic[PartT]):
    """One training under way; its attributes from ``history`` on are the state that a resumed one starts from."""

    model: nn.Module
    loss_of: Callable[[PartT], torch.Tensor]
    hyper: Hyper
    points: Sequence[int]
    evaluate: Callable[[], Evaluation] | None
    device: torch.device
    precision: str
    budget: PieceBudget
    history: History = field(default_factory=History)
    losses: _Losses = field(default_factory=_Losses)
    best: _Best | None = None
    optimiser: torch.optim.Optimizer = field(init=False)
    computing: Precision = field(init=False)

    def __post_init__(self) -> None:
        self.computing = precision_of(self.model, self.device, self.precision)
        self.optimiser = build_optimiser(self.model.parameters(), self.hyper)
        self.history.planned = self.points[-1]

    def run(self, steps: Iterator[Step[PartT]], report: Reporter, resume: ResumeFile | None) -> History:
        saved = resume.load() if resume is not None else None
        if saved is not None:
            self._restore(saved)
            for _ in range(self.history.steps):
                next(steps)
        total = self.points[-1]
        batches = feed(steps, self.budget, self.device)
        self.model.train()
        try:
            while self.history.steps < total and not self._out_of_patience():
                loss = self._step(batches)
                report(self.history.steps / total, f"step {self.history.steps} of {total}, loss {loss:.3f}")
                if self.history.steps in self.points:
                    self._evaluate()
                if resume is not None and resume.due and self.history.steps < total:
                    resume.save(self._state())
        finally:
            batches.close()
        if self.losses.point:  # stopped early, between two points of the curve
            self.history.curve.append([self.history.steps, _mean(self.losses.point)])
        if self.best is not None and self.best.weights:
            self.model.load_state_dict(self.best.weights)
        self.model.eval()
        report(1.0, f"trained {self.history.steps} steps")
        return self.history

    # -- one step ------------------------------------------------------------------------------------------------------

    def _step(self, batches: Feed[PartT]) -> float:
        number = self.history.steps + 1
        set_learning_rate(self.optimiser, learning_rate(self.hyper, number, self.points[-1]))
        loss = self._optimise(*batches.next(), number)
        self.history.steps = number
        self.losses.add(loss)
        if number % max(1, math.ceil(self.points[-1] / CURVE_POINTS)) == 0 or number == self.points[-1]:
            self.history.curve.append([number, _mean(self.losses.point)])
            self.losses.point.clear()
        return loss

    def _optimise(self, step: Step[PartT], parts: Iterator[PartT], number: int) -> float:
        """One optimiser step; its mean loss. Micro-batches add up to the gradient of the whole effective batch."""
        while True:
            try:
                summed = self._gradient(step, parts)
                clipped = torch.nn.utils.clip_grad_norm_(self.model.parameters(), self.hyper.max_grad_norm)
                mean, norm = map(float, torch.stack([summed, clipped]).tolist())  # a device is waited for once
                _check("loss", mean, number)
                _check("norm of the gradient", norm, number)
                self.optimiser.step()
            except (RuntimeError, MemoryError) as error:
                if not out_of_memory(error) or not self._smaller(step, number):
                    raise
            else:
                return mean
            parts = (make() for make in step.split(self.budget.pieces))

    def _gradient(self, step: Step[PartT], parts: Iterator[PartT]) -> torch.Tensor:
        """The gradient of a step, left in the parameters, and its mean loss, left on the device."""
        self.optimiser.zero_grad(set_to_none=True)
        summed = torch.zeros((), device=self.device)
        with self.computing.step() as passed:
            for part in parts:
                with self.computing.forward():
                    loss = self.loss_of(part) / step.targets
                loss.backward()  # type: ignore[no-untyped-call]
                passed()
                summed += loss.detach()
        return summed

    def _smaller(self, step: Step[PartT], number: int) -> bool:
        """Halve the budget until the step has more parts than now; False where it cannot be split any further."""
        self.optimiser.zero_grad(set_to_none=True)
        before = len(step.split(self.budget.pieces))
        while self.budget.pieces > 1:
            self.budget.halve(f"step {number}")
            if len(step.split(self.budget.pieces)) > before:
                return True
        return False

    # -- evaluation ----------------------------------------------------------------------------------------------------

    def _evaluate(self) -> None:
        """End a span of steps: record its loss, validate, and keep the weights if they are the best so far."""
        entry: dict[str, Any] = {"step": self.history.steps, "loss": _mean(self.losses.span)}
        self.losses.span.clear()
        self.history.evaluations.append(entry)
        if self.evaluate is None:
            return
        self.model.eval()
        evaluation = self.evaluate()
        self.model.train()
        entry |= {"validation": evaluation.record, "value": evaluation.value}
        if self.best is not None and evaluation.value <= self.best.value:
            self.best.since += 1
            return
        self.history.best_step = self.history.steps
        # The last weights are those the model holds anyway.
        last = self.history.steps == self.points[-1]
        state = {} if last else self.model.state_dict()
        weights = {name: value.detach().cpu().clone() for name, value in state.items()}
        self.best = _Best(value=evaluation.value, weights=weights)

    def _out_of_patience(self) -> bool:
        patience = self.hyper.patience
        return patience is not None and self.best is not None and self.best.since >= patience

    # -- state ---------------------------------------------------------------------------------------------------------

    def _state(self) -> dict[str, Any]:
        best = self.best
        return {
            "model": self.model.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "random": random_state(),
            "steps": self.history.steps,
            "evaluations": self.history.evaluations,
            "curve": self.history.curve,
            "best_step": self.history.best_step,
            "span": self.losses.span,
            "point": self.losses.point,
            "best": None if best is None else {"value": best.value, "weights": best.weights, "since": best.since},
            "pieces": self.budget.pieces,
            "halvings": self.budget.halvings,
        }

    def _restore(self, state: Mapping[str, Any]) -> None:
        self.model.load_state_dict(state["model"])
        self.optimiser.load_state_dict(state["optimiser"])
        set_random_state(state["random"])
        self.history.steps = state["steps"]
        self.history.evaluations = state["evaluations"]
        self.history.curve = state["curve"]
        self.history.best_step = state["best_step"]
        self.losses = _Losses(span=state["span"], point=state["point"])
        self.best = None if state["best"] is None else _Best(**state["best"])
        self.budget.pieces, self.budget.halvings = state["pieces"], state["halvings"]


def _mean(losses: Sequence[float]) -> float:
    return math.fsum(losses) / len(losses)


def _check(quantity: str, value: float, step: int) -> None:
    if not math.isfinite(value):
        raise Diverged(quantity, value, step=step)
