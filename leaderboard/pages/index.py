"""The first page: the answer of each matched pair, then the main table, then what the suite consists of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import groupby

from leaderboard.names import row_id, row_page
from leaderboard.pages.backbones import BackboneView, backbone_view
from leaderboard.pages.cells import Cell, difference_cell, legend, marks_of, score_cell
from leaderboard.pages.columns import Column, group_heads, line_cells
from leaderboard.pages.frame import INDEX_FILE, Page, Site
from leaderboard.pages.gaps import GapNotes
from leaderboard.pages.targets import target_view
from leaderboard.pairs import Difference, MatchedPair, PairRow
from leaderboard.scores import GROUPS, Board, Line, Row
from leaderboard.words import WITHOUT_INTERVAL, pair_sentences, plural


@dataclass(frozen=True, kw_only=True)
class RowView:
    """A line of a table."""

    head: str
    title: str
    href: str
    id: str
    cells: tuple[Cell, ...]


@dataclass(frozen=True, kw_only=True)
class Section:
    """A backbone in the main table, with its recipes."""

    backbone: BackboneView
    rows: tuple[RowView, ...]


@dataclass(frozen=True, kw_only=True)
class PairView:
    """A matched pair: sentences, the small table, and the same differences by target."""

    name: str
    code: str
    text: str
    sentences: tuple[str, ...]
    rows: tuple[RowView, ...]
    tables: tuple[tuple[str, tuple[RowView, ...]], ...]


def index_page(site: Site) -> Page:
    """The first page of a board."""
    board, gaps = site.board, site.gaps
    suite = board.suite
    marks = [mark for row in board.rows for score in row.scores.targets.values() for mark in marks_of(score)]
    return Page(
        file=INDEX_FILE,
        template="index.html",
        values={
            "frame": site.frame,
            "description": suite.description,
            "seeds": ", ".join(str(seed) for seed in suite.seeds),
            "several_seeds": len(suite.seeds) > 1,
            "target_count": plural(len(suite.targets), "target"),
            "pairs": tuple(pair_view(board, pair, gaps) for pair in site.pairs),
            "groups": tuple(GROUPS[group] for group in board.groups),
            "heads": group_heads(board),
            "width": 2 + len(board.groups) + len(suite.targets),
            "without_interval": WITHOUT_INTERVAL,
            "sections": tuple(
                _section(board, list(rows), gaps) for _, rows in groupby(board.rows, key=lambda row: row.backbone.name)
            ),
            "legend": legend(marks),
            "gaps": gaps.notes(board.missing()),
            "backbones": tuple(backbone_view(backbone) for backbone in suite.backbones),
            "recipes": suite.recipes,
            "targets": tuple(target_view(target) for members in board.groups.values() for target in members),
        },
    )


def _section(board: Board, rows: list[Row], gaps: GapNotes) -> Section:
    return Section(backbone=backbone_view(rows[0].backbone), rows=tuple(_row(board, row, gaps) for row in rows))


def _row(board: Board, row: Row, gaps: GapNotes) -> RowView:
    backbone, recipe = row.backbone.name, row.recipe.name
    anchor = row_id(backbone, recipe)
    return RowView(
        head=recipe,
        title=row.recipe.title,
        href=row_page(backbone, recipe),
        id=anchor,
        cells=line_cells(
            board,
            row.scores,
            lambda score, column: score_cell(
                score, gaps, css=column.css, href=f"{column.href}#{anchor}" if column.href else ""
            ),
        ),
    )


def pair_view(board: Board, pair: MatchedPair, gaps: GapNotes) -> PairView:
    """A matched pair as the first page shows it."""
    tables: list[tuple[str, Mapping[str, Line[Difference] | None]]] = [
        ("Code minus text", {row.recipe.name: row.difference for row in pair.rows}),
        (f"{pair.code.name} minus itself with recipe none", {row.recipe.name: row.code_gain for row in pair.rows}),
        (f"{pair.text.name} minus itself with recipe none", {row.recipe.name: row.text_gain for row in pair.rows}),
    ]
    return PairView(
        name=pair.name,
        code=pair.code.name,
        text=pair.text.name,
        sentences=pair_sentences(pair, len(board.suite.targets)),
        rows=tuple(_pair_row(board, row, gaps) for row in pair.rows),
        tables=tuple((title, _difference_rows(board, lines)) for title, lines in tables if any(lines.values())),
    )


def _pair_row(board: Board, row: PairRow, gaps: GapNotes) -> RowView:
    return RowView(
        head=row.recipe.name,
        title=row.recipe.title,
        href="",
        id="",
        cells=(
            difference_cell(row.difference.average, css="mean"),
            *(difference_cell(row.difference.groups[group]) for group in board.groups),
            score_cell(row.code.average, gaps, css="first"),
            score_cell(row.text.average, gaps),
            difference_cell(row.code_gain.average if row.code_gain else None, css="first"),
            difference_cell(row.text_gain.average if row.text_gain else None),
        ),
    )


def _difference_rows(board: Board, lines: Mapping[str, Line[Difference] | None]) -> tuple[RowView, ...]:
    def cell(difference: Difference, column: Column) -> Cell:
        return difference_cell(difference, css=column.css)

    return tuple(
        RowView(head=name, title="", href="", id="", cells=line_cells(board, line, cell))
        for name, line in lines.items()
        if line is not None
    )
