"""The page of retrieval: chosen hidden states, their curves, and mining thresholds."""

from __future__ import annotations

from collections.abc import Iterator

from markupsafe import Markup

from leaderboard.names import row_page, slug
from leaderboard.pages.blocks import Block, Section, TableBlock, paragraphs
from leaderboard.pages.cells import ORACLE_MARK, ORACLE_THRESHOLD
from leaderboard.pages.columns import mark_notes
from leaderboard.pages.frame import Page, Site, heading
from leaderboard.pages.look import Look, RowLook
from leaderboard.pages.reading import is_reading, reading_blocks
from leaderboard.read import CellKey
from leaderboard.results import BASELINE_RECIPE, BackboneInfo, Result, TargetInfo
from leaderboard.tables.value import Column, Field, Table
from leaderboard.words import metric_words


def retrieval_page(site: Site) -> Page:
    """The page of retrieval."""
    targets = [target for target in site.board.suite.targets if target.group == "retrieval"]
    sections = [section for target in targets for section in _target(site, target)]
    if not sections:
        text = "This suite has no result of retrieval."
        sections = [Section(id="none", title="Nothing to show", blocks=(paragraphs(text),))]
    return Page(
        stem="retrieval",
        title=f"Retrieval: {site.frame.title}",
        heading=heading("Readings of the encoders"),
        lede=Markup(
            '<p class="lede">Retrieval has no training: sentences are embedded by a hidden state of the encoder after '
            "phase (ii). The hidden state and the pooling are chosen on unscored samples, if there are any; this page "
            "shows the curves of all of them.</p>\n"
        ),
        sections=tuple(sections),
    )


def _target(site: Site, target: TargetInfo) -> Iterator[Section]:
    found = [
        (row.backbone, row.recipe.name, seed, result)
        for row in site.board.rows
        for seed in site.board.suite.seeds
        if (result := site.folder.results.get(CellKey(row.backbone.name, row.recipe.name, target.name, seed)))
        and is_reading(result.details)
    ]
    if not found:
        return
    yield Section(
        id=f"chosen-{slug(target.name)}",
        title=f"{target.title}: chosen readings",
        blocks=(TableBlock(table=_table(site, target, found), look=_look(site, target, found)),),
    )
    shown = _first_of_each(found)
    for backbone, recipe, seed, result in shown:
        blocks: tuple[Block, ...] = reading_blocks(
            result.details,
            f"{target.title}, {backbone.name} with recipe {recipe}, seed {seed}",
            f"{slug(target.name)}-{slug(backbone.name)}",
            miniature=site.frame.miniature,
            oracle=ORACLE_THRESHOLD in result.marks,
        )
        yield Section(
            id=f"curve-of-{slug(target.name)}-{slug(backbone.name)}",
            title=f"{target.title}: {backbone.name}, recipe {recipe}",
            blocks=blocks,
            level=3,
        )


_Found = tuple[BackboneInfo, str, int, Result]


def _first_of_each(found: list[_Found]) -> list[_Found]:
    """One result a backbone: that of recipe none if it is there. The others stand on the pages of their rows."""
    chosen: dict[str, _Found] = {}
    for entry in found:
        name = entry[0].name
        if name not in chosen or (entry[1] == BASELINE_RECIPE and chosen[name][1] != BASELINE_RECIPE):
            chosen[name] = entry
    return list(chosen.values())


def _table(site: Site, target: TargetInfo, found: list[_Found]) -> Table:
    metrics = sorted({name for *_, result in found for one in result.languages.values() for name in one.metrics})
    several = len(site.board.suite.seeds) > 1
    rows = []
    for backbone, recipe, seed, result in found:
        details, oracle = result.details, ORACLE_THRESHOLD in result.marks
        rows.append(
            (
                Field(value=backbone.name),
                Field(value=backbone.family),
                Field(value=recipe),
                *((Field(value=str(seed)),) if several else ()),
                Field(value=f"{details['layer']} of {details['layers']}"),
                Field(value=details["pooling"]),
                Field(value="samples" if details["rule"] == "dev" else "depth-scaled rule"),
                Field(value=result.score, mark=ORACLE_MARK.symbol if oracle else ""),
                *(_mean(result, name) for name in metrics),
            )
        )
    return Table(
        name=f"readings-{slug(target.name)}",
        caption=f"{target.title}: the chosen hidden state, and scores in points, means over languages; metrics with "
        "another name are of other readings",
        columns=(
            Column(key="backbone", title="Backbone", kind="text"),
            Column(key="family", title="Family", kind="family"),
            Column(key="recipe", title="Recipe", kind="text"),
            *((Column(key="seed", title="Seed", kind="text"),) if several else ()),
            Column(key="layer", title="Hidden state", kind="number"),
            Column(key="pooling", title="Pooling", kind="text"),
            Column(key="rule", title="Chosen by", kind="text"),
            Column(key="score", title="Score"),
            *(Column(key=f"metric.{name}", title=metric_words(name), group="Metrics") for name in metrics),
        ),
        rows=tuple(rows),
        notes=mark_notes(rows, {ORACLE_MARK.symbol: ORACLE_MARK.text}),
        miniature=site.frame.miniature,
    )


def _mean(result: Result, name: str) -> Field:
    values = [one.metrics.get(name) for one in result.languages.values()]
    there = [value for value in values if value is not None]
    if len(there) < len(values):
        return Field(value=None, missing=f"{len(there)} of {len(values)} languages have this metric.")
    return Field(value=sum(there) / len(there))


def _look(site: Site, target: TargetInfo, found: list[_Found]) -> Look:
    return Look(
        id=f"table-readings-{slug(target.name)}",
        label=f"{target.title}: chosen readings",
        heads=("backbone", "recipe"),
        rows=tuple(
            RowLook(
                href=row_page(backbone.name, recipe),
                title=backbone.title,
                family=backbone.family,
                recipe=recipe,
                suite=site.board.suite.name,
            )
            for backbone, recipe, _, _ in found
        ),
        sortable=True,
        filters=True,
        strong=frozenset({"score"}),
    )
