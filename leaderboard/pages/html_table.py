"""A table as HTML. Written without the template engine: a board of a thousand rows has a million cells.

Everything that comes from data goes through :func:`markupsafe.escape`; a test feeds it hostile names.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

from markupsafe import Markup, escape

from leaderboard.pages.look import PLAIN_ROW, Look, RowLook
from leaderboard.tables.shown import shown
from leaderboard.tables.value import Column, Field, Table

#: Shades on each side of nothing.
LEVELS = 4
_TEXT = ("text", "family")
#: A cell of words with more letters than this makes its column a wide one.
_LONG = 90


class TableWriter:
    """Writes a table in one or several chunks, each a whole table with the head and the notes that it needs."""

    def __init__(self, table: Table, look: Look) -> None:
        self._table = table
        self._look = look
        self._places = {column.key: place for place, column in enumerate(table.columns)}
        self._reach = _reach(table, look)
        self._styles = [self._style(column, place) for place, column in enumerate(table.columns)]

    def chunks(self, room: int) -> Iterator[tuple[Markup, tuple[str, ...]]]:
        """HTML of at most about ``room`` bytes each, with the anchors of the rows that it holds."""
        looks = self._look.rows or (PLAIN_ROW,) * len(self._table.rows)
        lines: list[str] = []
        anchors: list[str] = []
        causes: dict[str, int] = {}
        used = number = 0
        for fields, look in zip(self._table.rows, looks, strict=True):
            known = len(causes)
            line = self._row(fields, look, causes, number)
            size = len(line.encode()) + sum(len(cause.encode()) + 40 for cause in list(causes)[known:])
            if lines and used + size > room:
                yield self._whole(lines, list(causes)[:known], number), tuple(anchors)
                lines, anchors, causes, used = [], [], {}, 0
                number += 1
                line = self._row(fields, look, causes, number)
            lines.append(line)
            anchors += [look.id] if look.id else []
            used += size
        yield self._whole(lines, list(causes), number), tuple(anchors)

    def _whole(self, lines: Sequence[str], causes: Sequence[str], number: int) -> Markup:
        table, look = self._table, self._look
        anchor = look.id if number == 0 else f"{look.id}-{number + 1}"
        classes = "words" if look.words else "scores"
        if look.sortable:
            classes += " sortable"
        parts = [
            _filters(look, anchor) if look.filters else "",
            f'<div class="scroll" role="region" aria-label="{escape(look.label)}" tabindex="0">\n',
            f'<table id="{escape(anchor)}" class="{classes}">\n',
            f"<caption><div>{escape(table.caption)}</div></caption>\n",
            self._head(),
            "<tbody>\n",
            *lines,
            "</tbody>\n</table>\n</div>\n",
            self._below(causes, number),
        ]
        return Markup("".join(parts))  # noqa: S704 (escaped piece by piece)

    def _head(self) -> str:
        columns = self._table.columns
        sticky = self._look.heads[0] if self._look.heads else ""
        grouped = any(column.group for column in columns)
        span = ' rowspan="2"' if grouped else ""
        top, bottom = [], []
        for group, found in groupby(enumerate(columns), key=lambda pair: pair[1].group):
            members = list(found)
            heads = [self._column_head(column, place, sticky, "" if group else span) for place, column in members]
            if not group:
                top += heads
                continue
            first = " first" if members[0][1].key in self._look.firsts else ""
            top.append(f'<th colspan="{len(members)}" scope="colgroup" class="group{first}">{escape(group)}</th>')
            bottom += heads
        lines = [f"<tr>{''.join(row)}</tr>\n" for row in (top, bottom) if row]
        return f"<thead>\n{''.join(lines)}</thead>\n"

    def _column_head(self, column: Column, place: int, sticky: str, span: str) -> str:
        names = [
            "stick" if column.key == sticky else "",
            "" if column.kind in _TEXT else "number",
            "first" if column.key in self._look.firsts else "",
        ]
        css = " ".join(name for name in names if name)
        text = f"<bdi>{escape(column.title)}</bdi>"
        if column.href:
            text = f'<a href="{escape(column.href)}">{text}</a>'
        sort = f' data-c="{place}"' if self._look.sortable else ""
        given = f' class="{css}"' if css else ""
        return f'<th scope="col"{span}{given}{sort}>{text}</th>'

    def _style(self, column: Column, place: int) -> str:
        long = self._look.words and any(len(str(row[place].value or "")) > _LONG for row in self._table.rows)
        names = [
            "prose" if long else "",
            "t" if column.kind in _TEXT and not self._look.words else "",
            "first" if column.key in self._look.firsts else "",
            "mean" if column.key in self._look.strong else "",
        ]
        return " ".join(name for name in names if name)

    def _row(self, fields: Sequence[Field], look: RowLook, causes: dict[str, int], number: int) -> str:
        sticky = self._look.heads[0] if self._look.heads else ""
        cells = []
        for place, (field, column) in enumerate(zip(fields, self._table.columns, strict=True)):
            if column.key in self._look.heads:
                css = "stick" if column.key == sticky else ""
                cells.append(_row_head(field, column, look if column.key == sticky else PLAIN_ROW, css))
            else:
                cells.append(self._cell(field, column, place, causes, number))
        return f"<tr{_attributes(look, filters=self._look.filters)}>{''.join(cells)}</tr>\n"

    def _cell(self, field: Field, column: Column, place: int, causes: dict[str, int], number: int) -> str:
        css = self._styles[place]
        value = field.value
        if value is None:
            css = f"gap {css}" if css else "gap"
            return f'<td class="{css}">{shown(field, column)}{self._cause(field.missing, causes, number)}</td>'
        text = str(escape(shown(field, column)))
        if column.kind == "family":
            text = f'<span class="badge {text}">{text}</span>'
        elif column.kind == "text":
            text = f"<bdi>{text}</bdi>"
        elif self._look.shade and not isinstance(value, str):
            level = self._level(value, column)
            css = f"{css} {level}" if css and level else css or level
        if field.href:
            text = f'<a href="{escape(field.href)}">{text}</a>'
        if field.mark:
            text += f"<sup>{escape(field.mark)}</sup>"
        small = _small(field, column, interval=column.key in self._look.intervals)
        return f'<td class="{css}">{text}{small}</td>' if css else f"<td>{text}{small}</td>"

    def _level(self, value: float, column: Column) -> str:
        if self._look.shade == "score":
            low, high = self._reach
            share = (value - low) / (high - low) if high > low else 0.0
            return f"s{min(LEVELS, int(share * (LEVELS + 1)))}" if column.kind in ("points", "share", "number") else ""
        if column.kind != "difference" or round(value * 100, 1) == 0:
            return ""
        size = min(LEVELS, 1 + int(LEVELS * abs(value) / self._reach[1] * 0.999)) if self._reach[1] else 1
        return f"{'p' if value > 0 else 'n'}{size}"

    def _cause(self, missing: str, causes: dict[str, int], number: int) -> str:
        """The footnote of a dash, with its cause below the table."""
        if not missing:
            return ""
        place = causes.setdefault(missing, len(causes) + 1)
        return f'<sup><a href="#{escape(_cause_id(self._look.id, number, place))}">{place}</a></sup>'

    def _below(self, causes: Sequence[str], number: int) -> str:
        parts = []
        if causes:
            items = "".join(
                f'<li id="{escape(_cause_id(self._look.id, number, place))}"><bdi>{escape(cause)}</bdi></li>\n'
                for place, cause in enumerate(causes, start=1)
            )
            parts.append(f'<div class="causes"><p>Why there is a dash:</p>\n<ol>\n{items}</ol>\n</div>\n')
        if self._table.notes:
            notes = "".join(f"<li><bdi>{escape(note)}</bdi></li>\n" for note in self._table.notes)
            parts.append(f'<ul class="legend">\n{notes}</ul>\n')
        if self._look.downloads:
            name = self._table.name
            links = ", ".join(
                f'<a href="{escape(name)}.{suffix}" download>{words}<span class="hidden"> of {escape(self._look.label)}'
                "</span></a>"
                for suffix, words in (("csv", "CSV"), ("json", "JSON"), ("tex", "LaTeX"))
                if suffix in self._look.downloads
            )
            parts.append(f'<p class="downloads">This table as {links}.</p>\n')
        return "".join(parts)


def _cause_id(table: str, number: int, place: int) -> str:
    return f"{table}-{number + 1}-cause-{place}"


def _row_head(field: Field, column: Column, look: RowLook, css: str) -> str:
    text = f'<bdi translate="no">{escape(shown(field, column))}</bdi>'
    if look.href or field.href:
        text = f'<a href="{escape(look.href or field.href)}">{text}</a>'
    if field.mark:
        text += f"<sup>{escape(field.mark)}</sup>"
    given = f' class="{css}"' if css else ""
    title = f' title="{escape(look.title)}"' if look.title else ""
    return f'<th scope="row"{given}{title}>{text}</th>'


def _attributes(look: RowLook, *, filters: bool) -> str:
    found = [("id", look.id)] if look.id else []
    if filters:
        found += [("data-family", look.family), ("data-recipe", look.recipe), ("data-suite", look.suite)]
        found += [] if look.complete else [("data-gaps", "1")]
    return "".join(f' {name}="{escape(value)}"' for name, value in found if value)


def _small(field: Field, column: Column, *, interval: bool) -> str:
    if interval and field.low is not None and field.high is not None:
        low, high = (shown(Field(value=bound), column) for bound in (field.low, field.high))
        return f" <small>{low} to {high}</small>"
    if field.sd is not None and not interval:
        return f" <small>sd {field.sd * 100:.1f}</small>"
    return ""


def _reach(table: Table, look: Look) -> tuple[float, float]:
    """Least and greatest value for shades of scores; nothing and the greatest size for those of differences."""
    if not look.shade:
        return 0.0, 0.0
    kinds = ("difference",) if look.shade == "difference" else ("points", "share", "number")
    values = [
        float(field.value)
        for row in table.rows
        for field, column in zip(row, table.columns, strict=True)
        if column.kind in kinds and isinstance(field.value, float | int)
    ]
    if not values:
        return 0.0, 0.0
    if look.shade == "difference":
        return 0.0, max(abs(value) for value in values)
    return min(values), max(values)


def _filters(look: Look, anchor: str) -> str:
    """The element for the filters, which the script fills; without a script all rows are shown."""
    kinds = [
        (name, words)
        for name, words in (("family", "Family"), ("recipe", "Recipe"), ("suite", "Suite"))
        if len({getattr(row, name) for row in look.rows}) > 1
    ]
    fields = "".join(
        f'<label>{words} <select data-by="{name}"><option value="">all</option>'
        + "".join(
            f'<option value="{escape(value)}">{escape(value)}</option>'
            for value in dict.fromkeys(getattr(row, name) for row in look.rows)
        )
        + "</select></label>\n"
        for name, words in kinds
    )
    only = ""
    if not all(row.complete for row in look.rows):
        only = '<label><input type="checkbox" data-by="gaps"> complete rows only</label>\n'
    return (
        f'<div class="filters" data-for="{escape(anchor)}" role="group" aria-label="Filter {escape(look.label)}" '
        f"hidden>\n{fields}{only}"
        '<span class="count" role="status"></span>\n</div>\n'
    )
