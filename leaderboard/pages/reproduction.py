"""Published numbers beside ours."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from markupsafe import Markup

from leaderboard.pages.blocks import Block, Prose, Section, TableBlock, paragraphs
from leaderboard.pages.frame import Page, Site, heading
from leaderboard.pages.look import Look
from leaderboard.pages.published import METRICS
from leaderboard.published import MARK_WORDS, published
from leaderboard.reproduction import TOLERANCE, compare
from leaderboard.tables.value import Column, Field, Table
from leaderboard.words import DASH, plural

_SYMBOLS = {"matches": "✓", "differs": "✗", "cannot be compared": DASH}


def reproduction_page(site: Site) -> Page:
    """The page of published numbers."""
    found = compare(site.board, site.folder, site.lookup, published())
    sources = {key: source for file in published() for key, source in file.sources.items()}
    counts = Counter(one.status for one in found)
    table = Table(
        name="reproduction",
        caption="Published test scores beside ours, in points",
        columns=(
            Column(key="system", title="System", kind="text"),
            Column(key="recipe", title="Recipe", kind="text"),
            Column(key="target", title="Target", kind="text"),
            Column(key="metric", title="Metric", kind="text"),
            Column(key="published", title="Published"),
            Column(key="ours", title="Ours"),
            Column(key="difference", title="Ours minus published", kind="difference"),
            Column(key="tolerance", title="Tolerance"),
            Column(key="status", title="Status", kind="text"),
            Column(key="why", title="Why", kind="text"),
            Column(key="source", title="Read in", kind="text"),
        ),
        rows=tuple(
            (
                Field(value=one.row.name),
                Field(value=one.row.recipe),
                Field(value=one.number.target),
                Field(value=METRICS[one.number.metric]),
                Field(value=one.number.points / 100),
                Field(value=None if one.ours is None else one.ours / 100),
                Field(value=None if one.ours is None else (one.ours - one.number.points) / 100),
                Field(value=None if one.status == "cannot be compared" else one.tolerance / 100),
                Field(value=f"{_SYMBOLS[one.status]} {one.status}"),
                Field(value=one.why),
                Field(
                    value=f"{sources[one.number.source].title} [{one.number.mark}]",
                    href=sources[one.number.source].href,
                ),
            )
            for one in found
        ),
        notes=tuple(f"{mark}: {words}." for mark, words in MARK_WORDS.items()),
        miniature=site.frame.miniature,
    )
    look = Look(
        id="table-reproduction", label="Published numbers beside ours", heads=("system",), sortable=True, words=True
    )
    rule = (
        f"A number matches if ours lies within {TOLERANCE:.0f} point, widened by half of our {site.lookup.interval} "
        "where there is one: careful runs of the same recipe with other code and hardware are known to differ by about "
        "a point. Only numbers that could be verified stand here, each with where it was read."
    )
    summary = "; ".join(f"{plural(number, 'number')}: {status}" for status, number in sorted(counts.items()))
    reasons = Counter(one.why for one in found if one.status == "cannot be compared")
    return Page(
        stem="reproduction",
        title=f"Reproduction: {site.frame.title}",
        heading=heading("Published numbers beside ours"),
        lede=Markup('<p class="lede">{}.</p>\n').format(summary or "Nothing is published"),
        sections=(
            Section(id="numbers", title="Number by number",
                    blocks=(paragraphs(rule), *_reasons(reasons), TableBlock(table=table, look=look))),
        ),
    )  # fmt: skip


def _reasons(reasons: Counter[str]) -> Iterator[Block]:
    """Why numbers cannot be compared, each reason once, the most frequent first."""
    if reasons:
        told = Markup("").join(
            Markup("<li>{}: <bdi>{}</bdi></li>\n").format(plural(number, "number"), why)
            for why, number in sorted(reasons.items(), key=lambda entry: (-entry[1], entry[0]))
        )
        yield Prose(html=Markup('<p>What cannot be compared, and why:</p>\n<ul class="notes">\n{}</ul>\n').format(told))
