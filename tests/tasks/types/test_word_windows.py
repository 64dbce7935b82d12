"""Windows over long sentences: every word once, in order, where it has most context."""

from __future__ import annotations

import random

import pytest

from tasks.types.token_tagging import WordWindow, word_windows


def test_a_sentence_that_fits_is_one_window() -> None:
    assert [WordWindow(first=0, last=3, own_first=0, own_last=3)] == word_windows([2, 1, 3], 6)
    assert [WordWindow(first=0, last=0, own_first=0, own_last=0)] == word_windows([], 6)


def test_words_in_two_windows_belong_to_the_one_with_more_around_them() -> None:
    """Ten words of a piece, six to a window, three apart: of words 3, 4 and 5 the middle one has equal context."""
    assert [
        WordWindow(first=0, last=6, own_first=0, own_last=5),
        WordWindow(first=3, last=9, own_first=5, own_last=8),
        WordWindow(first=6, last=10, own_first=8, own_last=10),
    ] == word_windows([1] * 10, 6)


def test_a_window_that_owns_no_word_is_left_out() -> None:
    """The second word fills a window of its own up to the third, and is better off beside the first."""
    windows = word_windows([3, 3, 6], 6)
    assert [(0, 2), (2, 3)] == [(window.own_first, window.own_last) for window in windows]


@pytest.mark.parametrize("seed", range(40))
def test_every_word_is_tagged_once_in_order_and_whole(seed: int) -> None:
    draw = random.Random(seed)
    room = draw.randint(1, 12)
    lengths = [draw.choice((1, 1, 1, 2, 3, draw.randint(1, 20))) for _ in range(draw.randint(0, 60))]
    windows = word_windows(lengths, room)

    assert list(range(len(lengths))) == [n for window in windows for n in range(window.own_first, window.own_last)]
    for window in windows:
        assert window.first <= window.own_first <= window.own_last <= window.last
        assert sum(lengths[window.first : window.last]) <= room or window.last == window.first + 1
    for word in range(len(lengths)):
        around = [
            min(sum(lengths[window.first : word]), sum(lengths[word + 1 : window.last]))
            for window in windows
            if window.first <= word < window.last
        ]
        own = next(window for window in windows if window.own_first <= word < window.own_last)
        assert max(around) == min(sum(lengths[own.first : word]), sum(lengths[word + 1 : own.last]))


def test_far_from_the_ends_a_word_has_a_quarter_of_a_window_on_either_side() -> None:
    windows = word_windows([1] * 500, 100)
    assert len(windows) > 5
    for window in windows:
        for word in range(max(window.own_first, 25), min(window.own_last, 475)):
            assert min(word - window.first, window.last - 1 - word) >= 24
