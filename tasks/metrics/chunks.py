"""Chunks of a tag sequence by the start and end rules of seqeval 0.0.12, which XTREME applied to POS and NER alike.

The rules are conlleval's, read off the first letter of a tag (its prefix) and what follows its last hyphen (its type).
Raw tags without a prefix go through the same rules: a run of equal UPOS tags is one chunk, but a tag that begins with S
(SYM, SCONJ) is a chunk a token, and one that begins with I (INTJ) may start anew. Later versions of seqeval drop the
first letter and give other scores, so the rules are written out here.
"""

from __future__ import annotations

from collections.abc import Sequence

from tasks.metrics.overlap import Overlap, pair_overlap

Chunk = tuple[str, int, int]  # type, first token, last token


def _parts(tag: str) -> tuple[str, str]:
    return tag[:1], tag.rsplit("-", 1)[-1]


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
    found: set[Chunk] = set()
    outside = _parts("O")
    before, begin = outside, 0
    for position, here in enumerate([*map(_parts, tags), outside]):
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
