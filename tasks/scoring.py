"""Predictions, or a trivial baseline, scored against references in every language."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Protocol, TypedDict, cast

from tasks.rows import BitextSentence, Row, RowT, read_json_lines, read_rows
from tasks.types import task_type
from tasks.types.base import Score
from tasks.types.sentence_retrieval import FOREIGN_TO_ENGLISH
from tasks.types.sentences import turned

RESULT, UNITS = "result.json", "units.json"

#: References by language.
References = Iterator[tuple[str, list[Row]]]


class ScoredTask(Protocol):
    """What scoring needs to know of a task."""

    @property
    def name(self) -> str:
        """As in the names of prediction files."""
        ...

    @property
    def type(self) -> str:
        """Its type's name."""
        ...

    @property
    def labels(self) -> tuple[str, ...]:
        """Answers of a classification or tagging task."""
        ...

    @property
    def metric(self) -> str:
        """The name of the headline metric."""
        ...


class LanguageScore(TypedDict):
    """One language of ``result.json``; ``units``: how many resampling units there are."""

    score: float
    metrics: dict[str, float]
    rows: int
    units: int


class ResultFile(TypedDict):
    """``result.json``: the mean score and the languages."""

    score: float
    languages: dict[str, LanguageScore]


def read_references(task: ScoredTask, labels: Path, languages: Iterable[str], *, joint: bool) -> References:
    """The references by language, one language in memory at a time unless units are ``joint``."""
    row_class = task_type(task.type).row_class
    by_language = (
        (language, [row_class.from_reference(record) for record in read_json_lines(labels / f"test-{language}.jsonl")])
        for language in languages
    )
    yield from with_joint_units(dict(by_language)).items() if joint else by_language


def score_predictions(task: ScoredTask, answers: Path, references: References) -> dict[str, Score]:
    """Scores by language of the artifact that ``predict`` or ``retrieve`` left.

    What is in ``variants/NAME`` of it is one more metric of each language, ``METRIC_NAME``.
    """
    variants = sorted(path.name for path in (answers / "variants").glob("*"))
    scores: dict[str, Score] = {}
    for language, rows in references:
        score = _score(answers / "predictions", rows, task, language)
        for name in variants:
            # Sides are a matter of retrieval alone, and so are variants as yet.
            sides = rows
            if name == FOREIGN_TO_ENGLISH:
                sides = list(turned(cast("list[BitextSentence]", rows)))
            score.metrics[f"{task.metric}_{name}"] = _score(answers / "variants" / name, sides, task, language).value
        scores[language] = score
    return scores


def score_baseline(task: ScoredTask, rows: Path | None, inputs: Path, references: References) -> dict[str, Score]:
    """Scores by language of the task's trivial baseline, which may look at the training rows in ``rows``."""
    kind = task_type(task.type)
    training = [] if rows is None else read_rows(rows / "train.jsonl", kind.row_class)
    scores: dict[str, Score] = {}
    for language, answered in references:
        asked = read_rows(inputs / f"test-{language}.jsonl", kind.row_class)
        predictions = kind.baseline(training, asked, task.labels, metric=task.metric)
        scores[language] = kind.score(answered, predictions, metric=task.metric, language=language)
    return scores


def write_scores(out: Path, scores: Mapping[str, Score]) -> None:
    """Write ``result.json`` (scores by language) and ``units.json`` (counts by resampling unit)."""
    languages: dict[str, LanguageScore] = {
        language: {"score": score.value, "metrics": score.metrics, "rows": score.rows, "units": len(score.units)}
        for language, score in scores.items()
    }
    mean = sum(score.value for score in scores.values()) / len(scores)
    _write(out / RESULT, ResultFile(score=mean, languages=languages))
    columns = next(iter(scores.values())).unit_columns
    units = {language: score.units for language, score in scores.items()}
    _write(out / UNITS, {"columns": list(columns), "languages": units})


def read_result(folder: Path) -> ResultFile:
    """``result.json`` of an artifact."""
    result: ResultFile = json.loads((folder / RESULT).read_text(encoding="utf-8"))
    return result


def with_joint_units(rows: Mapping[str, Sequence[RowT]]) -> dict[str, list[RowT]]:
    """The rows of each language with units that are joined across languages by equal row ids.

    MLQA's paragraphs are each language's own, but a question has one id in every language that asks it. So paragraphs
    that share a question, directly or through others, are about the same thing, and must be drawn together in all
    languages: their scores go up and down together. The group is the unit then, in every language; a question is in one
    of them only.

    A unit is named ``LANGUAGE/UNIT`` after the first of its group, by the order of languages and of rows: with English
    first, by the English paragraph. Rows keep their order, ids and answers.
    """
    above: dict[str, str] = {}

    def root(name: str) -> str:
        while (other := above.setdefault(name, name)) != name:
            above[name] = above[other]
            name = other
        return name

    def place(language: str, row: RowT) -> str:
        return f"unit {language}/{row.unit}"

    for language, found in rows.items():
        for row in found:
            above[root(place(language, row))] = root(f"row {row.id}")
    names: dict[str, str] = {}
    joined: dict[str, list[RowT]] = {}
    for language, found in rows.items():
        groups = [names.setdefault(root(place(language, row)), f"{language}/{row.unit}") for row in found]
        joined[language] = [replace(row, unit=group) for row, group in zip(found, groups, strict=True)]
    return joined


def _score(folder: Path, references: list[Row], task: ScoredTask, language: str) -> Score:
    kind = task_type(task.type)
    file = folder / task.name / f"test-{language}.{kind.suffix}"
    predictions = kind.read_predictions(file, references)
    return kind.score(references, predictions, metric=task.metric, language=language)


def _write(path: Path, value: object) -> None:
    text = json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    path.write_text(text + "\n", encoding="utf-8")
