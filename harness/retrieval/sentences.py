"""What both ways of retrieving share: the sentences of a language read, and encoded and embedded with progress told."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from harness.retrieval.embed import SentenceEmbedder
from harness.retrieval.exact import FloatMatrix
from harness.training.runtime import Reporter
from tasks.errors import DataError
from tasks.rows import BitextSentence, read_rows
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
class Embeddings:
    """One embedder for all languages of a task, at one layer.

    Attributes:
        type: the task's type, which encodes the sentences.
        embedder: loaded with the one layer that is wanted.
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

    def embed(self, features: Sequence[Features], report: Reporter, what: str) -> FloatMatrix:
        """Embeddings (sentences, hidden) in the order given, not normalised."""

        def embedded(done: int, total: int) -> None:
            report(done / total, f"{what}, {done:,} of {total:,} sentences")

        return self.embedder.embed(features, embedded)[self.embedder.layers[0]]
