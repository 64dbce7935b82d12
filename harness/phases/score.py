"""Phase ``score``: predictions against references. The only phase that sees test labels; it holds no model.

Two kinds: ``predictions`` scores one cell, ``baseline`` what a target's trivial baseline reaches.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, cast

from harness.context import StageContext
from harness.files import write_json
from tasks.joint_units import with_joint_units
from tasks.rows import BitextSentence, Row, read_json_lines, read_rows
from tasks.types import task_type
from tasks.types.base import Score
from tasks.types.sentence_retrieval import FOREIGN_TO_ENGLISH
from tasks.types.sentences import turned


def run(context: StageContext) -> None:
    """Leave ``result.json`` (scores per language) and ``units.json`` (counts per resampling unit).

    What is in ``variants/NAME`` of the predictions is one more metric of each language, ``METRIC_NAME``. With
    ``params.joint_units`` units are joined over languages by the ids of their rows (:mod:`tasks.joint_units`): equal
    names in ``units.json`` are one unit, and statistics draw them together.
    """
    score_all = _score_baseline if context.params["kind"] == "baseline" else _score_predictions
    scores = score_all(context)
    mean = sum(score.value for score in scores.values()) / len(scores)
    write_json(
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
        indent=None,
    )
    columns = next(iter(scores.values())).unit_columns
    write_json(
        context.out / "units.json",
        {
            "columns": list(columns),
            "languages": {language: score.units for language, score in scores.items()},
        },
        indent=None,
    )


def _score_predictions(context: StageContext) -> dict[str, Score]:
    task = context.params["task"]
    answers = context.inputs["predictions"]
    variants = sorted(path.name for path in (answers / "variants").glob("*"))
    scores: dict[str, Score] = {}
    for language, references in _references(context):
        score = _score(answers / "predictions", references, task, language)
        for name in variants:
            # Sides are a matter of retrieval alone, and so are variants as yet.
            rows = references
            if name == FOREIGN_TO_ENGLISH:
                rows = list(turned(cast("list[BitextSentence]", references)))
            value = _score(answers / "variants" / name, rows, task, language).value
            score.metrics[f"{task['metric']}_{name}"] = value
        scores[language] = score
    return scores


def _score(folder: Path, references: list[Row], task: Mapping[str, Any], language: str) -> Score:
    kind = task_type(task["type"])
    file = folder / task["name"] / f"test-{language}.{kind.suffix}"
    predictions = kind.read_predictions(file, references)
    return kind.score(references, predictions, metric=task["metric"], language=language)


def _score_baseline(context: StageContext) -> dict[str, Score]:
    task = context.params["task"]
    kind = task_type(task["type"])
    rows: list[Row] = []
    if "rows" in context.inputs:
        rows = read_rows(context.inputs["rows"] / "train.jsonl", kind.row_class)
    scores: dict[str, Score] = {}
    for language, references in _references(context):
        inputs = read_rows(context.inputs["inputs"] / f"test-{language}.jsonl", kind.row_class)
        predictions = kind.baseline(rows, inputs, task["labels"], metric=task["metric"])
        scores[language] = kind.score(references, predictions, metric=task["metric"], language=language)
    return scores


def _references(context: StageContext) -> Iterator[tuple[str, list[Row]]]:
    """The references by language, one language in memory at a time unless units are joined."""
    languages: list[str] = context.params["languages"]
    found = ((language, _read_references(context, language)) for language in languages)
    yield from with_joint_units(dict(found)).items() if context.params.get("joint_units") else found


def _read_references(context: StageContext, language: str) -> list[Row]:
    row_class = task_type(context.params["task"]["type"]).row_class
    records = read_json_lines(context.inputs["labels"] / f"test-{language}.jsonl")
    return [row_class.from_reference(record) for record in records]
