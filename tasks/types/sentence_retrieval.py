"""Sentence retrieval: find the translation of a sentence among foreign ones, with no training.

The search itself belongs to the harness; here are the inputs, the predictions and their score. A prediction is, for
each English sentence in the order of the rows, the 0-based index of a foreign sentence in the order of the foreign
rows. XTREME's Tatoeba files hold the same, one index a line.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NewType

from tasks.errors import DataError
from tasks.rows import BitextSentence
from tasks.types.base import Score
from tasks.types.files import index_a_line, write_lines
from tasks.types.scoring import UnitCounts, require_matching, require_metric
from tasks.types.sentences import SentenceType, english_rows, foreign_rows

METRICS = ("accuracy",)
#: Predicted where no foreign sentence is to count. XTREME's files have no such thing; it is never right.
NO_ANSWER = -1
#: The variant whose predictions answer the foreign sentences with English ones.
FOREIGN_TO_ENGLISH = "foreign_to_english"

#: 0-based position of a sentence among the foreign rows.
ForeignIndex = NewType("ForeignIndex", int)


class SentenceRetrievalType(SentenceType):
    """Sentences in, for each English one the index of a foreign one out."""

    name = "sentence_retrieval"

    def baseline(
        self,
        train_rows: Sequence[BitextSentence],  # noqa: ARG002 (all types alike)
        test_rows: Sequence[BitextSentence],
        labels: Sequence[str],  # noqa: ARG002 (all types alike)
        *,
        metric: str,
    ) -> list[ForeignIndex]:
        """The first foreign sentence for every English one."""
        require_metric(metric, METRICS)
        return [ForeignIndex(0)] * len(english_rows(test_rows))

    def write_predictions(
        self, path: Path, rows: Sequence[BitextSentence], predictions: Sequence[ForeignIndex]
    ) -> None:
        """One index a line, one line an English sentence."""
        require_matching(english_rows(rows), predictions)
        write_lines(path, map(str, predictions))

    def read_predictions(self, path: Path, references: Sequence[BitextSentence]) -> list[ForeignIndex]:
        """One index a line, one line an English sentence; -1 is no answer."""
        queries, foreign = english_rows(references), foreign_rows(references)
        indices = index_a_line(path, queries, [len(foreign)] * len(queries), least=NO_ANSWER)
        return [ForeignIndex(index) for index in indices]

    def score(
        self,
        references: Sequence[BitextSentence],
        predictions: Sequence[ForeignIndex],
        *,
        metric: str,
        language: str,  # noqa: ARG002 (the contract's)
    ) -> Score:
        """The share of English sentences whose translation was found (Tatoeba's accuracy, from English).

        Another sentence of the same text does not count as the translation, as in XTREME.
        """
        require_metric(metric, METRICS)
        queries = english_rows(references)
        require_matching(queries, predictions)
        foreign_ids = [row.id for row in foreign_rows(references)]
        units = UnitCounts()
        correct = 0
        for row, index in zip(queries, predictions, strict=True):
            if not row.partners:
                raise DataError("an English sentence without a translation", where=f"row {row.id}")
            right = index != NO_ANSWER and foreign_ids[index] in row.partners
            correct += right
            units.add(row.unit, right, 1)
        value = correct / len(queries)
        return Score(
            value=value,
            metrics={"accuracy": value},
            rows=len(queries),
            unit_columns=("correct", "rows"),
            units=units.as_dict(),
        )
