"""The params of training stages (TASK and HYPER of the plan) as frozen dataclasses."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Self

from tasks.errors import UserError


@dataclass(frozen=True, kw_only=True)
class TaskParams:
    """One task, as far as a model sees it. Lengths are in tokenizer pieces."""

    name: str
    type: str
    labels: tuple[str, ...]
    metric: str
    max_length: int
    doc_stride: int = 128
    max_query_length: int = 64
    max_answer_length: int = 30

    @classmethod
    def from_params(cls, params: Mapping[str, Any]) -> Self:
        """Read a TASK object; fields that are absent or null take their defaults.

        Raises:
            UserError: a field without a default is missing.
        """
        known = {field.name for field in fields(cls)}
        given = {name: value for name, value in params.items() if name in known and value is not None}
        missing = sorted({"name", "type", "metric", "max_length"} - given.keys())
        if missing:
            raise UserError(f"the task lacks {', '.join(missing)}", where="params.task", remedy="add the fields")
        return cls(**{**given, "labels": tuple(given.get("labels", ()))})


@dataclass(frozen=True, kw_only=True)
class Hyper:
    """Hyper-parameters of one training stage.

    Attributes:
        epochs: passes over the training inputs; may be fractional.
        max_steps: optimiser steps; when given it decides and ``epochs`` is not used.
        batch_size: inputs per optimiser step, exactly. A sentence pair, a multiple-choice row with all its choices, and
            one window of a tagged sentence or of a question's context each count as one input.
        micro_batch_pieces: most pieces, padding included, that pass through the model at once. It splits a batch and
            never changes which inputs are in it.
        warmup_steps: steps of the warm-up; when given, ``warmup_fraction`` is not used.
        evaluate_every: optimiser steps from one validation to the next; None: one at each epoch's end.
        evaluation_rows: most validation rows of a task that a validation looks at; None: all.
        patience: validations in a row without a gain after which the training stops; None: it never stops early.
    """

    learning_rate: float
    epochs: float
    batch_size: int
    max_steps: int | None = None
    warmup_fraction: float = 0.1
    weight_decay: float = 0.01
    adam_epsilon: float = 1e-8
    adam_beta1: float = 0.9
    adam_beta2: float = 0.999
    max_grad_norm: float = 1.0
    dropout: float = 0.1
    attention_dropout: float = 0.1
    micro_batch_pieces: int = 8192
    warmup_steps: int | None = None
    evaluate_every: int | None = None
    evaluation_rows: int | None = None
    patience: int | None = None

    def __post_init__(self) -> None:
        checks = {
            "batch_size": self.batch_size >= 1,
            "micro_batch_pieces": self.micro_batch_pieces >= 1,
            "learning_rate": self.learning_rate > 0,
            "epochs": self.epochs > 0 or self.max_steps is not None,
            "max_steps": self.max_steps is None or self.max_steps >= 1,
            "warmup_fraction": 0 <= self.warmup_fraction <= 1,
            "max_grad_norm": self.max_grad_norm > 0,
            "dropout": 0 <= self.dropout < 1,
            "attention_dropout": 0 <= self.attention_dropout < 1,
            "warmup_steps": self.warmup_steps is None or self.warmup_steps >= 0,
            "evaluate_every": self.evaluate_every is None or self.evaluate_every >= 1,
            "evaluation_rows": self.evaluation_rows is None or self.evaluation_rows >= 1,
            "patience": self.patience is None or self.patience >= 1,
        }
        for name, valid in checks.items():
            if not valid:
                raise UserError(
                    f"{name} is {getattr(self, name)}", where=f"params.hyper.{name}", remedy="give a value in its range"
                )

    @classmethod
    def from_params(cls, params: Mapping[str, Any]) -> Self:
        """Read a HYPER object.

        Raises:
            UserError: a field is unknown, missing without a default, or out of range.
        """
        known = {field.name for field in fields(cls)}
        unknown = sorted(params.keys() - known)
        missing = sorted({"learning_rate", "epochs", "batch_size"} - params.keys())
        if unknown or missing:
            what = f"unknown {', '.join(unknown)}" if unknown else f"missing {', '.join(missing)}"
            raise UserError(what, where="params.hyper", remedy=f"the fields are {', '.join(sorted(known))}")
        return cls(**params)

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
