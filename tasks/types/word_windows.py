"""Windows over a sentence that is longer than one input: every word is tagged once, where it has the most context.

Windows hold whole words and start half a window apart. A word that stands in two of them belongs to the one in which
more pieces stand on its poorer side (of equals the longer window, then the first), as spans do in BERT's windows
(Devlin et al. 2019, google-research/bert run_squad.py). Training takes its loss at the same places, so each word counts
once there too, whatever the windows.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate


@dataclass(frozen=True, kw_only=True, slots=True)
class WordWindow:
    """A window holds the words ``first:last`` of a sentence, of which ``own_first:own_last`` are tagged in it."""

    first: int
    last: int
    own_first: int
    own_last: int


def word_windows(lengths: Sequence[int], room: int) -> list[WordWindow]:
    """The windows of a sentence, at least one; their own words are all its words, in order.

    Args:
        lengths: pieces of each word, at least one each.
        room: pieces that a window holds. A word that has more stands alone in a window.
    """
    if sum(lengths) <= room:
        return [WordWindow(first=0, last=len(lengths), own_first=0, own_last=len(lengths))]
    ends = list(accumulate(lengths))
    starts = [end - length for end, length in zip(ends, lengths, strict=True)]
    spans = _spans(starts, ends, room)
    owners = _owners(spans, starts, ends)
    found = []
    for number, (first, last) in enumerate(spans):
        own_first, own_last = bisect_left(owners, number), bisect_right(owners, number)
        if own_first < own_last:
            found.append(WordWindow(first=first, last=last, own_first=own_first, own_last=own_last))
    return found


def _spans(starts: Sequence[int], ends: Sequence[int], room: int) -> list[tuple[int, int]]:
    """First word and one past the last of each window."""
    step = max(1, room // 2)
    spans = []
    first = 0
    while True:
        last = max(first + 1, bisect_right(ends, starts[first] + room))
        spans.append((first, last))
        if last == len(ends):
            return spans
        first = max(first + 1, min(last, bisect_left(starts, starts[first] + step)))


def _owners(spans: Sequence[tuple[int, int]], starts: Sequence[int], ends: Sequence[int]) -> list[int]:
    """For each word the number of the window it belongs to. It never falls from one word to the next."""
    best: list[tuple[int, int]] = [(-1, 0)] * len(ends)
    owners = [0] * len(ends)
    for number, (first, last) in enumerate(spans):
        begin, end = starts[first], ends[last - 1]
        for word in range(first, last):
            context = (min(starts[word] - begin, end - ends[word]), end - begin)
            if context > best[word]:
                best[word], owners[word] = context, number
    return owners
