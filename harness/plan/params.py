"""Parameters of the phases from ``convert`` to ``score``: made by the plan, held by ``stage.json``, read by the phase.

A field that came later than others is left out of the JSON where it says nothing, so that it changes no key.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Literal

from pydantic import Field

from harness.specs.backbone import Backbone, BackboneFacts, BackboneSpec, PretrainSpec, Summary, TemplateSpec
from harness.specs.model import SpecModel
from harness.specs.source import HubSource
from harness.specs.task import TaskSpec
from harness.specs.training import (
    BlockValues,
    Hyper,
    Lengths,
    MixingSpec,
    MlmValues,
    ModelTask,
    RecipeHyper,
    TaskParams,
)


def absent(value: object) -> bool:
    """Whether a field says nothing."""
    return value is None


# -- convert, pretrain -------------------------------------------------------------------------------------------------


class _Convertible(BackboneFacts):
    summary: Summary | None = None

    def backbone(self) -> Backbone:
        """The backbone. Of a causal one the last piece alone has seen the whole input."""
        facts = {name: getattr(self, name) for name in BackboneFacts.model_fields}
        return Backbone(**facts, summary=self.summary or ("last" if self.pooling == "last" else "first"))


class PublishedBackbone(_Convertible):
    """Published files; ``path``: their folder in the fetched artifact."""

    kind: Literal["checkpoint"] = "checkpoint"
    path: str = ""
    template: TemplateSpec | None = Field(default=None, exclude_if=absent)
    mlm_head: bool | None = Field(default=None, exclude_if=absent)


class ScratchBackbone(_Convertible):
    """A randomly initialised encoder; ``config``: further fields of its transformers config."""

    kind: Literal["scratch"] = "scratch"
    config: dict[str, Any] = Field(default_factory=dict)
    vocab_size: int
    tokenizer: Literal["wordpiece", "bpe"]


class ConvertParams(SpecModel):
    """Making a backbone's checkpoint."""

    backbone: PublishedBackbone | ScratchBackbone = Field(discriminator="kind")

    @classmethod
    def of(cls, spec: BackboneSpec) -> ConvertParams:
        """Converting or making the backbone of a spec that has a source."""
        source = spec.source
        assert source is not None, spec.name
        facts = spec.model_dump(include={*BackboneFacts.model_fields, "summary"})
        if source.kind == "scratch":
            own = source.model_dump(include={"config", "vocab_size", "tokenizer"})
            return cls(backbone=ScratchBackbone(**facts, **own))
        published = PublishedBackbone(
            **facts,
            remote_code=isinstance(source, HubSource) and source.code is not None,
            template=spec.template,
            mlm_head=spec.mlm_head,
            path=f"files/{source.path}" if source.kind == "package" else "files",
        )
        return cls(backbone=published)


def claims(spec: BackboneSpec) -> dict[str, str]:
    """What a spec says of the published files that changes no result: held against them, and in no key.

    What it calls unattested is not held against them.
    """
    if spec.source is None or spec.source.kind == "scratch":
        return {}
    said: dict[str, object] = {"parameters": spec.parameters, "dtype": spec.dtype}
    if spec.tokenizer is not None:
        said |= {f"tokenizer.{name}": value for name, value in spec.tokenizer.model_dump().items()}
    return {
        field: str(value)
        for field, value in said.items()
        if value is not None and field.partition(".")[0] not in spec.unattested
    }


class PretrainHyper(Hyper):
    """Hyper-parameters of a training that is never validated; what concerns validation came later."""

    warmup_steps: int | None = Field(default=None, ge=0, exclude_if=absent)
    evaluate_every: int | None = Field(default=None, ge=1, exclude_if=absent)
    evaluation_rows: int | None = Field(default=None, ge=1, exclude_if=absent)
    patience: int | None = Field(default=None, ge=1, exclude_if=absent)


class PretrainParams(BlockValues):
    """Further masked language modelling for exactly ``steps`` steps."""

    steps: int = Field(ge=1)
    hyper: PretrainHyper

    @classmethod
    def of(cls, spec: PretrainSpec) -> PretrainParams:
        """What a spec says, with AdamW's usual values."""
        given = spec.model_dump()
        hyper = {name: given[name] for name in PretrainHyper.model_fields if name in given}
        blocks = {name: given[name] for name in BlockValues.model_fields if name in given}
        return cls(steps=spec.steps, **blocks, hyper=PretrainHyper(**hyper, epochs=1.0, max_steps=spec.steps))


# -- training on tasks, prediction, retrieval, scoring -----------------------------------------------------------------


def task_params(task: TaskSpec) -> TaskParams:
    """A task for the phases without a model."""
    return TaskParams(name=task.name, type=task.type, labels=task.labels, metric=task.metric)


def model_task(task: TaskSpec, lengths: Lengths) -> ModelTask:
    """A task for the phases with a model."""
    return ModelTask(**dict(task_params(task)), **lengths.model_dump(include=set(Lengths.model_fields)))


def training_hyper(recipe: RecipeHyper) -> Hyper:
    """How to train; lengths belong to the task."""
    return Hyper(**recipe.model_dump(include=set(Hyper.model_fields)))


class LearnedTask(ModelTask):
    """A task of a mixture; ``head``: the name of its head where that is not its own."""

    head: str | None = Field(default=None, exclude_if=absent)


class IntermediateParams(SpecModel):
    """Training on one English task or several.

    Attributes:
        mlm: masked-language-model steps to put between the others (``+mlm``).
        translated: by task, the languages of translated rows to train on beside the English ones (``+translated``).
    """

    tasks: tuple[LearnedTask, ...] = Field(min_length=1)
    mixing: MixingSpec = MixingSpec(kind="proportional")
    hyper: Hyper
    mlm: MlmValues | None = Field(default=None, exclude_if=absent)
    translated: dict[str, tuple[str, ...]] | None = Field(default=None, exclude_if=absent)


class FinetuneParams(SpecModel):
    """Training on the English rows of one target task."""

    task: ModelTask
    hyper: Hyper


class PredictParams(SpecModel):
    """Answering the test rows of every language."""

    task: ModelTask
    languages: tuple[str, ...] = Field(min_length=1)


class RetrieveParams(SpecModel):
    """Retrieving in some languages.

    Attributes:
        dev: what the inputs ``dev`` and ``dev_labels`` are: ``sample``, by which the reading is chosen and thresholds
            are tuned; ``scored``, the very rows that are scored, by which thresholds are tuned (the result is an
            oracle's, and says so) and no reading is ever chosen; ``none``.
        dev_languages: of ``dev``; None where there is none.
    """

    task: ModelTask
    languages: tuple[str, ...] = Field(min_length=1)
    dev: Literal["none", "sample", "scored"]
    dev_languages: tuple[str, ...] | None = Field(default=None, exclude_if=absent)


class Claims(SpecModel):
    """What a spec says of a backbone that only its tokenizer and weights can show.

    Attributes:
        tokenizer: its kind and how many pieces it has; None where nothing is said.
        languages: those of its pretraining text.
        mlm_head: whether it has a masked-language-modelling head; None where nobody looked.
    """

    tokenizer: tuple[str, int] | None
    languages: tuple[str, ...]
    mlm_head: bool | None


class CheckParams(SpecModel):
    """Trying out a checkpoint; ``samples``: texts by language."""

    claims: Claims
    samples: dict[str, tuple[str, ...]]


class ScoreParams(SpecModel):
    """Scoring predictions, or the trivial baseline, in some languages.

    ``joint_units``: units are joined over languages by the ids of their rows (``tasks.scoring``).
    """

    kind: Literal["predictions", "baseline"]
    task: TaskParams
    languages: tuple[str, ...] = Field(min_length=1)
    joint_units: bool = Field(default=False, exclude_if=lambda value: not value)

    @classmethod
    def of(cls, task: TaskSpec, kind: Literal["predictions", "baseline"], languages: Iterable[str]) -> ScoreParams:
        """Scoring a task as its spec says."""
        return cls(kind=kind, task=task_params(task), languages=tuple(languages), joint_units=task.partly_parallel)
