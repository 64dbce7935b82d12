"""A training recipe: hyper-parameters with their source, one file under ``tasks/training``."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field, ValidationError

from harness.errors import SpecError
from harness.specs.model import Name, SpecModel
from harness.specs.task import TypeName

Device = Literal["cpu", "cuda"]
Precision = Literal["fp32", "bf16"]


class Hyper(SpecModel):
    """Every value that training and encoding need. Batch sizes count rows per optimiser step."""

    learning_rate: float = Field(gt=0)
    epochs: float = Field(gt=0)
    max_steps: int | None = Field(default=None, ge=1)
    batch_size: int = Field(ge=1)
    warmup_fraction: float = Field(ge=0, le=1)
    warmup_steps: int | None = Field(default=None, ge=0)  # instead of the fraction
    weight_decay: float = Field(ge=0)
    adam_epsilon: float = Field(default=1e-8, gt=0)
    adam_beta1: float = Field(default=0.9, gt=0, lt=1)
    adam_beta2: float = Field(default=0.999, gt=0, lt=1)
    max_grad_norm: float = Field(default=1.0, gt=0)
    dropout: float = Field(default=0.1, ge=0, lt=1)
    attention_dropout: float = Field(default=0.1, ge=0, lt=1)
    micro_batch_pieces: int = Field(default=8192, ge=1)
    evaluate_every: int | None = Field(default=None, ge=1)  # steps; None: at each epoch's end
    evaluation_rows: int | None = Field(default=None, ge=1)  # validation rows of a task; None: all
    patience: int | None = Field(default=None, ge=1)  # validations without a gain; None: never stop early
    max_length: int = Field(ge=16)
    doc_stride: int = Field(default=128, ge=1)
    max_query_length: int = Field(default=64, ge=8)
    max_answer_length: int = Field(default=30, ge=1)


class MixingSpec(SpecModel):
    """How multi-task batches are drawn; ``capped``: probability proportional to min(rows, cap)."""

    kind: Literal["proportional", "capped", "uniform", "temperature"] = "capped"
    cap: int = Field(default=2**17, ge=1)  # Phang et al. 2020 (K = 2^17)
    temperature: float = Field(default=1.0, gt=0)


class MlmValues(SpecModel):
    """How ``+mlm`` reads its corpus, and how much of it; see ``harness.specs.suite.MlmSpec``."""

    ratio: float = Field(gt=0)
    batch_size: int = Field(ge=1)
    block_length: int = Field(ge=8, le=512)
    mask_probability: float = Field(default=0.15, gt=0, lt=1)
    smoothing: float | None = Field(default=None, ge=0, le=1)


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
    ) -> Hyper:
        """The values for one task: defaults, then its type's, its own, the phase's, then the suite's.

        Raises:
            SpecError: a key is unknown, missing or out of range.
        """
        by_type: dict[str, Any] = {str(name): value for name, value in self.types.items()}.get(task_type, {})
        by_phase = self.intermediate if phase == "intermediate" else {}
        values = {**self.defaults, **by_type, **self.tasks.get(task, {}), **by_phase, **(overrides or {})}
        return _checked(values, f"training recipe {self.name}, hyper-parameters of {task}")

    def mixture_hyper(self) -> Hyper:
        """The values for several tasks at once, which none of them decides: defaults, phase (ii)'s, the mixture's."""
        values = {**self.defaults, **self.intermediate, **self.multitask}
        return _checked(values, f"training recipe {self.name}, hyper-parameters of a mixture")


def _checked(values: dict[str, Any], where: str) -> Hyper:
    try:
        return Hyper.model_validate(values)
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(map(str, first["loc"]))
        raise SpecError(f"{field}: {first['msg']}" if field else first["msg"], where=where) from error
