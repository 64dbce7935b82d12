"""Tatoeba as LASER publishes it: two text files, of which line N of one translates line N of the other."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from tasks.errors import DataError
from tasks.readers.base import ReadResult, fail, read_lines
from tasks.rows import BitextSentence

_FILES = 2


def read_tatoeba_pair(paths: Sequence[Path], *, language: str, labels: Sequence[str]) -> ReadResult:  # noqa: ARG001
    """The foreign sentences, then the English ones; the unit is the pair's 0-based line number.

    Raises:
        DataError: there are not two files, they are not of equal length, or a line is empty; file and line are named.
    """
    if len(paths) != _FILES:
        raise DataError(f"{len(paths)} files where 2 belong", remedy="name the foreign file, then the English one")
    foreign, english = map(read_lines, paths)
    if len(foreign) != len(english):
        what = f"{len(foreign)} sentences, but {len(english)} in {paths[1]}"
        raise DataError(what, where=str(paths[0]), remedy="the files must be aligned line by line; fetch both again")
    for path, lines in zip(paths, (foreign, english), strict=True):
        empty = next((number for number, line in enumerate(lines, start=1) if not line.strip()), None)
        if empty is not None:
            fail("the line is empty", path, empty, remedy="one sentence a line")
    rows = [
        BitextSentence(
            id=f"{side}-{index}", unit=str(index), side=side, text=text.strip(), partners=(f"{other}-{index}",)
        )
        for side, other, texts in (("foreign", "english", foreign), ("english", "foreign", english))
        for index, text in enumerate(texts)
    ]
    return ReadResult(rows=list(rows))
