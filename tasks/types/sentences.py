"""Shared code of the two types over pairs of corpora, which have no head."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, NoReturn

from tasks.errors import UserError
from tasks.rows import BitextSentence
from tasks.types.base import Encoded, Features, FloatArray, HeadKind, Limits
from tasks.types.pieces import layout_of, report_on, tokenize


def english_rows(rows: Sequence[BitextSentence]) -> list[BitextSentence]:
    """The English sentences, in their order."""
    return [row for row in rows if row.side == "english"]


def foreign_rows(rows: Sequence[BitextSentence]) -> list[BitextSentence]:
    """The foreign sentences, in their order."""
    return [row for row in rows if row.side == "foreign"]


def turned(rows: Sequence[BitextSentence]) -> list[BitextSentence]:
    """Swap the sides of the rows, to retrieve English from foreign instead of foreign from English."""
    return [replace(row, side="english" if row.side == "foreign" else "foreign") for row in rows]


class SentenceType:
    """Base of the types whose inputs are single sentences, and whose predictions come from a search over embeddings."""

    name: str
    row_class = BitextSentence
    head: HeadKind | None = None
    suffix = "tsv"

    def encode(
        self,
        rows: Sequence[BitextSentence],
        tokenizer: Any,
        limits: Limits,
        labels: Sequence[str],  # noqa: ARG002 (the contract's)
    ) -> Encoded:
        """Each sentence for itself, cut at its end where it does not fit."""
        pieces = tokenize(tokenizer, (row.text for row in rows))
        report = report_on(((row.text,) for row in rows), pieces)
        layout = layout_of(tokenizer, 1, limits)
        features = []
        for index, row in enumerate(rows):
            ids = pieces[row.text].ids
            report.truncated += len(ids) > layout.room
            ids = ids[: layout.room]
            segments = layout.segment_ids(ids)
            features.append(
                Features(
                    row=index,
                    input_ids=(layout.ids(ids),),
                    token_type_ids=None if segments is None else (segments,),
                )
            )
        return Encoded(features=features, report=report)

    def decode(
        self,
        rows: Sequence[BitextSentence],
        features: Sequence[Features],
        logits: Sequence[FloatArray],
        labels: Sequence[str],
        limits: Limits,
        *,
        metric: str,
    ) -> NoReturn:
        """Refused: there is no head, the predictions come from a search over embeddings.

        Raises:
            UserError: always.
        """
        del rows, features, logits, labels, limits, metric
        raise UserError(
            f"{self.name.replace('_', ' ')} has no head to decode", remedy="run the retrieve phase, not predict"
        )
