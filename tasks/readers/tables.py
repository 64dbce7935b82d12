"""Tab-separated tables, with and without CSV quoting, as (line number, fields)."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from pathlib import Path

from tasks.readers.base import fail, read_lines, read_text

_FIELD_LIMIT = 1 << 24  # characters; the csv module's own limit is too small for long passages


def quoted_rows(path: Path, delimiter: str = "\t") -> Iterator[tuple[int, list[str]]]:
    """Rows of a table in which a field that holds a quote is CSV-quoted. The line is the row's last.

    Line breaks in a quoted field are kept.

    Raises:
        DataError: a quoted field is never closed, or text follows its closing quote.
    """
    csv.field_size_limit(_FIELD_LIMIT)
    reader = csv.reader(io.StringIO(read_text(path), newline=""), delimiter=delimiter, strict=True)
    while True:
        try:
            fields = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            fail(f"the CSV quoting is broken ({error})", path, reader.line_num)
        if fields:
            yield reader.line_num, fields


def plain_rows(path: Path) -> Iterator[tuple[int, list[str]]]:
    """Rows of a table in which a quote is a character like any other. Empty lines are passed over."""
    for number, line in enumerate(read_lines(path), start=1):
        if line:
            yield number, line.split("\t")


def require_columns(fields: list[str], count: int, path: Path, line: int, remedy: str | None = None) -> None:
    """Refuse a row that has not just so many columns.

    Raises:
        DataError: naming both counts.
    """
    if len(fields) != count:
        columns = "1 column" if len(fields) == 1 else f"{len(fields)} columns"
        fail(f"{columns} where {count} belong", path, line, remedy=remedy)
