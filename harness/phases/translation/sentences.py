"""English text in sentences, because translation models are trained on sentences and forget the rest of longer text.

A rule, not a model: it must cut the same way everywhere and for ever, and a wrong cut costs little. White space between
sentences belongs to none of them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

#: Quotation marks and brackets that close a sentence, and those that open one.
_CLOSING, _OPENING = "\"'\u201d\u2019)]", "\"'\u201c\u2018(["
#: A sentence ends here if the next word looks like a beginning: a line's end, or an end mark with closing quotes.
_BREAK = re.compile(rf"\s*\n\s*|(?<=[.!?…])[{re.escape(_CLOSING)}]*\s+(?=[{re.escape(_OPENING)}]*[A-Z0-9])")
#: Words whose full stop ends no sentence.
_ABBREVIATION = re.compile(
    r"(?:\b(?:Mr|Mrs|Ms|Dr|Prof|Rev|Gen|Col|Lt|Sgt|Capt|St|Jr|Sr|Mt|No|Nos|vs|Vol|pp|Fig|Inc|Ltd|Co|Corp|ca|cf|al|approx)"
    r"|\b[A-Z]|\b(?:[A-Za-z]\.)+[A-Za-z])\.$"
)

Span = tuple[int, int]


def sentences(text: str, fits: Callable[[str], bool] = lambda _: True) -> list[Span]:
    """Where the sentences of a text begin and end, in order, without the white space around them.

    Args:
        text: English.
        fits: whether a model takes so long a sentence; one that is too long is cut in halves between words.
    """
    return [part for start, end in _whole(text) for part in _fitting(text, start, end, fits)]


def _whole(text: str) -> Iterator[Span]:
    start = 0
    for found in _BREAK.finditer(text):
        quotes = len(found.group()) - len(found.group().lstrip(_CLOSING))
        end = found.start() + quotes
        if "\n" not in found.group() and _ABBREVIATION.search(text, start, end):
            continue
        yield from _stripped(text, start, end)
        start = found.end()
    yield from _stripped(text, start, len(text))


def _stripped(text: str, start: int, end: int) -> Iterator[Span]:
    part = text[start:end]
    if part.strip():
        yield start + len(part) - len(part.lstrip()), end - len(part) + len(part.rstrip())


def _fitting(text: str, start: int, end: int, fits: Callable[[str], bool]) -> Iterator[Span]:
    gaps = [found.span() for found in re.finditer(r"\s+", text[start:end])]
    if not gaps or fits(text[start:end]):
        yield start, end
        return
    middle = (end - start) / 2
    left, right = min(gaps, key=lambda gap: abs(gap[0] - middle))
    yield from _fitting(text, start, start + left, fits)
    yield from _fitting(text, start + right, end, fits)
