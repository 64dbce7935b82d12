"""The columns that main table and differences share: average, then each group's mean followed by its targets."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from leaderboard.names import task_page
from leaderboard.pages.cells import Cell
from leaderboard.pages.frame import Link
from leaderboard.scores import GROUPS, Board, Line

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class GroupHead:
    """A group in the table head, spanning its mean and its targets."""

    title: str
    span: int
    targets: tuple[Link, ...]


@dataclass(frozen=True, kw_only=True)
class Column:
    """Where a cell stands: its target's page, or empty for a mean, and its classes."""

    href: str
    css: str


def group_heads(board: Board) -> tuple[GroupHead, ...]:
    """The head of the table."""
    return tuple(
        GroupHead(
            title=GROUPS[group],
            span=1 + len(members),
            targets=tuple(Link(text=target.title, href=task_page(target.name)) for target in members),
        )
        for group, members in board.groups.items()
    )


def line_cells(board: Board, line: Line[T], cell: Callable[[T, Column], Cell]) -> tuple[Cell, ...]:
    """A line's cells in the order of the columns."""
    cells = [cell(line.average, Column(href="", css="mean"))]
    for group, members in board.groups.items():
        cells.append(cell(line.groups[group], Column(href="", css="mean first")))
        cells.extend(cell(line.targets[target.name], Column(href=task_page(target.name), css="")) for target in members)
    return tuple(cells)
