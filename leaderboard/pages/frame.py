"""The frame shared by all pages."""

from __future__ import annotations

from dataclasses import dataclass

from markupsafe import Markup

from leaderboard.lookup import Lookup, lookup
from leaderboard.names import task_page
from leaderboard.pages.blocks import Section
from leaderboard.pages.gaps import GapNotes
from leaderboard.pairs import MatchedPair, matched_pairs
from leaderboard.read import ResultsFolder
from leaderboard.scores import Board, build_board
from leaderboard.statistics import LanguageStatistics, Statistics

CSV_FILE = "scores.csv"
JSON_FILE = "scores.json"
INDEX_FILE = "index.html"
STYLE_FILE = "style.css"

#: The pages beside the first, by the stem of their files, in the order of the navigation.
TOPICS = {
    "gains": "Gains",
    "languages": "Languages",
    "retrieval": "Retrieval",
    "cost": "Cost",
    "claims": "Claims",
    "reproduction": "Reproduction",
    "log": "Log",
}


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
    topics: tuple[Link, ...]
    tasks: tuple[Link, ...]


@dataclass(frozen=True, kw_only=True)
class Site:
    """The data of the pages, each part computed once."""

    folder: ResultsFolder
    board: Board
    pairs: tuple[MatchedPair, ...]
    gaps: GapNotes
    frame: Frame
    lookup: Lookup


@dataclass(frozen=True, kw_only=True)
class Page:
    """A page to be written, in one file or, where it is too heavy for one, in several.

    Attributes:
        stem: of its file.
        title: of the browser's tab.
        heading: of the page, as markup.
        lede: markup below the heading.
        sections: the rest.
        notes: whether the suite's notes stand at its end.
    """

    stem: str
    title: str
    heading: Markup
    lede: Markup
    sections: tuple[Section, ...]
    notes: bool = True


def heading(text: str) -> Markup:
    """A heading of data or words."""
    return Markup("<bdi>{}</bdi>").format(text)


def aggregate(
    folder: ResultsFolder, statistics: Statistics | None = None, languages: LanguageStatistics | None = None
) -> Site:
    """Compute the data of a results folder's pages."""
    board = build_board(folder)
    return Site(
        folder=folder,
        board=board,
        pairs=matched_pairs(board),
        gaps=GapNotes(board),
        frame=_frame(board),
        lookup=lookup(statistics, languages, board),
    )


def _frame(board: Board) -> Frame:
    return Frame(
        title=board.suite.title,
        miniature=board.suite.miniature,
        notes=board.suite.notes,
        topics=tuple(Link(text=words, href=f"{stem}.html") for stem, words in TOPICS.items()),
        tasks=tuple(
            Link(text=target.title, href=task_page(target.name))
            for members in board.groups.values()
            for target in members
        ),
    )
