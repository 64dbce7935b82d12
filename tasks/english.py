"""Is a text English? Asked of runs of training rows, so that no other language gets into training unseen.

Among the words of 100 English rows, one in ten and more is one of a few that are common in English and in no other of
XTREME's languages: in PAN-X, whose rows are hardly sentences, 11 in 100 at the least, in UDPOS 15, elsewhere more. Of
the other languages' real rows none has more than 3 in 100 (Yoruba in PAN-X), most have fewer than 1.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

_WORDS = """
the of and to that for with it his he she they from by what which who at be have has had this not were are
"""
_COMMON = frozenset(_WORDS.split())
_WORD = re.compile(r"[^\W\d_]+")
#: Rows that are looked at together.
RUN = 100
_LEAST_WORDS = 400
_LEAST_SHARE = 0.06


def foreign_run(texts: Sequence[str]) -> tuple[int, int] | None:
    """The first run of texts that is not English, as the 0-based numbers of its first and last; None if all are.

    Runs with few words, which may look like anything, are passed over.
    """
    for first, last in _runs(len(texts)):
        words = [word for text in texts[first : last + 1] for word in _WORD.findall(text.lower())]
        if len(words) >= _LEAST_WORDS and sum(word in _COMMON for word in words) < _LEAST_SHARE * len(words):
            return first, last
    return None


def _runs(count: int) -> Iterator[tuple[int, int]]:
    for first in range(0, count, RUN):
        yield first, min(first + RUN, count) - 1
