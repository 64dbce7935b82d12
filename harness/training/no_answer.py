"""Where a head was trained to leave questions unanswered (SQuAD v2.0): the threshold, chosen on validation rows.

It is chosen at each validation, which itself scores by the logits alone (threshold zero), so that the weights that
are kept do not hang on it; the one that was chosen on those weights goes with the head.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

from harness.specs.training import ModelTask
from harness.training.encoding import EncodedRows
from harness.training.loop import History
from tasks.rows import Row, SpanQuestion
from tasks.types.base import FloatArray, Limits
from tasks.types.span_qa import SpanQuestionType

#: The metric of tasks whose questions may have no answer.
METRIC = "squad_v2"
KEY = "no_answer"


def chosen_on(
    task: ModelTask, rows: Sequence[Row], encoded: EncodedRows, logits: Sequence[FloatArray], allowed: Limits
) -> dict[str, Any]:
    """Return a validation's threshold and its scores, for the record; empty for other tasks."""
    if task.metric != METRIC:
        return {}
    questions = cast("Sequence[SpanQuestion]", rows)
    return {KEY: SpanQuestionType().no_answer(questions, encoded.features, logits, allowed).to_json()}


def thresholds(history: History) -> dict[str, float]:
    """By task, the threshold that was chosen on the weights that were kept."""
    kept = [entry for entry in history.evaluations if entry["step"] == history.best_step]
    records = kept[-1]["validation"] if kept else {}
    return {name: record[KEY]["threshold"] for name, record in records.items() if KEY in record}
