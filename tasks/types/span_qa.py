"""Extractive question answering: the answer is a span of the context."""

from __future__ import annotations

import json
import math
import re
from collections import defaultdict
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from tasks.errors import DataError, UserError
from tasks.metrics import mlqa_exact_match, mlqa_f1, squad_exact_match, squad_f1, squad_v2_exact_match, squad_v2_f1
from tasks.rows import SpanQuestion
from tasks.types.base import Encoded, Features, FloatArray, HeadKind, Limits, Score
from tasks.types.files import read_text
from tasks.types.pieces import Layout, TextPieces, layout_of, report_on, tokenize
from tasks.types.scoring import UnitCounts, require_matching, require_metric
from tasks.types.windows import (
    NoAnswer,
    Question,
    answer_pieces,
    best_span,
    choose_threshold,
    null_score,
    window_starts,
)

#: ``squad`` and ``mlqa`` always answer; ``squad_v2`` may answer "" for "the context does not say".
METRICS = ("squad", "mlqa", "squad_v2")

# Ends with a space after them (Latin, Arabic) and ends without (CJK full stop, exclamation, question mark; danda).
_SENTENCE = re.compile("\\s*(\\S.*?)(?:[.!?\u061f]+(?=\\s|$)|[\u3002\uff01\uff1f\u0964]|\n|$)", re.DOTALL)


class SpanQuestionType:
    """A context and a question in, a span of the context out, as text."""

    name = "span_qa"
    row_class = SpanQuestion
    head: HeadKind | None = HeadKind.SPAN
    suffix = "json"

    def encode(
        self,
        rows: Sequence[SpanQuestion],
        tokenizer: Any,
        limits: Limits,
        labels: Sequence[str],  # noqa: ARG002 (the contract's)
    ) -> Encoded:
        """The question, cut to ``max_query_length``, then a window of the context; as many windows as it takes.

        The target is the row's first answer; (0, 0) in windows that do not hold all of it and for rows without one.
        """
        questions = tokenize(tokenizer, (row.question for row in rows))
        contexts = tokenize(tokenizer, (row.context for row in rows), offsets=True)
        report = report_on(((row.question, row.context) for row in rows), {**contexts, **questions})
        layout = layout_of(tokenizer, 2, limits)
        features: list[Features] = []
        for index, row in enumerate(rows):
            question = questions[row.question].ids
            report.truncated += len(question) > limits.max_query_length
            question = question[: limits.max_query_length]
            pieces = contexts[row.context]
            windows = _windows(index, row, question, pieces, layout=layout, limits=limits)
            report.windowed += len(windows) > 1
            features += windows
        return Encoded(features=features, report=report)

    def decode(
        self,
        rows: Sequence[SpanQuestion],
        features: Sequence[Features],
        logits: Sequence[FloatArray],
        labels: Sequence[str],  # noqa: ARG002 (the contract's)
        limits: Limits,
        *,
        metric: str,
    ) -> list[str]:
        """The best span's text; with ``squad_v2``, "" where "no answer" scores higher by more than the threshold."""
        require_metric(metric, METRICS)
        found = _answered(rows, features, logits, limits)
        if metric != "squad_v2":
            return [answer for answer, _ in found]
        return ["" if margin > limits.no_answer_threshold else answer for answer, margin in found]

    def no_answer(
        self, rows: Sequence[SpanQuestion], features: Sequence[Features], logits: Sequence[FloatArray], limits: Limits
    ) -> NoAnswer:
        """The threshold that suits ``squad_v2`` best on these rows, whose answers are known.

        Raises:
            ValueError: there are no rows.
        """
        questions = []
        for row, (answer, margin) in zip(rows, _answered(rows, features, logits, limits), strict=True):
            golds = [gold.text for gold in row.answers or ()]
            scores = [(squad_v2_exact_match(given, golds), squad_v2_f1(given, golds)) for given in (answer, "")]
            questions.append(Question(margin=margin, answered=scores[0], unanswered=scores[1]))
        return choose_threshold(questions)

    def baseline(
        self,
        train_rows: Sequence[SpanQuestion],
        test_rows: Sequence[SpanQuestion],
        labels: Sequence[str],  # noqa: ARG002 (all types alike)
        *,
        metric: str,
    ) -> list[str]:
        """The context's first sentence; with ``squad_v2``, "" if most training questions have no answer."""
        require_metric(metric, METRICS)
        unanswerable = sum(row.answers == () for row in train_rows)
        if metric == "squad_v2" and 2 * unanswerable > len(train_rows):
            return [""] * len(test_rows)
        return [first_sentence(row.context) for row in test_rows]

    def write_predictions(self, path: Path, rows: Sequence[SpanQuestion], predictions: Sequence[str]) -> None:
        """One JSON object of answers by question id."""
        require_matching(rows, predictions)
        answers = {row.id: answer for row, answer in zip(rows, predictions, strict=True)}
        if len(answers) != len(rows):
            raise DataError("question ids repeat, so answers cannot be kept by id", where=str(path))
        text = json.dumps(answers, ensure_ascii=False, sort_keys=True, indent=1)
        path.write_text(text + "\n", encoding="utf-8", newline="\n")

    def read_predictions(self, path: Path, references: Sequence[SpanQuestion]) -> list[str]:
        """The answer to each reference's id; every id must be there, and no other."""
        try:
            answers = json.loads(read_text(path))
        except json.JSONDecodeError as error:
            raise DataError(f"not JSON: {error.msg}", where=f"{path}, line {error.lineno}") from None
        if not isinstance(answers, dict):
            raise DataError("not a JSON object of answers by question id", where=str(path))
        known = {row.id for row in references}
        for name, ids in (("no answer for", known - answers.keys()), ("an answer for unknown", answers.keys() - known)):
            if ids:
                raise DataError(f"{name} {len(ids)} question ids, the first {min(ids)!r}", where=str(path))
        for key, answer in answers.items():
            if not isinstance(answer, str):
                raise DataError(f"the answer to {key!r} is not a string", where=str(path))
        return [answers[row.id] for row in references]

    def score(
        self, references: Sequence[SpanQuestion], predictions: Sequence[str], *, metric: str, language: str
    ) -> Score:
        """Exact match and F1; the headline number is their mean, as in XTREME."""
        require_metric(metric, METRICS)
        require_matching(references, predictions)
        exact, overlap = measures(metric, language)
        units = UnitCounts()
        exact_sum = overlap_sum = 0.0
        for row, prediction in zip(references, predictions, strict=True):
            if not row.answers and (row.answers is None or metric != "squad_v2"):
                raise DataError(f"a reference without an answer, which {metric} needs", where=f"row {row.id}")
            golds = [answer.text for answer in row.answers]
            one, other = exact(prediction, golds), overlap(prediction, golds)
            units.add(row.unit, one, other, 1)
            exact_sum += one
            overlap_sum += other
        metrics = {"exact_match": exact_sum / len(references), "f1": overlap_sum / len(references)}
        return Score(
            value=(metrics["exact_match"] + metrics["f1"]) / 2,
            metrics=metrics,
            rows=len(references),
            unit_columns=("exact_match", "f1", "rows"),
            units=units.as_dict(),
        )


def _answered(
    rows: Sequence[SpanQuestion], features: Sequence[Features], logits: Sequence[FloatArray], limits: Limits
) -> list[tuple[str, float]]:
    """Each question's best span as text, and by how much "no answer" scores above it; "" where there is no span."""
    windows: defaultdict[int, list[int]] = defaultdict(list)
    for position, feature in enumerate(features):
        windows[feature.row].append(position)
    found = []
    for index, row in enumerate(rows):
        own = [features[position] for position in windows[index]]
        scores = [logits[position] for position in windows[index]]
        span = best_span(own, scores, stride=limits.doc_stride, max_length=limits.max_answer_length)
        if span is None:
            found.append(("", math.inf))
        else:
            found.append((row.context[span.start : span.end], null_score(scores) - span.score))
    return found


Measure = Callable[[str, Sequence[str]], float]


def measures(metric: str, language: str) -> tuple[Measure, Measure]:
    """Exact match and F1 of a metric's own definition."""
    if metric == "mlqa":
        return (
            lambda prediction, golds: mlqa_exact_match(prediction, golds, language),
            lambda prediction, golds: mlqa_f1(prediction, golds, language),
        )
    return (squad_v2_exact_match, squad_v2_f1) if metric == "squad_v2" else (squad_exact_match, squad_f1)


def _windows(
    index: int, row: SpanQuestion, question: list[int], context: TextPieces, *, layout: Layout, limits: Limits
) -> list[Features]:
    room = layout.room - len(question)
    if room < 1:
        what = f"max_length {limits.max_length} leaves no room for the context beside {len(question)} question pieces"
        raise UserError(what, where="max_length", remedy="raise it or lower max_query_length")
    gold = answer_pieces(row.answers[0], context.offsets) if row.answers else None
    context_start = len(layout.gaps[0]) + len(question) + len(layout.gaps[1])
    features = []
    for first in window_starts(len(context.ids), room, limits.doc_stride):
        ids = context.ids[first : first + room]
        segments = layout.segment_ids(question, ids)
        features.append(
            Features(
                row=index,
                input_ids=(layout.ids(question, ids),),
                token_type_ids=None if segments is None else (segments,),
                target=None if row.answers is None else _target(gold, first, len(ids), context_start),
                context_start=context_start,
                offsets=tuple(context.offsets[first : first + room]),
            )
        )
    return features


def _target(gold: tuple[int, int] | None, first: int, size: int, context_start: int) -> tuple[int, int]:
    if gold is None or gold[0] < first or gold[1] >= first + size:
        return (0, 0)
    return gold[0] - first + context_start, gold[1] - first + context_start


def first_sentence(context: str) -> str:
    """The context up to its first sentence end or line break."""
    found = _SENTENCE.match(context)
    return found.group(1).strip() if found else ""
