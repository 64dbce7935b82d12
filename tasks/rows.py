"""Canonical rows: one frozen dataclass for each task type, and their JSON-lines form.

Every reader ends in these, whatever file or hub table the row came from. ``unit`` names the row's resampling unit (the
premise, paragraph, sentence or document that it shares with its neighbours); rows of parallel test sets have the same
``id`` and ``unit`` in every language.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar, Generic, Self, TypeVar

from tasks.errors import DataError


@dataclass(frozen=True, kw_only=True)
class Row:
    """The base of every row: an id, unique in its file, and its resampling unit."""

    #: Names of the fields that hold the answer. They never reach a model at test time.
    answer_fields: ClassVar[tuple[str, ...]] = ()
    #: What a reference holds beside id, unit and answer, because scoring needs it.
    reference_fields: ClassVar[tuple[str, ...]] = ()
    #: Inputs that a reference does not hold, and the empty values that stand for them.
    blanks: ClassVar[dict[str, Any]] = {}

    id: str
    unit: str

    @classmethod
    def from_json(cls, fields: dict[str, Any]) -> Self:
        """Build a row from its JSON form; fields that are absent take their defaults."""
        return cls(**fields)

    def to_json(self) -> dict[str, Any]:
        """All fields, as JSON values."""
        return asdict(self)

    def inputs(self) -> dict[str, Any]:
        """The row as a model sees it: everything but the answer."""
        return {name: value for name, value in self.to_json().items() if name not in self.answer_fields}

    def reference(self) -> dict[str, Any]:
        """The row as ``score`` sees it: id, unit and answer."""
        fields = self.to_json()
        return {name: fields[name] for name in ("id", "unit", *self.reference_fields, *self.answer_fields)}

    @classmethod
    def from_reference(cls, fields: dict[str, Any]) -> Self:
        """A row made from a reference: its inputs are blank."""
        return cls.from_json({**cls.blanks, **fields})

    def texts(self) -> tuple[str, ...]:
        """The passages by which overlap between splits is found (never the answer)."""
        raise NotImplementedError


RowT = TypeVar("RowT", bound=Row)


@dataclass(frozen=True, kw_only=True)
class SentencePair(Row):
    """Two sentences and their relation (NLI, paraphrase)."""

    answer_fields: ClassVar[tuple[str, ...]] = ("label",)
    blanks: ClassVar[dict[str, Any]] = {"text_a": "", "text_b": ""}

    text_a: str
    text_b: str
    label: str | None = None

    def texts(self) -> tuple[str, ...]:
        return (f"{self.text_a}\n{self.text_b}",)


@dataclass(frozen=True, kw_only=True)
class MultipleChoice(Row):
    """A prompt with its possible continuations or answers; ``label`` is the 0-based index of the right one."""

    answer_fields: ClassVar[tuple[str, ...]] = ("label",)
    blanks: ClassVar[dict[str, Any]] = {"prompt": "", "choices": ()}

    prompt: str
    choices: tuple[str, ...]
    label: int | None = None

    @classmethod
    def from_json(cls, fields: dict[str, Any]) -> Self:
        return cls(**{**fields, "choices": tuple(fields["choices"])})

    def texts(self) -> tuple[str, ...]:
        return (self.prompt,)


@dataclass(frozen=True, kw_only=True)
class Answer:
    """A span of the context: its text and the character offset where it starts."""

    text: str
    start: int


@dataclass(frozen=True, kw_only=True)
class SpanQuestion(Row):
    """Extractive question answering. No answers means: the context does not answer the question."""

    answer_fields: ClassVar[tuple[str, ...]] = ("answers",)
    blanks: ClassVar[dict[str, Any]] = {"context": "", "question": ""}

    context: str
    question: str
    answers: tuple[Answer, ...] | None = None

    @classmethod
    def from_json(cls, fields: dict[str, Any]) -> Self:
        answers = fields.get("answers")
        found = None if answers is None else tuple(Answer(**answer) for answer in answers)
        return cls(**{**fields, "answers": found})

    def texts(self) -> tuple[str, ...]:
        return (self.context,)


@dataclass(frozen=True, kw_only=True)
class TaggedSentence(Row):
    """A sentence as words, with one tag a word."""

    answer_fields: ClassVar[tuple[str, ...]] = ("tags",)
    blanks: ClassVar[dict[str, Any]] = {"tokens": ()}

    tokens: tuple[str, ...]
    tags: tuple[str, ...] | None = None

    @classmethod
    def from_json(cls, fields: dict[str, Any]) -> Self:
        tags = fields.get("tags")
        return cls(**{**fields, "tokens": tuple(fields["tokens"]), "tags": None if tags is None else tuple(tags)})

    def texts(self) -> tuple[str, ...]:
        return (" ".join(self.tokens),)


@dataclass(frozen=True, kw_only=True)
class BitextSentence(Row):
    """One sentence of a pair of corpora.

    ``side`` is ``foreign`` or ``english``; ``partners`` are the ids of its translations on the other side (often one,
    in comparable corpora often none).
    """

    answer_fields: ClassVar[tuple[str, ...]] = ("partners",)
    reference_fields: ClassVar[tuple[str, ...]] = ("side",)
    blanks: ClassVar[dict[str, Any]] = {"text": ""}

    side: str
    text: str
    partners: tuple[str, ...] | None = None

    @classmethod
    def from_json(cls, fields: dict[str, Any]) -> Self:
        partners = fields.get("partners")
        return cls(**{**fields, "partners": None if partners is None else tuple(partners)})

    def texts(self) -> tuple[str, ...]:
        return (self.text,)


def write_json_lines(path: Path, records: Iterable[dict[str, Any]]) -> int:
    """Write one canonical JSON object a line; the number of lines written."""
    count = 0
    with path.open("w", encoding="utf-8", newline="\n") as file:
        for record in records:
            file.write(json.dumps(record, ensure_ascii=False, sort_keys=True, separators=(",", ":")) + "\n")
            count += 1
    return count


def read_json_lines(path: Path) -> Iterator[dict[str, Any]]:
    """Read the output of :func:`write_json_lines`.

    Raises:
        DataError: a line is not a JSON object; the file and line are named.
    """
    with path.open(encoding="utf-8") as file:
        for number, line in enumerate(file, start=1):
            try:
                record = json.loads(line)
            except ValueError as error:
                raise DataError("not a JSON object", where=f"{path.name}, line {number}") from error
            yield record


def read_rows(path: Path, row_class: type[RowT]) -> list[RowT]:
    """All rows of a JSON-lines file as ``row_class``."""
    return list(RowFiles((path,), row_class))


class RowFiles(Generic[RowT]):
    """The rows of JSON-lines files, one file after the other, read anew in every iteration and never all in memory.

    Args:
        paths: the files.
        row_class: of their rows.
    """

    def __init__(self, paths: Sequence[Path], row_class: type[RowT]) -> None:
        self.paths = paths
        self.row_class = row_class

    @cached_property
    def counts(self) -> tuple[int, ...]:
        """Rows of each file."""
        counts = []
        for path in self.paths:
            with path.open("rb") as file:
                counts.append(sum(1 for _ in file))
        return tuple(counts)

    def __len__(self) -> int:
        return sum(self.counts)

    def __iter__(self) -> Iterator[RowT]:
        """Each row.

        Raises:
            DataError: a line is not a JSON object; the file and line are named.
        """
        for path in self.paths:
            yield from map(self.row_class.from_json, read_json_lines(path))


def rows_to_json(rows: Sequence[Row]) -> Iterator[dict[str, Any]]:
    """The JSON form of each row, in order."""
    return (row.to_json() for row in rows)
