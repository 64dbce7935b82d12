"""Windows over a long context, answers as piece positions, and the best span of a question's windows.

Follows the SQuAD recipe of BERT (Devlin et al. 2019, google-research/bert run_squad.py): windows start every
``doc_stride`` pieces; a span counts only in the window that gives its first piece the most context; starts and ends
come from the twenty highest logits of each window; "no answer" is the first piece's start plus end, in the window where
that is lowest.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tasks.rows import Answer
from tasks.types.base import Features, FloatArray
from tasks.types.pieces import Offset


@dataclass(frozen=True, kw_only=True)
class NoAnswer:
    """A threshold, and its scores on the rows that it was chosen on, as fractions of one."""

    threshold: float
    exact_match: float
    f1: float

    def to_json(self) -> dict[str, float]:
        """As it is recorded."""
        return {"threshold": self.threshold, "exact_match": self.exact_match, "f1": self.f1}


@dataclass(frozen=True, kw_only=True)
class Question:
    """Scores of a validation question answered by its best span, and left unanswered: (exact match, F1) of each."""

    margin: float
    answered: tuple[float, float]
    unanswered: tuple[float, float]


def choose_threshold(questions: Sequence[Question]) -> NoAnswer:
    """The threshold with the highest F1; of equals that with the highest exact match, then the one nearest to zero.

    Zero, where the logits themselves decide, is among those that are tried; the others lie half-way between two
    margins, so that none hangs on the rounding of one, and outside of all. The official script takes a margin itself.

    Raises:
        ValueError: there are no questions.
    """
    if not questions:
        raise ValueError("a threshold needs questions")
    margins = np.array([question.margin for question in questions])
    answered = np.array([question.answered for question in questions])
    unanswered = np.array([question.unanswered for question in questions])
    order = np.argsort(margins, kind="stable")
    # Row n: the questions with the n lowest margins are answered, the others are not.
    gains = np.cumsum((answered - unanswered)[order], axis=0)
    totals = unanswered.sum(axis=0) + np.concatenate([np.zeros((1, 2)), gains])
    candidates = np.append(_between(np.unique(margins[np.isfinite(margins)])), 0.0)
    scores = totals[np.searchsorted(margins[order], candidates, side="right")] / len(questions)
    found = min(range(len(candidates)), key=lambda n: (*_worse(scores[n]), abs(candidates[n]), candidates[n]))
    return NoAnswer(threshold=float(candidates[found]), exact_match=float(scores[found, 0]), f1=float(scores[found, 1]))


def _worse(score: np.ndarray) -> tuple[float, float]:
    """For sorting: F1 counts first. Sums that differ by rounding alone are equal."""
    return -round(float(score[1]), 12), -round(float(score[0]), 12)


def _between(values: np.ndarray) -> np.ndarray:
    """Half-way between neighbours, and one before the first and after the last."""
    if not len(values):
        return values
    return np.concatenate([values[:1] - 1, (values[:-1] + values[1:]) / 2, values[-1:] + 1])


N_BEST = 20
BoolArray = npt.NDArray[np.bool_]


@dataclass(frozen=True, kw_only=True)
class Span:
    """A span of the context in characters, with the sum of its start and end logits."""

    start: int
    end: int
    score: float


def window_starts(pieces: int, room: int, stride: int) -> list[int]:
    """First piece of each window of ``room`` pieces, ``stride`` apart (closer where a gap would open); at least one."""
    step = min(stride, room)
    starts = [0]
    while starts[-1] + room < pieces:
        starts.append(starts[-1] + step)
    return starts


def answer_pieces(answer: Answer, offsets: Sequence[Offset]) -> tuple[int, int] | None:
    """First and last context piece that the answer touches, or None where no piece does.

    Offsets rise, so both ends are found by bisection.
    """
    end = answer.start + len(answer.text)
    first = bisect_right(offsets, answer.start, key=lambda span: span[1])
    last = bisect_left(offsets, end, key=lambda span: span[0]) - 1
    return (first, last) if first <= last else None


def best_span(
    features: Sequence[Features], logits: Sequence[FloatArray], *, stride: int, max_length: int
) -> Span | None:
    """The best span over all windows of one question; None only where no piece of the context holds any text."""
    owners = _owners(features, stride)
    pairs = list(zip(features, logits, owners, strict=True))
    found = [_best_in_window(feature, scores, own, max_length) for feature, scores, own in pairs]
    if not any(found):
        # Every one of the twenty best starts and ends lay outside the context: look at all of it.
        found = [_best_in_window(feature, scores, own, max_length, everywhere=True) for feature, scores, own in pairs]
    return max((span for span in found if span), key=lambda span: span.score, default=None)


def null_score(logits: Sequence[FloatArray]) -> float:
    """The score of "no answer": first piece's start plus end, in the window where it is lowest."""
    return min(float(scores[0, 0]) + float(scores[0, 1]) for scores in logits)


def _owners(features: Sequence[Features], stride: int) -> list[BoolArray]:
    """For each window, which of its context pieces have more context there than in any other window."""
    room = len(features[0].offsets)
    step = min(stride, room)
    sizes = [len(feature.offsets) for feature in features]
    if len(features) == 1:
        return [np.ones(room, dtype=np.bool_)]
    total = step * (len(features) - 1) + sizes[-1]
    context = np.full((len(features), total), -1.0)
    for window, size in enumerate(sizes):
        left = np.arange(size)
        context[window, step * window : step * window + size] = np.minimum(left, left[::-1]) + 0.01 * size
    owner = context.argmax(axis=0)  # of equals the first, as in BERT
    return [owner[step * window : step * window + size] == window for window, size in enumerate(sizes)]


def _best_in_window(
    feature: Features, logits: FloatArray, own: BoolArray, max_length: int, *, everywhere: bool = False
) -> Span | None:
    size = len(feature.offsets)
    if not size:
        return None
    first = feature.context_start
    spans = np.asarray(feature.offsets)
    has_text = spans[:, 0] < spans[:, 1]
    start_scores, end_scores = logits[:, 0].astype(np.float64), logits[:, 1].astype(np.float64)
    limit = len(logits) if everywhere else N_BEST
    starts = _top(start_scores, limit) - first
    ends = _top(end_scores, limit) - first
    starts = starts[(starts >= 0) & (starts < size)]
    ends = ends[(ends >= 0) & (ends < size)]
    starts = starts[own[starts] & has_text[starts]]
    ends = ends[has_text[ends]]
    length = ends[None, :] - starts[:, None] + 1
    allowed = (length >= 1) & (length <= max_length)
    if not allowed.any():
        return None
    sums = start_scores[starts + first][:, None] + end_scores[ends + first][None, :]
    row, column = np.unravel_index(int(np.where(allowed, sums, -np.inf).argmax()), sums.shape)
    return Span(start=int(spans[starts[row], 0]), end=int(spans[ends[column], 1]), score=float(sums[row, column]))


def _top(scores: FloatArray, count: int) -> npt.NDArray[np.intp]:
    """Indices of the highest scores, best first, of equals the first."""
    return np.argsort(-scores, kind="stable")[:count]
