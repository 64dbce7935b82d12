"""A table as CSV and as JSON: numbers as they are (scores in fractions of one), for programs."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

from leaderboard.tables.value import Field, Table, all_notes

TABLE_SCHEMA = "codestilts.table/1"
#: What may be said of a number beside it.
_SAID = ("low", "high", "sd", "mark", "missing")
_ENCODER = json.JSONEncoder(ensure_ascii=False, allow_nan=False)
#: Spreadsheets run a field that begins with one of these.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def table_csv(table: Table) -> str:
    """One line a row. Where a column has marks, intervals or causes, they stand in columns of their own behind it.

    A text that a spreadsheet would take for a formula gets an apostrophe in front, as spreadsheets themselves write it.
    """
    extras = [_extras(table, place) for place in range(len(table.columns))]
    head: list[str] = []
    for column, more in zip(table.columns, extras, strict=True):
        head += [column.key, *(f"{column.key}.{extra}" for extra in more)]
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([_safe(name) for name in head])
    for row in table.rows:
        line: list[Any] = []
        for field, more in zip(row, extras, strict=True):
            line += [_safe(field.value), *(_safe(getattr(field, extra)) for extra in more)]
        writer.writerow(line)
    return text.getvalue()


def _extras(table: Table, place: int) -> tuple[str, ...]:
    """Return the extra fields that at least one value of a column has."""
    found: set[str] = set()
    for row in table.rows:
        field = row[place]
        if not _bare(field):
            found.update(_more(field))
    return tuple(name for name in _SAID if name in found)


def _bare(field: Field) -> bool:
    """Whether nothing is said of a value: so it is with nearly all of a large table's."""
    return field.low is None and field.high is None and field.sd is None and not field.mark and not field.missing


def _more(field: Field) -> dict[str, Any]:
    """Return the extra fields of a value."""
    return {name: value for name in _SAID if (value := getattr(field, name)) not in (None, "")}


def _safe(value: Any) -> Any:
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value


def table_json(table: Table) -> str:
    """The table with its caption, columns, notes, and one object a row, one row a line."""
    record = {
        "schema": TABLE_SCHEMA,
        "name": table.name,
        "caption": table.caption,
        "miniature": table.miniature,
        "notes": list(all_notes(table)),
        "columns": [
            {"key": column.key, "title": column.title, "group": column.group, "kind": column.kind}
            for column in table.columns
        ],
    }
    head = ",\n".join(f"{_json(name)}: {_json(value)}" for name, value in record.items())
    rows = ",".join(
        "\n" + _json({column.key: _field(field) for column, field in zip(table.columns, row, strict=True)})
        for row in table.rows
    )
    return f'{{\n{head},\n"rows": [{rows}\n]\n}}\n'


def _field(field: Field) -> Any:
    """The value alone, or an object where there is more to say of it."""
    return field.value if _bare(field) else {"value": field.value, **_more(field)}


def _json(value: Any) -> str:
    return _ENCODER.encode(value)
