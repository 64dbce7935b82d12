"""Records with names: rows of tables with a header, JSON lines, and Parquet files of the hub, one shape for all.

A format is then a way to get records and a way to make a row of one; the same second half serves a release file and the
hub's table, so that both give equal rows.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn

from tasks.errors import DataError
from tasks.readers.base import ReadResult, fail, mended, read_lines, refuse_repeated_ids
from tasks.readers.tables import plain_rows, quoted_rows, require_columns
from tasks.rows import Row
from tasks.types.scoring import nearest

_BATCH = 2048  # rows of a Parquet file in memory at once
_AGAIN = "the file may be cut short; fetch it again"


@dataclass(frozen=True, kw_only=True)
class Record:
    """Named values, and where they stand."""

    path: Path
    number: int  # 1-based
    fields: Mapping[str, Any] = field(repr=False)
    counted: str = "line"  # what ``number`` counts

    def fail(self, what: str, *, remedy: str | None = None) -> NoReturn:
        """Refuse the record.

        Raises:
            DataError: always, naming file and line.
        """
        raise DataError(what, where=f"{self.path}, {self.counted} {self.number}", remedy=remedy)

    def get(self, name: str) -> Any:
        """A value by name.

        Raises:
            DataError: there is none; the message lists the existing names.
        """
        if name not in self.fields:
            self.fail(f"no {name!r} among {', '.join(map(str, self.fields))}")
        return self.fields[name]

    def verbatim(self, name: str) -> str:
        """A text by name, as it is.

        Raises:
            DataError: there is none, or it is no text.
        """
        value = self.get(name)
        if not isinstance(value, str):
            self.fail(f"{name!r} is no text but {value!r:.40}")
        return value

    def text(self, name: str) -> str:
        """A text by name, without the white space around it.

        Raises:
            DataError: there is none, or it is no text.
        """
        return self.verbatim(name).strip()

    def whole(self, name: str) -> int:
        """A whole number by name, be it written as a text.

        Raises:
            DataError: there is none, or it is no such number.
        """
        value = self.get(name)
        if isinstance(value, bool) or not isinstance(value, int | str) or not str(value).removeprefix("-").isdecimal():
            self.fail(f"{name!r} is no whole number but {value!r:.40}")
        return int(value)

    def texts(self, name: str) -> tuple[str, ...]:
        """A list of texts by name.

        Raises:
            DataError: there is none, or it is no such list.
        """
        value = self.get(name)
        if not isinstance(value, Sequence) or isinstance(value, str) or not all(isinstance(one, str) for one in value):
            self.fail(f"{name!r} is no list of texts")
        return tuple(one.strip() for one in value)


Records = Callable[[Path], Iterator[Record]]


def json_lines(path: Path) -> Iterator[Record]:
    """One JSON object a line; empty lines are passed over.

    Raises:
        DataError: a line is not one.
    """
    for number, line in enumerate(read_lines(path), start=1):
        if not line.strip():
            continue
        try:
            value = json.loads(line)
        except json.JSONDecodeError as error:
            fail(f"not JSON ({error.msg})", path, number, remedy=_AGAIN)
        if not isinstance(value, dict):
            fail("not a JSON object", path, number, remedy="one object a line")
        yield Record(path=path, number=number, fields=value)


def plain_table(path: Path) -> Iterator[Record]:
    """Tab-separated rows under a header; a quote is a character like any other."""
    return _table(path, plain_rows(path))


def quoted_table(path: Path) -> Iterator[Record]:
    """Tab-separated rows under a header, with CSV quoting."""
    return _table(path, quoted_rows(path))


def comma_table(path: Path) -> Iterator[Record]:
    """Comma-separated rows under a header, with CSV quoting. Line breaks in a field are kept."""
    return _table(path, quoted_rows(path, ","))


def _table(path: Path, rows: Iterator[tuple[int, list[str]]]) -> Iterator[Record]:
    _, header = next(rows)
    for number, fields in rows:
        require_columns(fields, len(header), path, number)
        yield Record(path=path, number=number, fields=dict(zip(header, fields, strict=True)))


def parquet(path: Path, columns: Sequence[str] | None = None) -> Iterator[Record]:
    """Rows of a Parquet file as the hub keeps them; numbers of classes become their names where the file tells them.

    ``columns`` spares reading the others; if one of them is missing, all are read, to name the existing ones.

    Raises:
        DataError: the file is missing, cut short, or no Parquet file.
    """
    from pyarrow import ArrowException
    from pyarrow.parquet import ParquetFile

    if not path.is_file():
        fail("no such file", path, remedy="fetch it with 'codestilts data fetch TASK'")
    try:
        with ParquetFile(path) as file:
            names = _class_names(file.schema_arrow.metadata or {})
            number = 0
            read = list(columns) if columns and set(columns) <= set(file.schema_arrow.names) else None
            for batch in file.iter_batches(batch_size=_BATCH, columns=read):
                for fields in batch.to_pylist():
                    number += 1
                    named = {name: _named(value, names.get(name)) for name, value in fields.items()}
                    yield Record(path=path, number=number, fields=named, counted="row")
    except (ArrowException, OSError) as error:
        reason = str(error).split("\n", 1)[0][:120]
        fail(f"not a whole Parquet file ({reason})", path, remedy="remove it and fetch it again")
    if number == 0:
        fail("the file is empty", path, remedy="fetch it again")


def _class_names(metadata: Mapping[bytes, bytes]) -> dict[str, list[str]]:
    """The names of the classes of each column, as the hub's own writer stores them with the schema."""
    try:
        features = json.loads(metadata[b"huggingface"])["info"]["features"]
    except (KeyError, ValueError, TypeError):
        return {}
    found: dict[str, list[str]] = {}
    for name, feature in features.items():
        inner = feature.get("feature", feature) if isinstance(feature, dict) else {}
        if isinstance(inner, dict) and inner.get("_type") == "ClassLabel" and "names" in inner:
            found[name] = inner["names"]
    return found


def _named(value: Any, names: Sequence[str] | None) -> Any:
    if names is None:
        return value
    if isinstance(value, list):
        return [_named(one, names) for one in value]
    return names[value] if isinstance(value, int) and 0 <= value < len(names) else value


def label_of(record: Record, name: str, labels: Sequence[str], absent: Iterable[Any] = ("", "-", -1)) -> str | None:
    """A label by name, or by its number among the task's labels; None where there is none.

    Raises:
        DataError: it is neither; the allowed ones are named.
    """
    value = record.get(name)
    if value is None or value in tuple(absent):
        return None
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < len(labels):
        return labels[value]
    if (labels and value not in labels) or not isinstance(value, str):
        record.fail(f"unknown label {value!r:.40}", remedy=nearest(str(value), labels))
    return value


MakeRow = Callable[[Record, int, Sequence[str]], Row | None]


@dataclass(frozen=True, kw_only=True)
class RecordReader:
    """Reads files of records of which each makes a row by itself.

    Attributes:
        records: how the records are got.
        row: makes a row of a record, its 0-based number in the split, and the task's labels; None leaves it out, and
            ``left_out`` says under which name that is counted.
    """

    records: Records
    row: MakeRow
    left_out: str = "rows_without_gold_label"

    def __call__(self, paths: Sequence[Path], *, language: str, labels: Sequence[str]) -> ReadResult:
        del language
        found = [
            self.row(record, number, labels)
            for number, record in enumerate(record for path in paths for record in self.records(path))
        ]
        rows = [row for row in found if row is not None]
        if not rows:
            raise DataError("no row with a label", where=", ".join(map(str, paths)), remedy="take labelled files")
        refuse_repeated_ids(rows, paths)
        return ReadResult(rows=rows, mended=mended(**{self.left_out: len(found) - len(rows)}))
