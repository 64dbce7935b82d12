"""Chunks of a tag sequence by the start and end rules of seqeval 0.0.12, which XTREME applied to POS and NER alike.

The rules are conlleval's, read off the first letter of a tag (its prefix) and the part after its last hyphen (type).
Raw tags without a prefix go through the same rules: a run of equal UPOS tags is one chunk, but a tag that begins with S
(SYM, SCONJ) is a chunk a token, and one that begins with I (INTJ) may start a chunk.

Version 1.2.2, which current installations use, takes the same starts and ends but drops the first
letter and the part before the first hyphen of a type: SCONJ and CCONJ are one type (CONJ) there, and ``B-A-X`` and
``B-B-X`` are two. So both are written out here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Literal

from tasks.metrics.overlap import Overlap, pair_overlap

Chunk = tuple[str, int, int]  # type, first token, last token
Seqeval = Literal["0.0.12", "1.2.2"]


def _parts(tag: str) -> tuple[str, str]:
    return tag[:1], tag.rsplit("-", 1)[-1]


def _later_parts(tag: str) -> tuple[str, str]:
    return tag[:1], tag[1:].split("-", 1)[-1] or "_"


_PARTS: Mapping[Seqeval, Callable[[str], tuple[str, str]]] = MappingProxyType({"0.0.12": _parts, "1.2.2": _later_parts})


def _ends(before: tuple[str, str], here: tuple[str, str]) -> bool:
    """Whether a chunk ends with the token before this one."""
    prefix, kind = before
    if prefix in ("E", "S"):
        return True
    if prefix in ("B", "I") and here[0] in ("B", "S", "O"):
        return True
    return prefix not in ("O", ".") and kind != here[1]


def _starts(before: tuple[str, str], here: tuple[str, str]) -> bool:
    """Whether a chunk starts with this token."""
    prefix, kind = here
    if prefix in ("B", "S"):
        return True
    if prefix in ("E", "I") and before[0] in ("E", "S", "O"):
        return True
    return prefix not in ("O", ".") and before[1] != kind


def chunks(tags: Sequence[str]) -> set[Chunk]:
    """The chunks of one sentence as (type, first token, last token)."""
    return _chunks(tags, _parts, _parts("O"))


def _chunks(tags: Sequence[str], parts: Callable[[str], tuple[str, str]], before: tuple[str, str]) -> set[Chunk]:
    found: set[Chunk] = set()
    begin = 0
    for position, here in enumerate([*map(parts, tags), parts("O")]):
        if _ends(before, here):
            found.add((before[1], begin, position - 1))
        if _starts(before, here):
            begin = position
        before = here
    return found


def chunk_counts(reference: Sequence[str], prediction: Sequence[str]) -> Overlap:
    """Matching, predicted and gold chunks of one sentence; sums over sentences give the corpus scores.

    Raises:
        ValueError: the sequences differ in length.
    """
    if len(reference) != len(prediction):
        raise ValueError(f"{len(prediction)} predicted tags for {len(reference)} tokens")
    return pair_overlap(chunks(prediction), chunks(reference))


def corpus_chunk_counts(
    references: Sequence[Sequence[str]], predictions: Sequence[Sequence[str]], seqeval: Seqeval
) -> Overlap:
    """The counts of all sentences as a version of seqeval has them: end to end, with an ``O`` behind each.

    Sums of :func:`chunk_counts` are the same but for chunks that no rule begins, of which seqeval takes the beginning
    of the chunk before, be that in another sentence. With version 1.2.2 the part of speech ``X`` is one after an ``O``.

    Raises:
        ValueError: a sentence and its prediction differ in length.
    """
    if any(len(gold) != len(tags) for gold, tags in zip(references, predictions, strict=True)):
        raise ValueError("a sentence and its prediction differ in length")
    sides = ([tag for tags in side for tag in (*tags, "O")] for side in (predictions, references))
    predicted, gold = (_chunks(side, _PARTS[seqeval], ("O", "")) for side in sides)
    return pair_overlap(predicted, gold)
