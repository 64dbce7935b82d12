import numpy as np
import pytest

from tasks.rows import Answer
from tasks.types.base import Features, FloatArray
from tasks.types.windows import Span, answer_pieces, best_span, null_score, window_starts

OFFSETS = ((0, 3), (4, 7), (8, 11), (12, 15), (16, 19))


@pytest.mark.parametrize(
    ("starts", "pieces", "room", "stride"),
    [([0], 10, 10, 4), ([0, 4], 11, 10, 4), ([0, 4, 8], 15, 10, 4), ([0, 3, 6], 8, 3, 128), ([0], 0, 3, 128)],
)
def test_windows_cover_every_piece(starts: list[int], pieces: int, room: int, stride: int) -> None:
    found = window_starts(pieces, room, stride)
    assert starts == found
    assert set(range(pieces)) == {piece for first in found for piece in range(first, min(first + room, pieces))}


@pytest.mark.parametrize(
    ("place", "answer"),
    [
        ((1, 1), Answer(text="def", start=4)),
        ((0, 2), Answer(text="c def g", start=2)),
        ((1, 2), Answer(text=" def gh", start=3)),
        ((4, 4), Answer(text="x", start=18)),
        (None, Answer(text=" ", start=3)),
        (None, Answer(text="beyond", start=40)),
    ],
)
def test_answers_are_placed_on_every_piece_they_touch(place: tuple[int, int] | None, answer: Answer) -> None:
    assert place == answer_pieces(answer, OFFSETS)


def window(offsets: tuple[tuple[int, int], ...], context_start: int = 3) -> Features:
    return Features(
        row=0, input_ids=(tuple(range(context_start + len(offsets) + 1)),), context_start=context_start, offsets=offsets
    )


def scores(size: int, start: dict[int, float], end: dict[int, float]) -> FloatArray:
    logits = np.zeros((size, 2))
    for column, values in enumerate((start, end)):
        for position, value in values.items():
            logits[position, column] = value
    return logits


def test_the_best_span_lies_in_the_context_and_runs_forward() -> None:
    """The question's piece and an end before its start score highest, and are no spans."""
    logits = scores(9, {1: 9, 5: 3, 3: 1}, {1: 9, 4: 5, 6: 2})
    found = best_span([window(OFFSETS)], [logits], stride=128, max_length=30)
    assert (0, 7, 6.0) == (found.start, found.end, found.score)


def test_spans_are_no_longer_than_allowed() -> None:
    logits = scores(9, {3: 5}, {7: 5, 4: 1})
    assert (0, 19) == _place(best_span([window(OFFSETS)], [logits], stride=128, max_length=5))
    assert (0, 7) == _place(best_span([window(OFFSETS)], [logits], stride=128, max_length=4))


def test_a_span_counts_where_its_start_has_most_context() -> None:
    """Piece 3 ends the first window, piece 2 begins the second: neither may start a span there, however it scores."""
    offsets = tuple((4 * piece, 4 * piece + 3) for piece in range(6))
    first, second = window(offsets[0:4]), window(offsets[2:6])
    logits = [scores(8, {3 + 3: 9}, {}), scores(8, {3 + 0: 8, 3 + 1: 2}, {3 + 1: 2})]
    found = best_span([first, second], logits, stride=2, max_length=30)
    assert (offsets[3][0], offsets[3][1], 4.0) == (found.start, found.end, found.score)


def test_pieces_without_text_begin_and_end_no_span() -> None:
    offsets = ((0, 3), (3, 3), (4, 7))
    logits = scores(7, {4: 9, 3: 1}, {4: 9, 5: 1})
    assert (0, 7) == _place(best_span([window(offsets)], [logits], stride=128, max_length=30))
    assert best_span([window(((0, 0),))], [np.zeros((5, 2))], stride=128, max_length=30) is None


def test_there_is_an_answer_even_if_the_question_scores_highest_everywhere() -> None:
    """More than twenty question pieces outscore the whole context."""
    logits = scores(34, dict.fromkeys(range(28), 9.0), dict.fromkeys(range(28), 9.0))
    logits[30] = (1.0, 1.0)
    found = best_span([window(OFFSETS, context_start=28)], [logits], stride=128, max_length=30)
    assert (8, 11) == _place(found)


def test_no_answer_scores_as_in_its_lowest_window() -> None:
    assert 1.0 == null_score([scores(4, {0: 3}, {0: 4}), scores(4, {0: 2}, {0: -1})])


def _place(span: Span) -> tuple[int, int]:
    return (span.start, span.end)
