"""A table as a value: columns, rows and marks, shared by pages and exporters."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

#: How a column's values are written for people: as they are, or a fraction of one as points.
Kind = Literal["text", "family", "points", "difference", "share", "number"]


@dataclass(frozen=True, kw_only=True)
class Column:
    """A column.

    Attributes:
        key: its name in CSV and JSON; no two of a table are equal.
        title: its head for people.
        kind: kind of its values. ``family`` is ``code``, ``text`` or ``mixed``, a badge on the pages. ``points`` and
            ``difference`` are fractions of one, shown times a hundred, the latter with its sign; ``share`` is a
            fraction shown in per cent; ``number`` is shown as it is.
        group: the head above it, shared with its neighbours; empty for none.
        href: the page that its head leads to, or empty.
    """

    key: str
    title: str
    kind: Kind = "points"
    group: str = ""
    href: str = ""


@dataclass(frozen=True, kw_only=True)
class Field:
    """The contents of one cell.

    Attributes:
        value: text, a number, or None where there is none.
        mark: symbols behind the number: significance stars, daggers.
        low: lower end of the number's interval, in its own unit.
        high: upper end of it.
        sd: standard deviation over seeds, in the number's own unit.
        missing: why there is no value; empty where nothing is amiss.
        href: where the value leads on the pages; exported tables leave it out.
    """

    value: str | float | int | None
    mark: str = ""
    low: float | None = None
    high: float | None = None
    sd: float | None = None
    missing: str = ""
    href: str = ""


@dataclass(frozen=True, kw_only=True)
class Table:
    """A table.

    Attributes:
        name: the stem of its files' names.
        caption: description in one or two sentences.
        columns: its columns.
        rows: its rows, each as wide as ``columns``.
        notes: meanings of marks and dashes, and cautions.
        miniature: whether the numbers come from generated data; the exporters say so.
    """

    name: str
    caption: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Field, ...], ...]
    notes: tuple[str, ...] = ()
    miniature: bool = False

    def __post_init__(self) -> None:
        keys = [column.key for column in self.columns]
        assert len(set(keys)) == len(keys), keys
        assert all(len(row) == len(keys) for row in self.rows), self.name

    def only(self, keys: Sequence[str]) -> Table:
        """The same table with some of its columns, in the order asked for."""
        places = [next(place for place, column in enumerate(self.columns) if column.key == key) for key in keys]
        return replace(
            self,
            columns=tuple(self.columns[place] for place in places),
            rows=tuple(tuple(row[place] for place in places) for row in self.rows),
        )


#: Said of numbers from generated data, wherever they are copied to.
MINIATURE = (
    "Miniature suite: generated data and tiny backbones. These numbers say nothing about any language, task or "
    "published backbone."
)


def all_notes(table: Table) -> tuple[str, ...]:
    """The notes, with that of a miniature suite first."""
    return (MINIATURE, *table.notes) if table.miniature else table.notes
