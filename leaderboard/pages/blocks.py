"""The blocks of a page, and the splitting of large pages into parts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from markupsafe import Markup, escape

from leaderboard.charts.lines import key_entry
from leaderboard.pages.html_table import TableWriter
from leaderboard.pages.look import Export, Look
from leaderboard.tables.value import Table

#: No page of ours is heavier, in bytes, whatever the board's size; what comes around the blocks is left room.
PAGE_ROOM = 1_500_000


@dataclass(frozen=True, kw_only=True)
class Prose:
    """Paragraphs, lists, and other small things, as safe markup."""

    html: Markup


@dataclass(frozen=True, kw_only=True)
class Figure:
    """A chart with its caption and the list that names its series."""

    svg: Markup
    caption: str
    label: str
    series: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class TableBlock:
    """A table with its look."""

    table: Table
    look: Look


Block = Prose | Figure | TableBlock


@dataclass(frozen=True, kw_only=True)
class Section:
    """A heading and its blocks; ``level`` 3 is part of the previous section."""

    id: str
    title: str
    blocks: tuple[Block, ...]
    level: int = 2


@dataclass(frozen=True, kw_only=True)
class Part:
    """One page's worth of sections: their markup, and the anchors of table rows on it."""

    html: Markup
    anchors: tuple[str, ...]
    titles: tuple[tuple[str, str], ...]


@dataclass
class _Packing:
    pieces: list[Markup] = field(default_factory=list)
    anchors: list[str] = field(default_factory=list)
    titles: list[tuple[str, str]] = field(default_factory=list)
    used: int = 0

    def part(self) -> Part:
        return Part(html=Markup("").join(self.pieces), anchors=tuple(self.anchors), titles=tuple(self.titles))


def prose(template: str, *values: object) -> Prose:
    """Markup with ``{}`` for values, which are escaped."""
    return Prose(html=Markup(template).format(*values))  # noqa: S704 (the template is the caller's own words)


def paragraphs(*texts: str) -> Prose:
    """One paragraph a text."""
    return Prose(html=Markup("").join(Markup("<p><bdi>{}</bdi></p>\n").format(text) for text in texts))


def parts(sections: Sequence[Section], room: int = PAGE_ROOM) -> tuple[Part, ...]:
    """Pack sections into as few pages as hold them, in order; breaks are between blocks, or between rows of a table."""
    done: list[Part] = []
    now = _Packing()
    for section in sections:
        heading = Markup('<h{0} id="{1}"><bdi>{2}</bdi></h{0}>\n').format(section.level, section.id, section.title)
        for count, block in enumerate(section.blocks or (Prose(html=Markup("")),)):
            for piece, anchors in _pieces(block, room):
                size = len(piece.encode())
                if now.pieces and now.used + size > room:
                    done.append(now.part())
                    now = _Packing()
                if count == 0 or not now.pieces:
                    # A section that goes on repeats its heading; on the first page the heading is the only one.
                    now.pieces.append(heading)
                    now.titles.append((section.id, section.title))
                now.pieces.append(piece)
                now.anchors += anchors
                now.used += size
    return (*done, now.part())


def _pieces(block: Block, room: int) -> Iterator[tuple[Markup, tuple[str, ...]]]:
    if isinstance(block, TableBlock):
        yield from TableWriter(block.table, block.look).chunks(room)
    elif isinstance(block, Figure):
        yield _figure(block), ()
    else:
        yield block.html, ()


def _figure(figure: Figure) -> Markup:
    names = Markup("").join(
        Markup("<li>{} <bdi>{}</bdi></li>\n").format(key_entry(place), name) for place, name in enumerate(figure.series)
    )
    legend = Markup('<ul class="series">\n{}</ul>\n').format(names) if names else ""
    return Markup(
        '<figure>\n<div class="scroll chart" role="region" aria-label="{}" tabindex="0">\n{}\n</div>\n{}'
        "<figcaption><bdi>{}</bdi></figcaption>\n</figure>\n"
    ).format(escape(figure.label), figure.svg, legend, figure.caption)


def tables(sections: Sequence[Section]) -> Iterator[tuple[Table, Export]]:
    """The tables that are exported, each with a suffix of its files."""
    for section in sections:
        for block in section.blocks:
            if isinstance(block, TableBlock):
                for suffix in block.look.downloads:
                    yield block.table, suffix
