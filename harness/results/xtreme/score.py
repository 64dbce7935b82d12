"""Scoring a folder of predictions as google-research/xtreme's evaluate.py does, to the last digit.

The keys, the 0 to 100 scale and the averages are its; tagging F1 follows the rules of seqeval 0.0.12, which it was used
with. What it lets pass is refused here with file and line: predictions that lack a question, lines of another number,
sentences of another length, ids that come twice. Nothing is averaged over a set with holes.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.context import Progress
from harness.results.xtreme.files import (
    answers_of,
    labels_of,
    line_of,
    no_placeholders,
    pairs_of,
    questions_of,
    required,
    sentences_of,
)
from harness.results.xtreme.layout import GROUPS, XtremeTask, xtreme_tasks
from tasks.errors import DataError
from tasks.metrics import Overlap, corpus_chunk_counts, pair_overlap
from tasks.readers.placeholders import one_tag
from tasks.types.files import where_it_parts
from tasks.types.span_qa import measures

Scores = dict[str, float]


@dataclass(frozen=True, kw_only=True)
class Report:
    """What evaluate.py writes.

    Attributes:
        tasks: for each task by metric the scores by language, ``avg_METRIC`` and ``avg_metric``. Averages are left out
            where languages are missing.
        groups: the mean of each group whose tasks are all complete, and ``all_task`` if all nine are.
        missing: for each task the languages without a file.
        ignored: folders that are no task of XTREME, or have no labels.
    """

    tasks: dict[str, dict[str, Any]]
    groups: dict[str, float]
    missing: dict[str, tuple[str, ...]]
    ignored: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """The very object that evaluate.py writes."""
        return {**self.groups, **self.tasks}


def score_submission(
    predictions: Path, labels: Path, *, partial: bool = False, unanswered: bool = False, told: Progress | None = None
) -> Report:
    """Score every task that has a folder among both.

    Args:
        predictions: folder of ``TASK/test-LANG.tsv|json``.
        labels: the same for the labels.
        partial: leave languages out that lack a file, and with them all averages they belong to.
        unanswered: a question without a prediction counts as wrong, as in evaluate.py.
        told: told before each file.

    Raises:
        DataError: a folder or a file is missing, or a file is not as it should be; file and line are named.
    """
    for folder in (predictions, labels):
        _require_folder(folder)
    folders = sorted(path.name for path in predictions.iterdir() if path.is_dir())
    known = xtreme_tasks()
    names = [name for name in known if name in folders and (labels / name).is_dir()]
    if not names:
        raise DataError(
            f"no task of XTREME is both here and in {labels}",
            where=str(predictions),
            remedy=f"its folders are called {', '.join(known)}",
        )
    tasks: dict[str, dict[str, Any]] = {}
    missing: dict[str, tuple[str, ...]] = {}
    done, total = 0, sum(len(known[name].languages) for name in names)
    for name in names:
        task = known[name]
        _refuse_strangers(task, predictions / name)
        found: dict[str, dict[str, float]] = {}
        for language in task.languages:
            if told is not None:
                told(done / total, f"{name}, {language}")
            done += 1
            files = [folder / name / task.file(language) for folder in (predictions, labels)]
            lost = next((file for file in files if not file.is_file()), None)
            if lost is not None and not partial:
                raise DataError("no such file", where=str(lost), remedy="give all languages, or say --partial")
            if lost is not None:
                missing[name] = (*missing.get(name, ()), language)
                continue
            for metric, value in score_file(task, language, *files, unanswered=unanswered).items():
                found.setdefault(metric, {})[language] = value
        tasks[name] = found if name in missing else _averaged(found)
    complete = {name: scores["avg_metric"] for name, scores in tasks.items() if "avg_metric" in scores}
    return Report(
        tasks=tasks,
        groups=_grouped(complete),
        missing=missing,
        ignored=tuple(name for name in folders if name not in names),
    )


def _require_folder(folder: Path) -> None:
    if folder.is_file():
        raise DataError("a file, where a folder of files is wanted", where=str(folder), remedy="unpack it")
    if not folder.is_dir():
        raise DataError("no such folder", where=str(folder))


def score_file(task: XtremeTask, language: str, predictions: Path, labels: Path, *, unanswered: bool = False) -> Scores:
    """The metrics of one language, from 0 to 100.

    Raises:
        DataError: one of the files is not as it should be, or they do not belong together.
    """
    if task.kind == "labels":
        return _accuracy(predictions, labels)
    if task.kind == "tags":
        return _tagging(predictions, labels)
    if task.kind == "pairs":
        return _in_percent(pair_overlap(pairs_of(predictions), required(pairs_of(labels), labels)))
    return _answers(task, language, predictions, labels, unanswered=unanswered)


def headline(scores: Scores) -> float:
    """The one number of a task, from its metrics: the mean of exact match and F1, else F1, else accuracy."""
    if "exact_match" in scores:
        return (scores["exact_match"] + scores["f1"]) / 2
    return scores["f1"] if "f1" in scores else scores["accuracy"]


def _averaged(scores: dict[str, Scores]) -> dict[str, Any]:
    means = {metric: sum(by_language.values()) / len(by_language) for metric, by_language in scores.items()}
    return {**scores, **{f"avg_{metric}": mean for metric, mean in means.items()}, "avg_metric": headline(means)}


def _grouped(scores: dict[str, float]) -> dict[str, float]:
    found = {}
    if scores.keys() == xtreme_tasks().keys():
        found["all_task"] = sum(scores.values()) / len(scores)
    for group in GROUPS:
        members = [task.name for task in xtreme_tasks().values() if task.group == group]
        if all(name in scores for name in members):
            found[group] = sum(scores[name] for name in members) / len(members)
    return found


def _refuse_strangers(task: XtremeTask, folder: Path) -> None:
    """A file of a language that the task does not have is most often one under a wrong code."""
    known = {task.file(language) for language in task.languages}
    for path in sorted(folder.glob("test-*")):
        if path.name not in known:
            raise DataError(
                f"{task.name} has no such language or file",
                where=str(path),
                remedy=f"files are called {task.file('LANG')}; its languages are {', '.join(task.languages)}",
            )


def _accuracy(predictions: Path, labels: Path) -> Scores:
    given, right = labels_of(predictions), no_placeholders(labels_of(labels), labels, lambda label: label)
    line = where_it_parts(len(given), len(right))
    _require_as_many(len(given), len(right), "predictions", "labels", f"{predictions}, line {line}")
    return {"accuracy": sum(one == other for one, other in zip(given, right, strict=True)) / len(right) * 100}


def _tagging(predictions: Path, labels: Path) -> Scores:
    given = sentences_of(predictions)
    right = no_placeholders(sentences_of(labels), labels, lambda sentence: one_tag(sentence[1]))
    place = where_it_parts(len(given), len(right))
    where = f"{predictions}, line {given[place - 1][0]}" if given else str(predictions)
    _require_as_many(len(given), len(right), "sentences", "in the labels", where)
    for (line, tags), (_, gold) in zip(given, right, strict=True):
        if len(tags) != len(gold):
            what = f"{len(tags)} tags for a sentence of {len(gold)} tokens"
            raise DataError(what, where=f"{predictions}, line {line}", remedy="write one tag a token")
    golds, found = ([tags for _, tags in side] for side in (right, given))
    return _in_percent(corpus_chunk_counts(golds, found, "0.0.12"))


def _answers(task: XtremeTask, language: str, predictions: Path, labels: Path, *, unanswered: bool) -> Scores:
    questions, given = questions_of(labels), answers_of(predictions)
    lost = [question for question, _ in questions if question not in given]
    if lost and not unanswered:
        raise DataError(
            f"{len(lost)} of {len(questions)} questions have no prediction, the first is {lost[0]!r}",
            where=str(predictions),
            remedy="answer all, or say --unanswered to count them as wrong",
        )
    unknown = given.keys() - {question for question, _ in questions}
    if unknown:
        raise DataError(
            f"{len(unknown)} predictions are for questions that are not in {labels}, such as {min(unknown)!r}",
            where=line_of(predictions, min(unknown)),
            remedy="take both from the same release",
        )
    exact_match, overlap = measures(task.metric, language)
    exact = f1 = 0.0
    for question, golds in questions:
        if question in given:
            exact += exact_match(given[question], golds)
            f1 += overlap(given[question], golds)
    return {"exact_match": 100.0 * exact / len(questions), "f1": 100.0 * f1 / len(questions)}


def _in_percent(counts: Overlap) -> Scores:
    return {"f1": counts.f1 * 100, "precision": counts.precision * 100, "recall": counts.recall * 100}


def _require_as_many(given: int, right: int, what: str, other: str, where: str) -> None:
    if given != right:
        raise DataError(f"{given:,} {what}, but {right:,} {other}", where=where, remedy="predict every row in order")
