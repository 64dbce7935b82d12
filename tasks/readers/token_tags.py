"""Tagged sentences as XTREME's scripts leave them (UDPOS, PAN-X): ``token<TAB>tag`` a line, blank between sentences."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from tasks.readers.base import ReadResult, checked_label, fail, read_lines
from tasks.readers.tables import require_columns
from tasks.rows import TaggedSentence

_NO_TAGS = "XTREME's scripts strip the tags of PAN-X's test files; take them from the original release"
Sentence = tuple[tuple[str, ...], tuple[str, ...]]


def read_token_tags(paths: Sequence[Path], *, language: str, labels: Sequence[str]) -> ReadResult:  # noqa: ARG001
    """One row a sentence, each its own unit. A token may hold spaces or be a lone ``_``."""
    sentences = [sentence for path in paths for sentence in _sentences(path, labels)]
    rows = [
        TaggedSentence(id=str(index), unit=str(index), tokens=tokens, tags=tags)
        for index, (tokens, tags) in enumerate(sentences)
    ]
    return ReadResult(rows=list(rows))


def _sentences(path: Path, labels: Sequence[str]) -> list[Sentence]:
    found: list[Sentence] = []
    pairs: list[tuple[str, str]] = []
    for number, line in enumerate([*read_lines(path), ""], start=1):
        if "\t" in line:
            fields = line.split("\t")
            require_columns(fields, 2, path, number)
            pairs.append((fields[0], checked_label(fields[1], labels, path, number)))
        elif line.strip():
            fail("1 column where 2 belong", path, number, remedy=_NO_TAGS)
        elif pairs:
            tokens, tags = zip(*pairs, strict=True)
            found.append((tokens, tags))
            pairs = []
    return found
