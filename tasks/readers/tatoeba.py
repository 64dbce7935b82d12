"""Tatoeba as LASER publishes it (two text files, of which line N of one translates line N of the other), or on the hub.

One of the hub's tables keeps the line feed at the end of every sentence; it is taken off, and counted.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tasks.errors import DataError
from tasks.readers.base import ReadResult, fail, mended, read_lines
from tasks.readers.records import parquet
from tasks.rows import BitextSentence, Row

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
    return ReadResult(rows=_rows(foreign, english))


@dataclass(frozen=True, kw_only=True)
class TatoebaTable:
    """Reads pairs of a table of the hub, in its order.

    Attributes:
        foreign: name of the column of foreign sentences.
        english: name of the column of English ones.
    """

    foreign: str
    english: str

    def __call__(self, paths: Sequence[Path], *, language: str, labels: Sequence[str]) -> ReadResult:
        del language, labels
        ends = 0
        sides: tuple[list[str], list[str]] = ([], [])
        for record in (record for path in paths for record in parquet(path)):
            for side, name in zip(sides, (self.foreign, self.english), strict=True):
                side.append(record.text(name))
                ends += str(record.get(name)).endswith("\n")
                if not side[-1]:
                    record.fail("an empty sentence", remedy="fetch it again")
        return ReadResult(rows=_rows(*sides), mended=mended(line_ends_removed=ends))


def _rows(foreign: Sequence[str], english: Sequence[str]) -> list[Row]:
    return [
        BitextSentence(
            id=f"{side}-{index}", unit=str(index), side=side, text=text.strip(), partners=(f"{other}-{index}",)
        )
        for side, other, texts in (("foreign", "english", foreign), ("english", "foreign", english))
        for index, text in enumerate(texts)
    ]
