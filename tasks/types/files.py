"""Prediction files in the layout of XTREME's submissions: reading them with errors that name file and line."""

from __future__ import annotations

import codecs
from collections.abc import Iterable, Sequence
from pathlib import Path

from tasks.errors import DataError


def write_lines(path: Path, lines: Iterable[str]) -> None:
    """Write lines as UTF-8, each with its line feed."""
    with path.open("w", encoding="utf-8", newline="\n") as file:
        file.writelines(f"{line}\n" for line in lines)


def read_text(path: Path) -> str:
    """A prediction file's text, without a byte order mark; each line ends with a line feed alone.

    Raises:
        DataError: it is missing, a folder, or not UTF-8.
    """
    try:
        raw = path.read_bytes()
    except FileNotFoundError:
        raise DataError("no such prediction file", where=str(path)) from None
    except IsADirectoryError:
        raise DataError("a folder stands where a file should", where=str(path)) from None
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        # Without the mark, which the position does not count.
        bare = raw.removeprefix(codecs.BOM_UTF8)
        what = f"byte {bare[error.start]:#04x} is not UTF-8"
        line = _unified(bare[: error.start].decode("utf-8")).count("\n") + 1
        raise DataError(what, where=f"{path}, line {line}", remedy="save it as UTF-8") from None
    return _unified(text)


def _unified(text: str) -> str:
    """With line feeds for all three ends that Python's text files know, and so evaluate.py."""
    return text.replace("\r\n", "\n").replace("\r", "\n")


def read_lines(path: Path) -> list[str]:
    """Its lines, white space at their ends removed, the end of the last line not taken for another.

    Raises:
        DataError: it is missing or not UTF-8.
    """
    lines = [line.strip() for line in read_text(path).split("\n")]
    return lines[:-1] if lines[-1] == "" else lines


def one_a_line(path: Path, references: Sequence[object]) -> list[str]:
    """One prediction a line, as many as there are references.

    Raises:
        DataError: there are more or fewer lines, or an empty one.
    """
    lines = read_lines(path)
    if len(lines) != len(references):
        what = f"{len(lines)} predictions for {len(references)} references"
        raise DataError(what, where=f"{path}, line {where_it_parts(len(lines), len(references))}")
    for number, line in enumerate(lines, start=1):
        if not line:
            raise DataError("empty prediction", where=f"{path}, line {number}")
    return lines


def where_it_parts(given: int, wanted: int) -> int:
    """The line to name where there are too many or too few: the first that is too much, or the last that is there."""
    return wanted + 1 if given > wanted else max(1, given)


def index_a_line(path: Path, references: Sequence[object], bounds: Sequence[int], *, least: int = 0) -> list[int]:
    """One 0-based index a line, each below its bound; ``least`` is -1 where a line may say that there is no answer.

    Raises:
        DataError: a line is not a number, or not below its bound; the file and line are named.
    """
    found = []
    for number, (line, bound) in enumerate(zip(one_a_line(path, references), bounds, strict=True), start=1):
        digits = line.removeprefix("-") if least < 0 else line
        if not (digits.isascii() and digits.isdecimal()) or not least <= int(line) < bound:
            raise DataError(f"{line!r} is not an index from {least} to {bound - 1}", where=f"{path}, line {number}")
        found.append(int(line))
    return found
