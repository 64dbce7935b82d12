"""A task: all that is known of it, in one file under ``tasks/intermediate`` or ``tasks/target``."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, model_validator

from harness.specs.model import Name, SpecModel

Role = Literal["intermediate", "target"]
TypeName = Literal[
    "sentence_pair", "multiple_choice", "span_qa", "token_tagging", "sentence_retrieval", "bitext_mining"
]
#: Types that are answered by nearest neighbours among embeddings, with nothing trained.
RETRIEVAL_TYPES: frozenset[TypeName] = frozenset({"sentence_retrieval", "bitext_mining"})
Group = Literal["classification", "tagging", "qa", "retrieval"]
SplitName = Literal["train", "validation", "test"]


class SplitSpec(SpecModel):
    """Where the rows of one split come from: release files in a format, the miniature generator, or training rows."""

    format: str | None = None
    files: tuple[str, ...] = ()  # patterns below the data directory; {lang} and {code} are filled in
    published_rows: dict[str, int] = Field(default_factory=dict)
    generator: Literal["miniature"] | None = None
    rows: int | None = Field(default=None, ge=1)  # how many to generate, a language
    from_train: float | None = Field(default=None, gt=0, le=0.5)  # of a validation split: this share of training units
    languages: tuple[str, ...] | None = None  # of a validation split for retrieval; None: those of the task

    @model_validator(mode="after")
    def _one_kind(self) -> Self:
        if self.from_train is not None:
            if self.generator or self.rows or self.format or self.files:
                raise ValueError("a split 'from_train' has no rows, format or files of its own")
        elif self.generator is not None:
            if self.rows is None or self.format or self.files:
                raise ValueError("a generated split has 'rows' and neither 'format' nor 'files'")
        elif not self.format or not self.files:
            raise ValueError("a split needs 'format' and 'files', 'generator' and 'rows', or 'from_train'")
        return self


class TranslatedSpec(SpecModel):
    """Machine-translated training rows of an intermediate task: row by row those of its training split, by id."""

    languages: tuple[str, ...] = Field(min_length=1)
    split: SplitSpec


class TaskSpec(SpecModel):
    """An intermediate or a target task."""

    name: Name
    title: str
    role: Role
    type: TypeName
    group: Group | None = None
    metric: str
    labels: tuple[str, ...] = ()
    resampling_unit: Literal["premise", "pair", "question", "paragraph", "sentence", "document"]
    parallel: bool = False
    languages: tuple[str, ...]
    codes: dict[str, str] = Field(default_factory=dict)
    trained_on: Name | None = None
    splits: dict[SplitName, SplitSpec]
    translated: TranslatedSpec | None = None
    baseline: str
    licence: str
    citation: str
    source: str
    miniature: bool = False
    notes: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _role_fits(self) -> Self:
        if self.role == "target":
            if self.group is None:
                raise ValueError("a target task needs 'group'")
            if "test" not in self.splits:
                raise ValueError("a target task needs a 'test' split")
            if (self.type in RETRIEVAL_TYPES) != (self.trained_on is None):
                raise ValueError("'trained_on' is needed by every target but those of retrieval, which have none")
            if self.type == "bitext_mining" and "validation" not in self.splits:
                raise ValueError("bitext mining needs a 'validation' split, on which its threshold is chosen")
        elif "train" not in self.splits:
            raise ValueError("an intermediate task needs a 'train' split")
        for name, split in self.splits.items():
            if split.from_train is not None and (name != "validation" or "train" not in self.splits):
                raise ValueError("'from_train' is for a 'validation' split beside a 'train' split")
        if len(set(self.languages)) != len(self.languages):
            raise ValueError("'languages' names a language twice")
        return self
