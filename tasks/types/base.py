"""The contract of a task type: how its rows are encoded, answered, written, read and scored.

All that differs between two tasks of one type stands in their specs; behaviour that differs belongs to the type. A
type knows no framework: tokenizers come in as arguments, logits as NumPy arrays.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any, Protocol, TypeVar

import numpy as np
import numpy.typing as npt

from tasks.rows import Row

RowT = TypeVar("RowT", bound=Row)
PredictionT = TypeVar("PredictionT")
FloatArray = npt.NDArray[np.floating[Any]]


class HeadKind(StrEnum):
    """The shape of the head that answers a type's rows."""

    SEQUENCE = "sequence"  # logits (labels,) per input
    CHOICE = "choice"  # logits (choices,) per input
    TOKEN = "token"  # noqa: S105 - logits (words, labels) per input: one row per word, taken at its first piece
    SPAN = "span"  # logits (pieces, 2) per input: start and end


@dataclass(frozen=True, kw_only=True)
class Limits:
    """How much text an input may hold, in tokenizer pieces, special tokens included.

    ``prefix`` are piece ids that the backbone wants directly after its first special token (UniXcoder's mode token).
    ``no_answer_threshold`` is by how much "no answer" must score above the best span to be given, where it may be given
    at all (the metric ``squad_v2``); encoding does not look at it.
    """

    max_length: int
    doc_stride: int = 128
    max_query_length: int = 64
    max_answer_length: int = 30
    prefix: tuple[int, ...] = ()
    no_answer_threshold: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Features:
    """One model input made from a row. A long context or sentence makes several, in its order; a multiple-choice row
    has one ``Features``.

    Attributes:
        row: index of the row in the sequence that was encoded.
        input_ids: piece ids; for multiple choice one list a choice, else exactly one list.
        token_type_ids: same shape as ``input_ids``, or None where the tokenizer has none.
        target: label of the head: a label index (sequence, choice), one label index for each of
            ``word_starts`` (token), ``(start, end)`` piece positions with (0, 0) for "no answer here" (span); None
            where the row has no answer.
        word_starts: (token) for each word that is tagged here, in order, the position of its first piece. Each word of
            a row is tagged in one of the row's inputs.
        context_start: (span) position of the first context piece; pieces before it are the question.
        offsets: (span) character span in the context of each context piece.
    """

    row: int
    input_ids: tuple[tuple[int, ...], ...]
    token_type_ids: tuple[tuple[int, ...], ...] | None = None
    target: int | tuple[int, ...] | None = None
    word_starts: tuple[int, ...] = ()
    context_start: int = 0
    offsets: tuple[tuple[int, int], ...] = ()


@dataclass(kw_only=True)
class EncodingReport:
    """How well a tokenizer suits a set of rows. Counted over the text itself, special tokens left out."""

    rows: int = 0
    words: int = 0  # by white space; one a character in scripts without it (Han, Thai, Kana, Lao, Khmer, Burmese)
    pieces: int = 0
    unknown: int = 0
    truncated: int = 0  # rows of which some text did not fit (what is in several windows is not truncated)
    windowed: int = 0  # rows that took several inputs: long contexts, long tagged sentences

    def to_json(self) -> dict[str, int]:
        """The counts by name; ``windowed`` only where there is any, so that types without windows say nothing of it."""
        names = ("rows", "words", "pieces", "unknown", "truncated", *(("windowed",) if self.windowed else ()))
        return {name: getattr(self, name) for name in names}

    def with_rates(self) -> dict[str, float]:
        """Return the counts with their rates: unknown pieces, pieces per word, truncated rows.

        A rate of nothing (no pieces, no words, no rows) is left out.
        """
        rates = {
            "unknown_rate": (self.unknown, self.pieces),
            "fertility": (self.pieces, self.words),
            "truncation_rate": (self.truncated, self.rows),
        }
        return {**self.to_json(), **{name: part / whole for name, (part, whole) in rates.items() if whole}}


@dataclass(frozen=True, kw_only=True)
class Encoded:
    """The inputs made from some rows, with the tokenizer's report."""

    features: list[Features]
    report: EncodingReport


@dataclass(frozen=True, kw_only=True)
class Score:
    """The score of one set of predictions in one language. All values are fractions of one.

    Attributes:
        value: the headline number (XTREME's): accuracy, F1, or for QA the mean of exact match and F1.
        metrics: every metric by name.
        rows: how many rows were scored.
        unit_columns: meaning of the columns of ``units``, e.g. ``("correct", "rows")`` or ``("tp", "predicted", ...)``.
        units: per resampling unit its counts, by unit id in order of first appearance; sums over all units give the
            metrics back.
    """

    value: float
    metrics: dict[str, float]
    rows: int
    unit_columns: tuple[str, ...]
    units: dict[str, tuple[float, ...]] = field(default_factory=dict)


class TaskType(Protocol[RowT, PredictionT]):
    """Implemented once for each type, as a stateless object in ``tasks.types``.

    Predictions correspond one to one to the rows, in their order. Sentence retrieval answers the English
    rows alone. In bitext mining they answer no row: a prediction is one mined pair of ids, and there are as many as
    were mined, be it none.
    """

    name: str
    row_class: type[RowT]
    head: HeadKind | None  # None: not trained (sentence retrieval, bitext mining)
    suffix: str  # of prediction files, as in XTREME's submission layout: "tsv" or "json"

    def encode(self, rows: Sequence[RowT], tokenizer: Any, limits: Limits, labels: Sequence[str]) -> Encoded:
        """Turn rows into inputs. ``tokenizer`` is a fast Hugging Face tokenizer; ``labels`` the spec's label order."""
        ...

    def decode(
        self,
        rows: Sequence[RowT],
        features: Sequence[Features],
        logits: Sequence[FloatArray],
        labels: Sequence[str],
        limits: Limits,
        *,
        metric: str,
    ) -> list[PredictionT]:
        """One prediction a row. ``logits[i]`` belongs to ``features[i]`` and has the shape its head kind says.

        ``metric`` is the task's; for span questions it says whether "no answer" may be predicted (``squad_v2``) or not.
        """
        ...

    def write_predictions(self, path: Path, rows: Sequence[RowT], predictions: Sequence[PredictionT]) -> None:
        """Write XTREME's file for one language.

        Raises:
            DataError: the predictions do not answer the rows.
        """
        ...

    def read_predictions(self, path: Path, references: Sequence[RowT]) -> list[PredictionT]:
        """Read predictions back from XTREME's file, checked against the references.

        Raises:
            DataError: predictions are missing, too many, unreadable, or name an unknown row; file and line are
                named.
        """
        ...

    def score(
        self, references: Sequence[RowT], predictions: Sequence[PredictionT], *, metric: str, language: str
    ) -> Score:
        """Score predictions against references. ``metric`` is a name the type's module lists."""
        ...
