"""A task: all that is known of it, in one file under ``tasks/intermediate`` or ``tasks/target``."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from harness.specs.model import Name, SpecModel

Role = Literal["intermediate", "target"]
TypeName = Literal[
    "sentence_pair", "multiple_choice", "span_qa", "token_tagging", "sentence_retrieval", "bitext_mining"
]
#: Types that are answered by nearest neighbours among embeddings, with nothing trained.
RETRIEVAL_TYPES: frozenset[TypeName] = frozenset({"sentence_retrieval", "bitext_mining"})
#: Types whose rows a model can translate: tags of words have no place in a translation.
TRANSLATABLE_TYPES: frozenset[TypeName] = frozenset({"sentence_pair", "multiple_choice", "span_qa"})
Group = Literal["classification", "tagging", "qa", "retrieval"]
SplitName = Literal["train", "validation", "test"]


class HubTable(SpecModel):
    """A table of the hub: Parquet files of one data set at one commit. Loading scripts are never run."""

    id: Annotated[str, Field(pattern=r"^[A-Za-z0-9][\w.-]*/[\w.-]+$")]
    revision: Annotated[str, Field(pattern=r"^[0-9a-f]{40}$")]  # a whole commit: branches and tags move
    config: str  # {lang} and {code} are filled in
    splits: tuple[str, ...] = Field(min_length=1)  # read in this order as one
    codes: dict[str, str] = Field(default_factory=dict)  # what {code} is, by language; else the task's own codes

    def folder(self, config: str) -> str:
        """Where fetched files lie below the data directory."""
        return f"hub/{self.id.replace('/', '--')}/{self.revision}/{config}"


class RowsSource(SpecModel):
    """The same rows in other files: another form of the release, or a table of the hub."""

    format: str
    files: tuple[str, ...] = ()  # patterns below the data directory; * stands for any part of a name
    hub: HubTable | None = None
    differs: str | None = None  # what is not the same; taken only where nothing that is the same is there, and told

    @model_validator(mode="after")
    def _one_kind(self) -> Self:
        if bool(self.files) == (self.hub is not None):
            raise ValueError("rows come either from 'files' or from 'hub'")
        return self


class PartSpec(SpecModel):
    """One of two parts of the resampling units, told apart by a hash of their ids: the same in parallel languages.

    For a suite that must take from one file what trains and what is scored.
    """

    share: float = Field(gt=0, lt=1)  # of the units that are in the first part
    take: Literal["first", "second"]


class SplitSpec(SpecModel):
    """Where the rows of one split come from: release files in a format, the miniature generator, or training rows."""

    format: str | None = None
    files: tuple[str, ...] = ()  # patterns below the data directory; {lang} and {code} are filled in
    also: tuple[RowsSource, ...] = ()  # looked for in this order where the files are not there
    part: PartSpec | None = None  # of these files
    published_rows: dict[str, int] = Field(default_factory=dict)
    generator: Literal["miniature"] | None = None
    rows: int | None = Field(default=None, ge=1)  # how many to generate, a language
    from_train: float | None = Field(default=None, gt=0, le=0.5)  # of a validation split: this share of training units
    languages: tuple[str, ...] | None = None  # of a validation split for retrieval; None: those of the task

    @model_validator(mode="after")
    def _one_kind(self) -> Self:
        if self.from_train is not None:
            if self.generator or self.rows or self.format or self.files or self.also:
                raise ValueError("a split 'from_train' has no rows, format or files of its own")
        elif self.generator is not None:
            if self.rows is None or self.format or self.files:
                raise ValueError("a generated split has 'rows' and neither 'format' nor 'files'")
        elif not self.format or not self.files:
            raise ValueError("a split needs 'format' and 'files', 'generator' and 'rows', or 'from_train'")
        return self

    def sources(self) -> tuple[RowsSource, ...]:
        """All that the rows can be read from, the first that is there counting; none for other kinds of split."""
        if self.format is None:
            return ()
        return (RowsSource(format=self.format, files=self.files), *self.also)


class TranslatedSpec(SpecModel):
    """Machine-translated training rows of an intermediate task: row by row those of its training split, by id."""

    languages: tuple[str, ...] = Field(min_length=1)
    split: SplitSpec
    source: str | None = None  # where the files are from, if not from the task's own source


class TaskSpec(SpecModel):
    """An intermediate or a target task.

    A target with ``held_out`` selects on that share of the English training units of what it is trained on, because the
    validation split of that must not select for it (XQuAD's contexts stand in it).
    """

    name: Name
    title: str
    role: Role
    type: TypeName
    group: Group | None = None
    metric: str
    labels: tuple[str, ...] = ()
    labels_file: str | None = None  # a label a line, below the data directory, where they are not open to be named here
    resampling_unit: Literal["premise", "pair", "question", "paragraph", "sentence", "document"]
    parallel: bool = False  # every test row is in every language, with the same id and unit
    partly_parallel: bool = False  # some test rows are, known by their ids (MLQA): units are joined over languages
    languages: tuple[str, ...]
    codes: dict[str, str] = Field(default_factory=dict)
    trained_on: Name | None = None
    held_out: float | None = Field(default=None, gt=0, le=0.5)  # share of the training units that selects, see below
    joins: tuple[Name, ...] = ()  # tasks whose rows together are this task's: drawn in proportion, with one head
    splits: dict[SplitName, SplitSpec] = Field(default_factory=dict)
    translated: TranslatedSpec | None = None
    baseline: str
    licence: str
    citation: str
    source: str
    miniature: bool = False
    optional: str | None = None  # why its files may be missing; a suite then runs without it, and says so
    unread: dict[str, str] = Field(default_factory=dict)  # patterns of files that look like its rows; why they are none
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
        elif bool(self.joins) == ("train" in self.splits):
            raise ValueError("an intermediate task has either a 'train' split or 'joins'")
        for name, split in self.splits.items():
            if split.from_train is not None and (name != "validation" or "train" not in self.splits):
                raise ValueError("'from_train' is for a 'validation' split beside a 'train' split")
        return self

    @model_validator(mode="after")
    def _languages_fit(self) -> Self:
        if len(set(self.languages)) != len(self.languages):
            raise ValueError("'languages' names a language twice")
        if self.role == "intermediate" and self.languages != ("en",):
            raise ValueError("an intermediate task is in English alone: 'languages' is [en]")
        if self.held_out is not None and self.trained_on is None:
            raise ValueError("'held_out' is for a target with 'trained_on'")
        if self.parallel and self.partly_parallel:
            raise ValueError("a task is either 'parallel' or 'partly_parallel'")
        return self


class JoinedTask(TaskSpec):
    """A task whose rows are those of others, with the specs of these."""

    parts: tuple[TaskSpec, ...]
