"""The contract of readers, and shared code: errors with file and line, labels and ids."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, NoReturn, Protocol

from tasks.errors import DataError
from tasks.rows import Row, RowT
from tasks.types.scoring import nearest


@dataclass(frozen=True, kw_only=True)
class ReadResult:
    """The rows of a split, and how many things had to be mended on the way, by kind."""

    rows: list[Row]
    mended: dict[str, int] = field(default_factory=dict)


class Reader(Protocol):
    """Turns release files of one format into canonical rows."""

    def __call__(self, paths: Sequence[Path], *, language: str, labels: Sequence[str]) -> ReadResult:
        """Read the files in their order as one split.

        Raises:
            DataError: a file is missing, empty, or not in the format; file and line are named.
        """
        ...


#: What the remedy begins with where a file's answers are not there because XTREME's scripts take them out.
STRIPPED = "XTREME's scripts "


def is_stripped(error: DataError) -> bool:
    """Whether a file was refused because XTREME's scripts took its answers out, not for being broken."""
    return (error.remedy or "").startswith(STRIPPED)


def fail(what: str, path: Path, line: int | None = None, *, remedy: str | None = None) -> NoReturn:
    """Refuse a file, naming the line (1-based) where there is one."""
    raise DataError(what, where=str(path) if line is None else f"{path}, line {line}", remedy=remedy)


def read_text(path: Path) -> str:
    """A file's text, without a byte order mark.

    Raises:
        DataError: it is missing, empty, or not UTF-8.
    """
    try:
        raw = path.read_bytes()
    except FileNotFoundError:
        fail("no such file", path, remedy="put the release file there or point --data at the folder that holds it")
    except IsADirectoryError:
        fail("a folder stands where a file should", path)
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        fail(f"byte {raw[error.start]:#04x} is not UTF-8", path, line, remedy="save the file as UTF-8")
    if not text.strip():
        fail("the file is empty", path, remedy="fetch it again")
    return text


def read_lines(path: Path) -> list[str]:
    """A file's lines without their ends (line feed, or carriage return and line feed, mixed at will).

    Splits at nothing else: other Unicode line separators are part of the text.
    """
    lines = [line.removesuffix("\r") for line in read_text(path).split("\n")]
    return lines[:-1] if lines[-1] == "" else lines


def read_json(path: Path) -> Any:
    """A JSON file's value.

    Raises:
        DataError: it is not JSON, most often because it was cut short.
    """
    try:
        return json.loads(read_text(path))
    except json.JSONDecodeError as error:
        fail(f"not JSON ({error.msg})", path, error.lineno, remedy="the file may be cut short; fetch it again")


def checked_label(label: str, labels: Sequence[str], path: Path, line: int) -> str:
    """The label itself, if it is one of the task's (any is, for a task without labels).

    Raises:
        DataError: it is not; the allowed ones and the nearest are named.
    """
    if labels and label not in labels:
        fail(f"unknown label {label!r}", path, line, remedy=nearest(label, labels))
    return label


def refuse_repeated_ids(rows: Iterable[Row], paths: Sequence[Path]) -> None:
    """Refuse rows of which two have the same id.

    Raises:
        DataError: naming the first repeated id.
    """
    repeated = [name for name, count in Counter(row.id for row in rows).items() if count > 1]
    if repeated:
        files = ", ".join(map(str, paths))
        what = f"{len(repeated)} ids repeat, the first {repeated[0]!r}"
        raise DataError(what, where=files, remedy="check that no file is named twice or was joined with itself")


def with_unique_ids(rows: Sequence[RowT]) -> tuple[list[RowT], int]:
    """Rows with ``-2``, ``-3`` ... after the second and later use of an id; how many rows were renamed."""
    taken = {row.id for row in rows}
    used: Counter[str] = Counter()
    renamed: list[RowT] = []
    for row in rows:
        used[row.id] += 1
        if used[row.id] == 1:
            renamed.append(row)
            continue
        name = next(name for name in _numbered(row.id, used[row.id]) if name not in taken)
        taken.add(name)
        renamed.append(replace(row, id=name))
    return renamed, sum(count - 1 for count in used.values())


def _numbered(name: str, first: int) -> Iterator[str]:
    number = first
    while True:
        yield f"{name}-{number}"
        number += 1


def mended(**counts: int) -> dict[str, int]:
    """The counts that are not zero."""
    return {name: count for name, count in counts.items() if count}
