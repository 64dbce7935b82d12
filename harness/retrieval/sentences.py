"""What both ways of retrieving share: sentences read, encoded and embedded with progress told, and answers written."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from harness.retrieval.embed import SentenceEmbedder, Vectors
from harness.training.runtime import Reporter
from tasks.errors import DataError
from tasks.rows import BitextSentence, read_json_lines, read_rows
from tasks.types import task_type
from tasks.types.base import EncodingReport, Features, Limits
from tasks.types.sentences import english_rows, foreign_rows


class Reports(NamedTuple):
    """How the tokenizer fared on the two sides of one language."""

    foreign: EncodingReport
    english: EncodingReport


def read_sentences(path: Path, *, where: str | None = None) -> list[BitextSentence]:
    """The sentences of one language, both sides. ``where`` names the file in messages (default: its name).

    Raises:
        DataError: the file is missing, a row holds its answer (no model may ever see one), or one side is empty.
    """
    where = where or path.name
    if not path.is_file():
        raise DataError("the inputs have no such file", where=where, remedy="prepare this language too")
    rows = read_rows(path, BitextSentence)
    for number, row in enumerate(rows, start=1):
        if row.partners is not None:
            raise DataError("a test row holds its answer", where=f"{where}, line {number}")
    for side, found in (("English", english_rows(rows)), ("foreign", foreign_rows(rows))):
        if not found:
            raise DataError(f"there are no {side} sentences", where=where, remedy="prepare both sides")
    return rows


@dataclass(frozen=True, kw_only=True)
class Sample:
    """The sentences of a language that readings and thresholds are chosen on.

    Attributes:
        rows: both sides, without answers.
        references: the same rows' answers.
    """

    rows: list[BitextSentence]
    references: list[BitextSentence]


@dataclass(frozen=True, kw_only=True)
class SampleSet:
    """Where the samples are. No text and no answer of what is scored is in them.

    Attributes:
        inputs: the artifact with ``test-LANG.jsonl``, without answers.
        labels: the references, again ``test-LANG.jsonl``.
        languages: those that there are.
    """

    inputs: Path
    labels: Path
    languages: tuple[str, ...]

    def read(self, language: str) -> Sample:
        """The sample of one language.

        Raises:
            DataError: rows are missing, hold answers or lack one side; the references are missing, or not those of the
                sentences.
        """
        name = f"test-{language}.jsonl"
        rows = read_sentences(self.inputs / name, where=f"dev/{name}")
        path, where = self.labels / name, f"dev_labels/{name}"
        if not path.is_file():
            remedy = "prepare this language too"
            raise DataError("the sample's references have no such file", where=where, remedy=remedy)
        references = [BitextSentence.from_reference(record) for record in read_json_lines(path)]
        if [(row.id, row.side) for row in references] != [(row.id, row.side) for row in rows]:
            raise DataError(
                "the references are not those of the sample's sentences",
                where=where,
                remedy="prepare both from the same split with the same limit",
            )
        return Sample(rows=rows, references=references)


@dataclass(frozen=True, kw_only=True)
class Embeddings:
    """One embedder for all languages of a task.

    Attributes:
        type: the task's type, which encodes the sentences.
        embedder: loaded with the readings that are wanted.
        limits: how much of a sentence is embedded.
        threads: of the search.
    """

    type: str
    embedder: SentenceEmbedder
    limits: Limits
    threads: int

    def encode(self, rows: Sequence[BitextSentence]) -> tuple[list[Features], EncodingReport]:
        """One input a sentence, and how the tokenizer fared."""
        encoded = task_type(self.type).encode(rows, self.embedder.tokenizer, self.limits, ())
        return encoded.features, encoded.report

    def embed(self, features: Sequence[Features], report: Reporter, what: str) -> Vectors:
        """Embeddings in every reading, each (sentences, hidden) in the order given, not normalised."""

        def embedded(done: int, total: int) -> None:
            report(done / total, f"{what}, {done:,} of {total:,} sentences")

        return self.embedder.embed(features, embedded)


@dataclass(frozen=True, kw_only=True)
class Answers:
    """Where the predictions of one task go: the headline's, and beside them those of its variants.

    Attributes:
        out: the artifact.
        task: its name.
        type: its type, which writes the files.
    """

    out: Path
    task: str
    type: str

    def write(
        self, language: str, rows: Sequence[BitextSentence], predictions: Sequence[Any], variant: str = ""
    ) -> None:
        """Write one language's predictions; ``variant`` is empty for the headline."""
        kind = task_type(self.type)
        folder = self.out / "variants" / variant if variant else self.out / "predictions"
        folder = folder / self.task
        folder.mkdir(parents=True, exist_ok=True)
        kind.write_predictions(folder / f"test-{language}.{kind.suffix}", rows, predictions)
