"""Phase ``score``: predictions against references. The only phase that sees test labels; it holds no model.

Two kinds: ``predictions`` scores one cell, ``baseline`` what a target's trivial baseline reaches.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from harness.context import StageContext
from tasks.rows import Row, read_json_lines, read_rows
from tasks.types import task_type
from tasks.types.base import Score


def run(context: StageContext) -> None:
    """Leave ``result.json`` (scores per language) and ``units.json`` (counts per resampling unit)."""
    score_all = _score_baseline if context.params["kind"] == "baseline" else _score_predictions
    scores = score_all(context)
    mean = sum(score.value for score in scores.values()) / len(scores)
    _write(
        context.out / "result.json",
        {
            "score": mean,
            "languages": {
                language: {
                    "score": score.value,
                    "metrics": score.metrics,
                    "rows": score.rows,
                    "units": len(score.units),
                }
                for language, score in scores.items()
            },
        },
    )
    columns = next(iter(scores.values())).unit_columns
    _write(
        context.out / "units.json",
        {
            "columns": list(columns),
            "languages": {language: score.units for language, score in scores.items()},
        },
    )


def _score_predictions(context: StageContext) -> dict[str, Score]:
    task = context.params["task"]
    kind = task_type(task["type"])
    scores: dict[str, Score] = {}
    for language in context.params["languages"]:
        references = _references(context, language)
        file = context.inputs["predictions"] / "predictions" / task["name"] / f"test-{language}.{kind.suffix}"
        predictions = kind.read_predictions(file, references)
        scores[language] = kind.score(references, predictions, metric=task["metric"], language=language)
    return scores


def _score_baseline(context: StageContext) -> dict[str, Score]:
    task = context.params["task"]
    kind = task_type(task["type"])
    rows: list[Row] = []
    if "rows" in context.inputs:
        rows = read_rows(context.inputs["rows"] / "train.jsonl", kind.row_class)
    scores: dict[str, Score] = {}
    for language in context.params["languages"]:
        inputs = read_rows(context.inputs["inputs"] / f"test-{language}.jsonl", kind.row_class)
        predictions = kind.baseline(rows, inputs, task["labels"], metric=task["metric"])
        references = _references(context, language)
        scores[language] = kind.score(references, predictions, metric=task["metric"], language=language)
    return scores


def _references(context: StageContext, language: str) -> list[Row]:
    row_class = task_type(context.params["task"]["type"]).row_class
    records = read_json_lines(context.inputs["labels"] / f"test-{language}.jsonl")
    return [row_class.from_reference(record) for record in records]


def _write(path: Path, value: dict[str, Any]) -> None:
    path.write_text(
        json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":")) + "\n", encoding="utf-8"
    )
