"""Tables and paragraphs for a terminal of any width."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from leaderboard.words import END_ISOLATE, ISOLATE

#: Narrower terminals get this; the lines are then wrapped by the terminal.
NARROWEST = 40


@dataclass(frozen=True, kw_only=True)
class TextTable:
    """Lines of head and cells. A line without cells heads those after it."""

    heads: tuple[str, ...]
    rows: tuple[tuple[str, tuple[str, ...]], ...]


def table_lines(table: TextTable, width: int) -> list[str]:
    """Lines of a table, in as many blocks as the width asks for; each block repeats the row heads."""
    head = min(max((_width(plain(name)) for name, cells in table.rows if cells), default=0), width // 2)
    widths = [
        max(_width(plain(title)), *(_width(cells[column]) for _, cells in table.rows if cells))
        for column, title in enumerate(table.heads)
    ]
    lines: list[str] = []
    for columns in _blocks(widths, width - head):
        if lines:
            lines.append("")
        lines.append(_row("", [plain(table.heads[column]) for column in columns], head, [widths[c] for c in columns]))
        lines += [
            _row(name, [cells[column] for column in columns], head, [widths[c] for c in columns])
            if cells
            else _cut(plain(name), width)
            for name, cells in table.rows
        ]
    return lines


def _blocks(widths: Sequence[int], room: int) -> list[list[int]]:
    blocks: list[list[int]] = [[]]
    used = 0
    for column, width in enumerate(widths):
        if blocks[-1] and used + width + 2 > room:
            blocks.append([])
            used = 0
        blocks[-1].append(column)
        used += width + 2
    return blocks


def _row(name: str, cells: Sequence[str], head: int, widths: Sequence[int]) -> str:
    shown = _cut(plain(name), head)
    values = (" " * (2 + width - _width(cell)) + cell for cell, width in zip(cells, widths, strict=True))
    return shown + " " * (head - _width(shown)) + "".join(values)


def wrapped(text: str, width: int, *, indent: int = 0) -> list[str]:
    """Break between words; a word longer than the line stands alone."""
    lines: list[str] = []
    current = ""
    for word in text.split():
        if current and _width(current) + 1 + _width(word) > width:
            lines.append(current)
            current = " " * indent + word
        else:
            current = f"{current} {word}" if current else word
    return [*lines, current]


def plain(text: str) -> str:
    """Without the characters that steer a terminal or turn the direction of writing."""
    return "".join("?" if unicodedata.category(char) in {"Cc", "Cf", "Co", "Cs"} else char for char in text)


def without_isolates(sentence: str) -> str:
    """A sentence without the marks around its names: terminals show them as they like."""
    return sentence.replace(ISOLATE, "").replace(END_ISOLATE, "")


def _cut(text: str, width: int) -> str:
    if _width(text) <= width:
        return text
    kept = ""
    for char in text:
        if _width(kept + char) > width - 1:
            break
        kept += char
    return kept + "…"


def _width(text: str) -> int:
    """Columns in a terminal: two for wide characters, none for combining ones."""
    return sum(
        0 if unicodedata.combining(char) else 2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text
    )
