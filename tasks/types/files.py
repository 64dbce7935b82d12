"""Prediction files in the layout of XTREME's submissions: reading them with errors that name file and line."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from tasks.errors import DataError


def write_lines(path: Path, lines: Iterable[str]) -> None:
    """Write lines as UTF-8, each with its line feed."""
    with path.open("w", encoding="utf-8", newline="\n") as file:
        file.writelines(f"{line}\n" for line in lines)


def read_text(path: Path) -> str:
    """A prediction file's text, without a byte order mark.

    Raises:
        DataError: it is missing or not UTF-8.
    """
    try:
        return path.read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        raise DataError("no such prediction file", where=str(path)) from None
    except UnicodeDecodeError as error:
        raise DataError(f"not UTF-8 (byte {error.start})", where=str(path), remedy="save it as UTF-8") from None


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
        raise DataError(f"{len(lines)} predictions for {len(references)} references", where=str(path))
    for number, line in enumerate(lines, start=1):
        if not line:
            raise DataError("empty prediction", where=f"{path}, line {number}")
    return lines


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
