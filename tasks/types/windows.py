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
