"""A suite: the grid a person asks for. Shipped ones lie under ``tasks/suites``."""

from __future__ import annotations

from typing import Annotated, Any, Self

from pydantic import Field, model_validator

from harness.specs.model import Name, SpecModel
from harness.specs.task import SplitName, SplitSpec
from harness.specs.training import Device, MixingSpec, Precision


class RecipeSpec(SpecModel):
    """How phase (ii) is done.

    Each task has a head of its own, but those that ``heads`` gives the same name; tasks that are to count as one in a
    mixture are a task that joins them (ANLI+).
    """

    name: Name
    title: str | None = None
    tasks: tuple[Name, ...] = ()
    heads: dict[Name, Name] = Field(default_factory=dict)  # by task, what its head is called
    mlm: bool = False
    translated: bool = False


class MlmSpec(SpecModel):
    """What ``+mlm`` adds to intermediate training: masked-language-model steps between the steps on tasks.

    The steps on tasks are the very ones of the recipe without ``+mlm``, in the same order. What is None is the training
    recipe's (``mlm``) once a suite is resolved; ``smoothing`` stays None where that does not say.
    """

    corpus: Name
    ratio: float | None = Field(default=None, gt=0)  # masked-language-model steps for each step on a task
    batch_size: int | None = Field(default=None, ge=1)
    block_length: int | None = Field(default=None, ge=8, le=512)
    mask_probability: float | None = Field(default=None, gt=0, lt=1)
    smoothing: float | None = Field(
        default=None, ge=0, le=1
    )  # of the languages' shares (harness/training/corpus_steps.py)


class TranslatedUse(SpecModel):
    """What ``+translated`` adds: translations of training rows beside the English ones.

    They are read from files (``translated`` of the task), or made with a model (``by``), of any task but tagging ones.
    """

    by: str | None = None  # a translator (tasks/translators), or its file; None: translations are read from files
    tasks: tuple[Name, ...] | None = Field(default=None, min_length=1)  # None: every task of a recipe that has some
    languages: tuple[str, ...] = Field(min_length=1)
    train: int | None = Field(default=None, ge=1)  # rows a task and language; None: all that the English split keeps
    task_train: dict[Name, Annotated[int, Field(ge=1)]] = Field(default_factory=dict)  # the same for single tasks

    @model_validator(mode="after")
    def _once(self) -> Self:
        if len(set(self.languages)) != len(self.languages):
            raise ValueError("'languages' names a language twice")
        return self

    def rows(self, task: str) -> int | None:
        """How many translated rows of a task are used in each language; None is no limit."""
        return self.task_train.get(task, self.train)


class StandIn(SpecModel):
    """Rows that stand in for a split the data at hand does not have, and why. The page repeats ``why``."""

    use: SplitName | None = None  # another split of the same task
    split: SplitSpec | None = None  # or files of its own
    why: str

    @model_validator(mode="after")
    def _one_of(self) -> Self:
        if (self.use is None) == (self.split is None):
            raise ValueError("a stand-in needs either 'use' (another split) or 'split'")
        return self


class TaskLimits(SpecModel):
    """How much of a task is used. Whole resampling units are taken, by a hash of their ids."""

    train: int | None = Field(default=None, ge=1)
    validation: int | None = Field(default=None, ge=1)
    test: int | None = Field(default=None, ge=1)  # rows a language
    languages: tuple[str, ...] | None = None


class SuiteSpec(SpecModel):
    """Backbones x recipes x targets x seeds, with the data and the training they use."""

    name: Name
    title: str
    description: str
    miniature: bool = False
    backbones: tuple[Name, ...] = Field(min_length=1)
    recipes: tuple[Name | RecipeSpec, ...] = Field(min_length=1)
    targets: tuple[Name, ...] = Field(min_length=1)
    seeds: tuple[int, ...] = Field(default=(1,), min_length=1)
    training: Name
    hyper: dict[Name, dict[str, Any]] = Field(default_factory=dict)  # by task: what differs from the training recipe
    mixing: MixingSpec = MixingSpec()
    mlm: MlmSpec | None = None
    translated: TranslatedUse | None = None
    limits: TaskLimits = TaskLimits()
    task_limits: dict[Name, TaskLimits] = Field(default_factory=dict)
    stand_ins: dict[Name, dict[SplitName, StandIn]] = Field(default_factory=dict)
    threads: int = Field(default=1, ge=1)
    device: Device = "cpu"  # where a suite does not say, the training recipe's counts
    precision: Precision = "fp32"  # likewise
    notes: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _no_repeats(self) -> Self:
        for field in ("backbones", "targets", "seeds"):
            values = getattr(self, field)
            if len(set(values)) != len(values):
                raise ValueError(f"'{field}' names something twice")
        names = [recipe if isinstance(recipe, str) else recipe.name for recipe in self.recipes]
        if len(set(names)) != len(names):
            raise ValueError("'recipes' names something twice")
        return self

    def limit(self, task: str, split: str) -> int | None:
        """The row limit of a task's split: its own, else the suite's."""
        own = self.task_limits.get(task)
        found: int | None = getattr(own, split) if own else None
        default: int | None = getattr(self.limits, split)
        return default if found is None else found
