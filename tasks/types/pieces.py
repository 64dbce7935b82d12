"""Tokenizer pieces of texts, and where a tokenizer puts its special tokens around them.

Each different text is tokenized once, without special tokens and in large batches; inputs are then put together from
the pieces. XNLI's premises come three times and SQuAD's contexts five times, so this is several times cheaper than
tokenizing every input; it also keeps the lengths before truncation.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from tasks.errors import UserError
from tasks.types.base import EncodingReport, Limits

# Scripts that do not put spaces between words: Han, Kana, Thai, Lao, Khmer, Burmese (Unicode blocks).
_UNSPACED = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u19e0-\u19ff\u2e80-\u2fdf\u3005-\u3007\u3021-\u3029\u3040-\u30ff"
    "\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\ua9e0-\ua9ff\uaa60-\uaa7f\uf900-\ufaff\uff66-\uff9f"
    "\U00020000-\U0003ffff"
)
_WORD = re.compile(f"[{_UNSPACED}]|[^\\s{_UNSPACED}]+")


def count_words(text: str) -> int:
    """Words by white space; in scripts without it every character counts as one."""
    return sum(1 for _ in _WORD.finditer(text))


_BATCH = 4096  # texts a call: bounds memory, costs no speed
_PROBES = ("a", "e", "the", "0", ".")  # any text of which the tokenizer makes a piece will do

Offset = tuple[int, int]


@dataclass(frozen=True, kw_only=True, slots=True)
class TextPieces:
    """One text as pieces: their ids, the character span of each without white space at its ends (where asked for)."""

    ids: list[int]
    offsets: list[Offset]
    words: int
    unknown: int


def tokenize(tokenizer: Any, texts: Iterable[str], *, offsets: bool = False) -> dict[str, TextPieces]:
    """The pieces of every different text, special tokens left out."""
    different = list(dict.fromkeys(texts))
    unknown = tokenizer.unk_token_id
    found: dict[str, TextPieces] = {}
    for first in range(0, len(different), _BATCH):
        batch = different[first : first + _BATCH]
        encoded = _call(tokenizer, batch, offsets=offsets)
        spans = encoded["offset_mapping"] if offsets else [[]] * len(batch)
        for text, ids, span in zip(batch, encoded["input_ids"], spans, strict=True):
            found[text] = TextPieces(
                ids=ids,
                offsets=[_trimmed(text, start, end) for start, end in span],
                words=count_words(text),
                unknown=0 if unknown is None else ids.count(unknown),
            )
    return found


def _call(tokenizer: Any, batch: list[str], *, offsets: bool) -> Any:
    return tokenizer(
        batch,
        add_special_tokens=False,
        padding=False,
        truncation=False,
        return_attention_mask=False,
        return_token_type_ids=False,
        return_offsets_mapping=offsets,
        verbose=False,
    )


def _trimmed(text: str, start: int, end: int) -> Offset:
    """A piece's span without white space: byte-level tokenizers count the space before a word as part of it."""
    while start < end and text[start].isspace():
        start += 1
    while start < end and text[end - 1].isspace():
        end -= 1
    return start, end


def report_on(texts: Iterable[Sequence[str]], pieces: dict[str, TextPieces]) -> EncodingReport:
    """Counts over the texts of each row; ``truncated`` is left for the caller to count."""
    report = EncodingReport()
    for row in texts:
        report.rows += 1
        for text in row:
            known = pieces[text]
            report.words += known.words
            report.pieces += len(known.ids)
            report.unknown += known.unknown
    return report


@dataclass(frozen=True, kw_only=True)
class Layout:
    """The special tokens before, between and after the texts of an input, with the segment ids the tokenizer gives.

    ``segments`` holds one id a text, and is None where the tokenizer has no segment ids.
    """

    gaps: tuple[tuple[int, ...], ...]
    gap_segments: tuple[tuple[int, ...], ...]
    segments: tuple[int, ...] | None
    room: int  # pieces of text that fit into an input

    def ids(self, *texts: Sequence[int]) -> tuple[int, ...]:
        """One input's piece ids."""
        ids = [*self.gaps[0]]
        for text, gap in zip(texts, self.gaps[1:], strict=True):
            ids += text
            ids += gap
        return tuple(ids)

    def segment_ids(self, *texts: Sequence[int]) -> tuple[int, ...] | None:
        """One input's segment ids, or None."""
        if self.segments is None:
            return None
        ids = [*self.gap_segments[0]]
        for text, segment, gap in zip(texts, self.segments, self.gap_segments[1:], strict=True):
            ids += [segment] * len(text)
            ids += gap
        return tuple(ids)


def layout_of(tokenizer: Any, texts: int, limits: Limits) -> Layout:
    """Where the tokenizer puts its special tokens around one or two texts, found by asking it.

    ``limits.prefix`` goes directly after the first special token (or first of all where there is none before the text).

    Raises:
        UserError: ``limits.max_length`` has no room for text, or the tokenizer makes no piece of plain letters.
    """
    gaps, gap_segments, segments = _probe(tokenizer, texts)
    head = 1 if gaps[0] else 0
    marker = (gap_segments[0][0] if gap_segments[0] else 0,) * len(limits.prefix)
    gaps[0][head:head] = limits.prefix
    gap_segments[0][head:head] = marker
    room = limits.max_length - sum(map(len, gaps))
    if room < 1:
        what = f"max_length {limits.max_length} leaves no room for text beside {sum(map(len, gaps))} special tokens"
        raise UserError(what, where="max_length", remedy="raise it")
    return Layout(
        gaps=tuple(map(tuple, gaps)), gap_segments=tuple(map(tuple, gap_segments)), segments=segments, room=room
    )


def _probe(tokenizer: Any, texts: int) -> tuple[list[list[int]], list[list[int]], tuple[int, ...] | None]:
    for probe in _PROBES:
        encoded = tokenizer(*(probe,) * texts, padding=False, truncation=False, verbose=False)
        places = encoded.encodings[0].sequence_ids
        if set(range(texts)) <= set(places):
            break
    else:
        tried = ", ".join(map(repr, _PROBES))
        raise UserError(f"the tokenizer makes no piece of any of {tried}", remedy="check the tokenizer's files")
    segment_ids = encoded.get("token_type_ids")
    kinds = segment_ids if segment_ids is not None else [0] * len(places)
    gaps: list[list[int]] = [[] for _ in range(texts + 1)]
    gap_segments: list[list[int]] = [[] for _ in range(texts + 1)]
    seen = 0
    for place, piece, kind in zip(places, encoded["input_ids"], kinds, strict=True):
        if place is None:
            gaps[seen].append(piece)
            gap_segments[seen].append(kind)
        else:
            seen = place + 1
    if segment_ids is None:
        return gaps, gap_segments, None
    return gaps, gap_segments, tuple(kinds[places.index(text)] for text in range(texts))


def longest_first(first: int, second: int, room: int) -> tuple[int, int]:
    """How many pieces of each text to keep: the longer gives way until both are equal (an odd one goes to the longer).

    Equal to the ``longest_first`` truncation of the tokenizers library.
    """
    if first + second <= room:
        return first, second
    if first > second:
        kept_second, kept_first = longest_first(second, first, room)
        return kept_first, kept_second
    kept = min(first, room // 2)
    return kept, room - kept
