"""The log: rows added, changed and withdrawn, build by build."""

from __future__ import annotations

from markupsafe import Markup

from leaderboard.history import Build, Log
from leaderboard.names import row_page
from leaderboard.pages.blocks import Section, TableBlock, paragraphs
from leaderboard.pages.frame import Page, Site, heading
from leaderboard.pages.look import Look, RowLook
from leaderboard.tables.value import Column, Field, Table
from leaderboard.words import plural


def log_page(site: Site, log: Log) -> Page:
    """The page of the log, the last build first."""
    here = {(row.backbone.name, row.recipe.name) for row in site.board.rows}
    sections = tuple(_section(site, build, here) for build in reversed(log.builds))
    return Page(
        stem="log",
        title=f"Log: {site.frame.title}",
        heading=heading("Changes between builds"),
        lede=Markup(
            '<p class="lede">A build is listed if a row was added, changed or withdrawn since the previous one. For a '
            "changed score, the log names the first phase with different stages.</p>\n"
        ),
        sections=sections or (Section(id="none", title="Nothing yet", blocks=()),),
    )


def _section(site: Site, build: Build, here: set[tuple[str, str]]) -> Section:
    kinds = [sum(change.kind == kind for change in build.changes) for kind in ("added", "changed", "withdrawn")]
    words = "{} added, {} changed, {} withdrawn".format(*(plural(number, "row") for number in kinds))
    table = Table(
        name=f"log-{build.number}",
        caption=f"Build {build.number}: {words}",
        columns=(
            Column(key="backbone", title="Backbone", kind="text"),
            Column(key="recipe", title="Recipe", kind="text"),
            Column(key="kind", title="What", kind="text"),
            Column(key="before", title="Average before"),
            Column(key="after", title="Average after"),
            Column(key="reason", title="Reason", kind="text"),
        ),
        rows=tuple(
            (
                Field(value=change.backbone),
                Field(value=change.recipe),
                Field(value=change.kind),
                Field(value=change.before),
                Field(value=change.after),
                Field(value=change.reason),
            )
            for change in build.changes
        ),
        miniature=site.frame.miniature,
    )
    look = Look(
        id=f"build-{build.number}-table",
        label=f"Build {build.number}",
        heads=("backbone", "recipe"),
        rows=tuple(
            RowLook(
                href=row_page(change.backbone, change.recipe) if (change.backbone, change.recipe) in here else "",
            )
            for change in build.changes
        ),
        words=True,
    )
    text = f"Suite {build.suite}, {plural(build.rows, 'row')}, digest of the rows {build.results[:16]}."
    blocks = (paragraphs(text), TableBlock(table=table, look=look))
    return Section(id=f"build-{build.number}", title=f"Build {build.number}: {words}", blocks=blocks)
