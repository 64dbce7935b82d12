"""The first page: the answer of each pair, the main table, published results, and the suite."""

from __future__ import annotations

from markupsafe import Markup

from leaderboard.lookup import AVERAGE
from leaderboard.names import row_id, row_page
from leaderboard.pages.answer import about_sections, answer_section
from leaderboard.pages.blocks import Block, Section, TableBlock, paragraphs, prose
from leaderboard.pages.cells import Mark, legend, marks_of
from leaderboard.pages.columns import (
    WITHOUT_STATISTICS,
    all_targets,
    board_columns,
    group_keys,
    interval_notes,
    mark_notes,
    mean_keys,
    score_fields,
)
from leaderboard.pages.frame import Page, Site, heading
from leaderboard.pages.gap_list import gap_section
from leaderboard.pages.look import Look, RowLook
from leaderboard.pages.published import published_section
from leaderboard.scores import Row
from leaderboard.statistics import Ranking
from leaderboard.tables.value import Column, Field, Table
from leaderboard.words import DASH, plural

_ID = "scores"


def index_page(site: Site) -> Page:
    """The first page of a board: the answer comes before anything that explains it."""
    suite = site.board.suite
    return Page(
        stem="index",
        title=f"{suite.title}: leaderboard",
        heading=heading(suite.title),
        lede=Markup(""),
        sections=(
            answer_section(site),
            _suite(site),
            _scores(site),
            *published_section(),
            *gap_section(site.gaps.notes(site.board.missing())),
            *about_sections(site),
        ),
    )


def _suite(site: Site) -> Section:
    suite = site.board.suite
    blocks = [prose("<p><bdi>{}</bdi></p>\n", suite.description)]
    if suite.notes:
        blocks.append(prose('<p>Stand-ins, limits and removed rows: <a href="#notes">notes on this suite</a>.</p>\n'))
    return Section(id="suite", title="Experiment", blocks=tuple(blocks))


def _scores(site: Site) -> Section:
    ranking = site.lookup.ranking(AVERAGE)
    blocks: list[Block] = [paragraphs(*_words(site, ranking)), TableBlock(table=main_table(site), look=_look(site))]
    return Section(id="all-scores", title="All scores", blocks=tuple(blocks))


def _words(site: Site, ranking: Ranking | None) -> tuple[str, ...]:
    suite = site.board.suite
    seeds = ", ".join(str(seed) for seed in suite.seeds)
    means = (
        "A target's score is the plain mean over its languages, English included. A group's mean is over its "
        "targets; the "
        f"average is over all {plural(len(suite.targets), 'target')} of this suite, not over the groups. "
    )
    means += f"Each score is the mean over seeds {seeds}." if len(suite.seeds) > 1 else f"Seed: {seeds}."
    if ranking is None:
        more = "; sd is the standard deviation over them" if len(suite.seeds) > 1 else ""
        return (
            f"{means} Rows are ordered by their average, incomplete ones last; this is not a ranking{more}.",
            WITHOUT_STATISTICS,
        )
    kind = "test items only" if ranking.kind == "items" else "test items and training seeds"
    return (
        f"{means} Below the average is its {site.lookup.interval} ({kind}).",
        (
            f"A rank is the range of ranks that the tests allow; {ranking.separable} of "
            f"{plural(ranking.neighbours, 'neighbouring pair')} of rows differ significantly. Rows of a tie group "
            "do not differ significantly from the best row of the group. Incomplete rows have no average and no rank."
        ),
    )


def sorted_rows(site: Site) -> tuple[Row, ...]:
    """Complete rows by rank, or by their average where there is none; then the others in the suite's order."""
    ranks = site.lookup.ranks.get(AVERAGE, {})
    order = {row: place for place, row in enumerate(ranks)}

    def key(entry: tuple[int, Row]) -> tuple[int, float, int]:
        place, row = entry
        name = (row.backbone.name, row.recipe.name)
        value = row.scores.average.value
        if value is None:
            return (2, 0.0, place)
        return (0, order[name], place) if name in order else (1, -value, place)

    return tuple(row for _, row in sorted(enumerate(site.board.rows), key=key))


def main_table(site: Site) -> Table:
    """The main table: rank, backbone, family, parameters, recipe, average, groups and targets."""
    board = site.board
    ranks = site.lookup.ranks.get(AVERAGE, {})
    columns = [
        *((Column(key="rank", title="Rank", kind="number"), Column(key="group", title="Tie group", kind="number"))
          if ranks else ()),
        Column(key="backbone", title="Backbone", kind="text"),
        Column(key="family", title="Family", kind="family"),
        Column(key="parameters", title="Params (M)", kind="number"),
        Column(key="recipe", title="Recipe", kind="text"),
        *board_columns(board),
    ]  # fmt: skip
    fields = []
    for row in sorted_rows(site):
        ranked = ranks.get((row.backbone.name, row.recipe.name))
        rank: tuple[Field, ...] = ()
        if ranks and ranked is None:
            rank = (Field(value=None), Field(value=None))
        elif ranked is not None:
            span = f"{ranked.low}{DASH}{ranked.high}" if ranked.low != ranked.high else str(ranked.low)
            rank = (Field(value=span), Field(value=ranked.group))
        size = row.backbone.parameters
        fields.append(
            (
                *rank,
                Field(value=row.backbone.name),
                Field(value=row.backbone.family),
                Field(value=None if size is None else f"{size / 1e6:,.1f}"),
                Field(value=row.recipe.name),
                *score_fields(site, row),
            )
        )
    notes = mark_notes(fields, {mark.symbol: mark.text for mark in legend(_marks(site))})
    return Table(
        name="leaderboard",
        caption="Scores in points by backbone and recipe",
        columns=tuple(columns),
        rows=tuple(fields),
        notes=(*notes, *interval_notes(site, all_targets(site))),
        miniature=board.suite.miniature,
    )


def _marks(site: Site) -> list[Mark]:
    return [mark for row in site.board.rows for score in row.scores.targets.values() for mark in marks_of(score)]


def _look(site: Site) -> Look:
    return Look(
        id=_ID,
        label="All scores",
        heads=("backbone", "recipe"),
        rows=tuple(row_look(site, row) for row in sorted_rows(site)),
        sortable=True,
        filters=True,
        intervals=frozenset({"average"}),
        firsts=group_keys(site.board) | {"average"},
        strong=mean_keys(site.board),
    )


def row_look(site: Site, row: Row) -> RowLook:
    """A row of the board in a table."""
    backbone, recipe = row.backbone.name, row.recipe.name
    return RowLook(
        id=row_id(backbone, recipe),
        href=row_page(backbone, recipe),
        title=row.backbone.title,
        family=row.backbone.family,
        recipe=recipe,
        suite=", ".join(site.board.suite.suites_of(backbone, recipe)),
        complete=row.scores.average.value is not None,
    )
