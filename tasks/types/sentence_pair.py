"""Sentence pairs with a label: natural language inference, paraphrase identification."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tasks.errors import DataError
from tasks.metrics import accuracy
from tasks.rows import SentencePair
from tasks.types.base import Encoded, Features, FloatArray, HeadKind, Limits, Score
from tasks.types.files import one_a_line, write_lines
from tasks.types.pieces import layout_of, longest_first, report_on, tokenize
from tasks.types.scoring import (
    UnitCounts,
    argmax_by_row,
    label_index,
    label_indices,
    most_frequent,
    require_matching,
    require_metric,
)

METRICS = ("accuracy",)


class SentencePairType:
    """Two texts in, one label out."""

    name = "sentence_pair"
    row_class = SentencePair
    head: HeadKind | None = HeadKind.SEQUENCE
    suffix = "tsv"

    def encode(self, rows: Sequence[SentencePair], tokenizer: Any, limits: Limits, labels: Sequence[str]) -> Encoded:
        """Both texts in one input; the longer one gives way where they do not fit."""
        pieces = tokenize(tokenizer, (text for row in rows for text in (row.text_a, row.text_b)))
        report = report_on(((row.text_a, row.text_b) for row in rows), pieces)
        layout = layout_of(tokenizer, 2, limits)
        indices = label_indices(labels)
        features = []
        for index, row in enumerate(rows):
            first, second = pieces[row.text_a].ids, pieces[row.text_b].ids
            if len(first) + len(second) > layout.room:
                report.truncated += 1
                kept_first, kept_second = longest_first(len(first), len(second), layout.room)
                first, second = first[:kept_first], second[:kept_second]
            segments = layout.segment_ids(first, second)
            features.append(
                Features(
                    row=index,
                    input_ids=(layout.ids(first, second),),
                    token_type_ids=None if segments is None else (segments,),
                    target=None if row.label is None else label_index(row.label, indices, row),
                )
            )
        return Encoded(features=features, report=report)

    def decode(
        self,
        rows: Sequence[SentencePair],
        features: Sequence[Features],
        logits: Sequence[FloatArray],
        labels: Sequence[str],
        limits: Limits,  # noqa: ARG002 (the contract's)
        *,
        metric: str,
    ) -> list[str]:
        """The label with the highest logit."""
        require_metric(metric, METRICS)
        return [labels[index] for index in argmax_by_row(rows, features, logits)]

    def baseline(
        self,
        train_rows: Sequence[SentencePair],
        test_rows: Sequence[SentencePair],
        labels: Sequence[str],
        *,
        metric: str,
    ) -> list[str]:
        """The training rows' most frequent label for every row."""
        require_metric(metric, METRICS)
        majority = most_frequent((row.label for row in train_rows if row.label is not None), labels)
        return [majority] * len(test_rows)

    def write_predictions(self, path: Path, rows: Sequence[SentencePair], predictions: Sequence[str]) -> None:
        """One label a line."""
        require_matching(rows, predictions)
        write_lines(path, predictions)

    def read_predictions(self, path: Path, references: Sequence[SentencePair]) -> list[str]:
        """One label a line, one a reference."""
        return one_a_line(path, references)

    def score(
        self,
        references: Sequence[SentencePair],
        predictions: Sequence[str],
        *,
        metric: str,
        language: str,  # noqa: ARG002 (the contract's)
    ) -> Score:
        """Accuracy."""
        require_metric(metric, METRICS)
        require_matching(references, predictions)
        units = UnitCounts()
        for row, prediction in zip(references, predictions, strict=True):
            if row.label is None:
                raise DataError("a reference without its label", where=f"row {row.id}")
            units.add(row.unit, row.label == prediction, 1)
        value = accuracy([row.label for row in references], predictions)
        return Score(
            value=value,
            metrics={"accuracy": value},
            rows=len(references),
            unit_columns=("correct", "rows"),
            units=units.as_dict(),
        )
