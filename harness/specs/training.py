"""A training recipe: hyper-parameters with their source, one file under ``tasks/training``."""

from __future__ import annotations

import math
from typing import Any, Literal

from pydantic import Field, ValidationError

from harness.errors import SpecError
from harness.specs.model import Name, SpecModel
from harness.specs.task import TypeName

Device = Literal["cpu", "cuda"]
Precision = Literal["fp32", "bf16"]


class Hyper(SpecModel):
    """Hyper-parameters of one training stage.

    Attributes:
        epochs: passes over the training inputs; may be fractional.
        max_steps: optimiser steps; when given it decides and ``epochs`` is not used.
        batch_size: inputs per optimiser step, exactly. A sentence pair, a multiple-choice row with all its choices, and
            one window of a tagged sentence or of a question's context each count as one input.
        warmup_steps: steps of the warm-up; when given, ``warmup_fraction`` is not used.
        micro_batch_pieces: most pieces, padding included, that pass through the model at once. It splits a batch and
            never changes which inputs are in it.
        evaluate_every: optimiser steps from one validation to the next; None: one at each epoch's end.
        evaluation_rows: most validation rows of a task that a validation looks at; None: all.
        patience: validations in a row without a gain after which the training stops; None: it never stops early.
    """

    learning_rate: float = Field(gt=0)
    epochs: float = Field(gt=0)
    max_steps: int | None = Field(default=None, ge=1)
    batch_size: int = Field(ge=1)
    warmup_fraction: float = Field(default=0.1, ge=0, le=1)
    warmup_steps: int | None = Field(default=None, ge=0)
    weight_decay: float = Field(default=0.01, ge=0)
    adam_epsilon: float = Field(default=1e-8, gt=0)
    adam_beta1: float = Field(default=0.9, gt=0, lt=1)
    adam_beta2: float = Field(default=0.999, gt=0, lt=1)
    max_grad_norm: float = Field(default=1.0, gt=0)
    dropout: float = Field(default=0.1, ge=0, lt=1)
    attention_dropout: float = Field(default=0.1, ge=0, lt=1)
    micro_batch_pieces: int = Field(default=8192, ge=1)
    evaluate_every: int | None = Field(default=None, ge=1)
    evaluation_rows: int | None = Field(default=None, ge=1)
    patience: int | None = Field(default=None, ge=1)

    def total_steps(self, epoch_inputs: int) -> int:
        """Optimiser steps of the whole training, for epochs of ``epoch_inputs`` inputs."""
        if self.max_steps is not None:
            return self.max_steps
        return max(1, math.ceil(self.epochs * epoch_inputs / self.batch_size))

    def warmup(self, total: int) -> int:
        """Steps of the warm-up in a training of ``total`` steps."""
        return math.ceil(self.warmup_fraction * total) if self.warmup_steps is None else min(self.warmup_steps, total)

    def evaluation_points(self, epoch_inputs: int) -> tuple[int, ...]:
        """The steps, counted from 1, after which the model is validated; the last step of the training is the last."""
        if self.evaluate_every is None:
            return self.epoch_ends(epoch_inputs)
        total = self.total_steps(epoch_inputs)
        return (*range(self.evaluate_every, total, self.evaluate_every), total)

    def epoch_ends(self, epoch_inputs: int) -> tuple[int, ...]:
        """The steps after which an epoch is over; the last is always the last step of the training."""
        total = self.total_steps(epoch_inputs)
        whole = total * self.batch_size // epoch_inputs
        ends = {math.ceil(epoch * epoch_inputs / self.batch_size) for epoch in range(1, whole + 1)}
        return tuple(sorted({end for end in ends if end < total} | {total}))


class Lengths(SpecModel):
    """How much text an input may hold, in pieces of the tokenizer."""

    max_length: int = Field(ge=1)
    doc_stride: int = Field(default=128, ge=1)
    max_query_length: int = Field(default=64, ge=1)
    max_answer_length: int = Field(default=30, ge=1)


class RecipeHyper(Hyper, Lengths):
    """What a training recipe says of a task: how it is trained, and the lengths of its inputs."""

    warmup_fraction: float = Field(ge=0, le=1)
    weight_decay: float = Field(ge=0)
    max_length: int = Field(ge=16)
    max_query_length: int = Field(default=64, ge=8)


class TaskParams(SpecModel):
    """What preparing and scoring need to know of a task."""

    name: str
    type: TypeName
    labels: tuple[str, ...] = ()
    metric: str


class ModelTask(TaskParams, Lengths):
    """One task, as far as a model sees it."""


class MixingSpec(SpecModel):
    """How several tasks share the steps.

    Attributes:
        kind: ``proportional`` to size, ``capped``: to min(size, cap), ``uniform``, or ``temperature``: to
            min(size, cap) ** (1 / temperature).
        cap: K, in inputs (Phang et al. 2020: 2^17).
    """

    kind: Literal["proportional", "capped", "uniform", "temperature"] = "capped"
    cap: int = Field(default=2**17, ge=1)
    temperature: float = Field(default=1.0, gt=0)


class BlockValues(SpecModel):
    """How a corpus is read for masked language modelling.

    Attributes:
        batch_size: blocks a step.
        block_length: pieces a block, special ones included.
        mask_probability: of a piece to be a target.
        smoothing: exponent of the languages' shares, where the corpus is articles by language; None counts as 1.
    """

    batch_size: int = Field(ge=1)
    block_length: int = Field(ge=8, le=512)
    mask_probability: float = Field(default=0.15, gt=0, lt=1)
    smoothing: float | None = Field(default=None, ge=0, le=1, exclude_if=lambda value: value is None)


class MlmValues(BlockValues):
    """What ``+mlm`` adds; ``ratio``: masked-language-model steps for each step on a task."""

    ratio: float = Field(gt=0)

    def steps(self, task_steps: int) -> int:
        """How many masked-language-model steps go with so many steps on tasks."""
        return max(1, round(self.ratio * task_steps))


class TrainingSpec(SpecModel):
    """Defaults, and what differs by task type or by task; ``sources`` says where each value comes from."""

    name: Name
    title: str
    device: Device = "cpu"
    precision: Precision = "fp32"
    defaults: dict[str, Any]
    types: dict[TypeName, dict[str, Any]] = Field(default_factory=dict)
    tasks: dict[Name, dict[str, Any]] = Field(default_factory=dict)
    intermediate: dict[str, Any] = Field(default_factory=dict)  # what differs in phase (ii), for every task
    multitask: dict[str, Any] = Field(default_factory=dict)  # and, on top of it, for a mixture of tasks
    mixing: MixingSpec = MixingSpec()
    mlm: MlmValues | None = None  # what ``+mlm`` adds; a suite names the corpus, and may say otherwise
    sources: dict[str, str] = Field(default_factory=dict)

    def hyper(
        self,
        task: str,
        task_type: str,
        overrides: dict[str, Any] | None = None,
        *,
        phase: Literal["intermediate", "finetune"] = "finetune",
    ) -> RecipeHyper:
        """The values for one task: defaults, then its type's, its own, the phase's, then the suite's.

        Raises:
            SpecError: a key is unknown, missing or out of range.
        """
        by_type: dict[str, Any] = {str(name): value for name, value in self.types.items()}.get(task_type, {})
        by_phase = self.intermediate if phase == "intermediate" else {}
        values = {**self.defaults, **by_type, **self.tasks.get(task, {}), **by_phase, **(overrides or {})}
        return _checked(values, f"training recipe {self.name}, hyper-parameters of {task}")

    def mixture_hyper(self) -> RecipeHyper:
        """The values for several tasks at once, which none of them decides: defaults, phase (ii)'s, the mixture's."""
        values = {**self.defaults, **self.intermediate, **self.multitask}
        return _checked(values, f"training recipe {self.name}, hyper-parameters of a mixture")


def _checked(values: dict[str, Any], where: str) -> RecipeHyper:
    try:
        return RecipeHyper.model_validate(values)
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(map(str, first["loc"]))
        raise SpecError(f"{field}: {first['msg']}" if field else first["msg"], where=where) from error
