"""A prompt with several possible continuations or answers, of which one is right."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tasks.errors import DataError
from tasks.metrics import accuracy
from tasks.rows import MultipleChoice
from tasks.types.base import Encoded, Features, FloatArray, HeadKind, Limits, Score
from tasks.types.files import index_a_line, write_lines
from tasks.types.pieces import layout_of, report_on, tokenize
from tasks.types.scoring import UnitCounts, argmax_by_row, require_matching, require_metric

METRICS = ("accuracy",)


class MultipleChoiceType:
    """A prompt and its choices in, the 0-based index of one choice out."""

    name = "multiple_choice"
    row_class = MultipleChoice
    head: HeadKind | None = HeadKind.CHOICE
    suffix = "tsv"

    def encode(
        self,
        rows: Sequence[MultipleChoice],
        tokenizer: Any,
        limits: Limits,
        labels: Sequence[str],  # noqa: ARG002 (the contract's)
    ) -> Encoded:
        """The prompt with each choice; the prompt gives way, from its left, so that the end of the question stays."""
        pieces = tokenize(tokenizer, (text for row in rows for text in (row.prompt, *row.choices)))
        report = report_on(((row.prompt, *row.choices) for row in rows), pieces)
        layout = layout_of(tokenizer, 2, limits)
        features = []
        for index, row in enumerate(rows):
            prompt = pieces[row.prompt].ids
            pairs = [fit(prompt, pieces[choice].ids, layout.room) for choice in row.choices]
            longest = max((len(pieces[choice].ids) for choice in row.choices), default=0)
            report.truncated += len(prompt) + longest > layout.room
            segments = [layout.segment_ids(*pair) for pair in pairs]
            features.append(
                Features(
                    row=index,
                    input_ids=tuple(layout.ids(*pair) for pair in pairs),
                    token_type_ids=None
                    if layout.segments is None
                    else tuple(ids for ids in segments if ids is not None),
                    target=row.label,
                )
            )
        return Encoded(features=features, report=report)

    def decode(
        self,
        rows: Sequence[MultipleChoice],
        features: Sequence[Features],
        logits: Sequence[FloatArray],
        labels: Sequence[str],  # noqa: ARG002 (the contract's)
        limits: Limits,  # noqa: ARG002 (the contract's)
        *,
        metric: str,
    ) -> list[int]:
        """The choice with the highest logit."""
        require_metric(metric, METRICS)
        return argmax_by_row(rows, features, logits)

    def baseline(
        self,
        train_rows: Sequence[MultipleChoice],  # noqa: ARG002 (all types alike)
        test_rows: Sequence[MultipleChoice],
        labels: Sequence[str],  # noqa: ARG002 (all types alike)
        *,
        metric: str,
    ) -> list[int]:
        """The first choice for every row."""
        require_metric(metric, METRICS)
        return [0] * len(test_rows)

    def write_predictions(self, path: Path, rows: Sequence[MultipleChoice], predictions: Sequence[int]) -> None:
        """One 0-based index a line."""
        require_matching(rows, predictions)
        write_lines(path, map(str, predictions))

    def read_predictions(self, path: Path, references: Sequence[MultipleChoice]) -> list[int]:
        """One 0-based index a line. Checked against the row's choices where the reference still has them."""
        most = 1 << 31  # a reference record carries no choices to check against
        return index_a_line(path, references, [len(row.choices) or most for row in references])

    def score(
        self,
        references: Sequence[MultipleChoice],
        predictions: Sequence[int],
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


def fit(prompt: list[int], choice: list[int], room: int) -> tuple[list[int], list[int]]:
    """The prompt's end and the whole choice; a choice that alone is too long loses its own end."""
    choice = choice[:room]
    left = room - len(choice)
    return prompt[max(0, len(prompt) - left) :], choice
