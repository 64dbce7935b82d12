"""Tables and bars in plain text, for a terminal of any width."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from leaderboard.pages.cells import legend, marks_of
from leaderboard.pages.gaps import GapNotes
from leaderboard.pairs import Difference, MatchedPair, matched_pairs
from leaderboard.read import read_results
from leaderboard.scores import Board, Line, Score, build_board
from leaderboard.words import END_ISOLATE, ISOLATE, MINUS, WITHOUT_INTERVAL, pair_sentences, points, signed

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


T = TypeVar("T")
#: A group's mean in the head of a column.
GROUP_HEADS = {"classification": "pair cl.", "tagging": "tagging", "qa": "QA", "retrieval": "retrieval"}
_GAP = "-"


def summary(results: Path, width: int) -> str:
    """Average, groups and targets in points, gaps as dashes with their causes below, and the pair differences.

    ``width`` is the terminal's, in columns; a table that is wider goes on in a second block.

    Raises:
        UserError: the results are not in order.
    """
    board = build_board(read_results(results))
    gaps = GapNotes(board)
    width = max(width, NARROWEST)
    suite = board.suite
    lines = [plain(suite.title)]
    if suite.miniature:
        lines += wrapped("Miniature suite: generated data and tiny backbones; these numbers say nothing real.", width)
    if len(suite.seeds) > 1:
        lines += wrapped(f"Means over seeds {', '.join(str(seed) for seed in suite.seeds)}.", width)
    lines += ["", *table_lines(TextTable(heads=_heads(board), rows=_rows(board, gaps)), width)]
    marks = [mark for row in board.rows for score in row.scores.targets.values() for mark in marks_of(score)]
    lines += [line for mark in legend(marks) for line in wrapped(f"{mark.symbol} {plain(mark.text)}", width, indent=2)]
    for pair in matched_pairs(board):
        lines += _pair(board, pair, width)
    lines += _gaps(board, gaps, width)
    lines += [line for note in suite.notes for line in wrapped(f"Note: {plain(note)}", width)]
    return "\n".join(line.rstrip() for line in lines) + "\n"


def _rows(board: Board, gaps: GapNotes) -> tuple[tuple[str, tuple[str, ...]], ...]:
    lines: list[tuple[str, tuple[str, ...]]] = []
    for row in board.rows:
        head = f"{row.backbone.name} [{row.backbone.family}]"
        if row.recipe.name == board.suite.recipes[0].name:
            lines.append((head, ()))
        lines.append((f"  {row.recipe.name}", _cells(board, row.scores, lambda score: _score(score, gaps))))
    return tuple(lines)


def _heads(board: Board) -> tuple[str, ...]:
    heads = ["average", *(f"[{GROUP_HEADS[group]}]" for group in board.groups)]
    return (*heads, *(target.name for members in board.groups.values() for target in members))


def _cells(board: Board, line: Line[T], show: Callable[[T], str]) -> tuple[str, ...]:
    targets = [target.name for members in board.groups.values() for target in members]
    values = [line.average, *(line.groups[group] for group in board.groups), *(line.targets[name] for name in targets)]
    return tuple(show(value) for value in values)


def _score(score: Score, gaps: GapNotes) -> str:
    if score.value is not None:
        symbols = "".join(mark.symbol for mark in marks_of(score))
        return points(score.value) + (symbols or " ")
    numbers = ",".join(str(number) for number in gaps.numbers(score.missing)) if score.member == "seed" else ""
    return f"{_GAP} ({numbers})" if numbers else f"{_GAP} "


def _difference(difference: Difference) -> str:
    return _GAP if difference.value is None else signed(difference.value).replace(MINUS, "-")


def _pair(board: Board, pair: MatchedPair, width: int) -> list[str]:
    rows = tuple((row.recipe.name, _cells(board, row.difference, _difference)) for row in pair.rows)
    lines = ["", f"{plain(pair.code.name)} minus {plain(pair.text.name)}, in points"]
    for sentence in pair_sentences(pair, len(board.suite.targets)):
        lines += wrapped(plain(without_isolates(sentence)).replace(MINUS, "-"), width)
    return [
        *lines,
        *wrapped(WITHOUT_INTERVAL, width),
        "",
        *table_lines(TextTable(heads=_heads(board), rows=rows), width),
    ]


def _gaps(board: Board, gaps: GapNotes, width: int) -> list[str]:
    notes = gaps.notes(board.missing())
    if not notes:
        return [""]
    lines = ["", "Gaps (never counted as zero; a mean is given only if all its members have a score)"]
    for note in notes:
        lines += wrapped(f"({note.number}) {note.count}: {plain(note.text)}", width, indent=4)
    return [*lines, ""]
