"""What all pages have in common."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from leaderboard.names import task_page
from leaderboard.pages.gaps import GapNotes
from leaderboard.pairs import MatchedPair, matched_pairs
from leaderboard.read import ResultsFolder
from leaderboard.scores import Board, build_board

CSV_FILE = "scores.csv"
JSON_FILE = "scores.json"
INDEX_FILE = "index.html"
STYLE_FILE = "style.css"


@dataclass(frozen=True, kw_only=True)
class Link:
    """A link inside the site."""

    text: str
    href: str


@dataclass(frozen=True, kw_only=True)
class Frame:
    """The frame of every page: the suite's title, its banner, its notes, and the way to the other pages."""

    title: str
    miniature: bool
    notes: tuple[str, ...]
    tasks: tuple[Link, ...]


@dataclass(frozen=True, kw_only=True)
class Site:
    """What the pages are made from, each part worked out once."""

    folder: ResultsFolder
    board: Board
    pairs: tuple[MatchedPair, ...]
    gaps: GapNotes
    frame: Frame


@dataclass(frozen=True, kw_only=True)
class Page:
    """A page to be written: its file, the template, and what the template prints."""

    file: str
    template: str
    values: dict[str, Any]


def aggregate(folder: ResultsFolder) -> Site:
    """Work out what the pages of a results folder show."""
    board = build_board(folder)
    return Site(folder=folder, board=board, pairs=matched_pairs(board), gaps=GapNotes(board), frame=_frame(board))


def _frame(board: Board) -> Frame:
    return Frame(
        title=board.suite.title,
        miniature=board.suite.miniature,
        notes=board.suite.notes,
        tasks=tuple(
            Link(text=target.title, href=task_page(target.name))
            for members in board.groups.values()
            for target in members
        ),
    )
