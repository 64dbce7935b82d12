"""A row's page: every score of one backbone with one recipe, and all that it stands on."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from markupsafe import Markup

from leaderboard.chance import explained_by_chance
from leaderboard.languages import UNKNOWN_LIMIT
from leaderboard.names import row_id, row_page, slug
from leaderboard.pages.backbones import backbone_view
from leaderboard.pages.blocks import Block, Prose, Section, TableBlock
from leaderboard.pages.cells import BASELINE_MARK, ORACLE_MARK, ORACLE_THRESHOLD, OWN_DATA_MARK, UNKNOWN_MARK
from leaderboard.pages.columns import (
    all_targets,
    board_columns,
    group_keys,
    interval_notes,
    mark_notes,
    mean_keys,
    score_fields,
)
from leaderboard.pages.frame import Page, Site
from leaderboard.pages.gap_list import gap_section
from leaderboard.pages.look import DATA, Look
from leaderboard.pages.reading import reading_blocks
from leaderboard.pages.row_provenance import provenance_sections
from leaderboard.pages.task import facts_list
from leaderboard.provenance import results_of, stages_of
from leaderboard.read import CellKey
from leaderboard.results import LanguageResult, Result
from leaderboard.scores import Row
from leaderboard.tables.value import Column, Field, Table
from leaderboard.words import metric_words

Fact = tuple[str, str]
_MARKS = {mark.symbol: mark.text for mark in (OWN_DATA_MARK, ORACLE_MARK, UNKNOWN_MARK, BASELINE_MARK)}


def row_page_view(site: Site, row: Row, home: str, tasks: Mapping[str, str], predictions: str) -> Page:
    """The page of one row.

    Args:
        site: the board.
        row: the row.
        home: the page that holds the row in the main table.
        tasks: the page that holds the row in each target's table.
        predictions: the archive of its predictions, or empty.
    """
    backbone, recipe = row.backbone.name, row.recipe.name
    results = results_of(site.folder, row)
    return Page(
        stem=row_page(backbone, recipe).removesuffix(".html"),
        title=f"{backbone}, {recipe}: {site.frame.title}",
        heading=Markup('<bdi translate="no">{}</bdi> <span class="with">with recipe</span> '
                       '<bdi translate="no">{}</bdi>').format(backbone, recipe),
        lede=_about(row, home),
        sections=(
            _scores(site, row),
            _languages(site, row, results, tasks),
            *_readings(site, results),
            *provenance_sections(site, row, stages_of(results), predictions),
            *_details(results),
            *gap_section(site.gaps.notes(row.scores.average.missing)),
        ),
    )  # fmt: skip


def _about(row: Row, home: str) -> Markup:
    view = backbone_view(row.backbone)
    saw = "; ".join(f"{seen.text} (source: {seen.source})" for seen in view.saw)
    facts = (
        ("Saw", saw or "no known labelled data or code"),
        ("Origin", view.pair),
        (
            "Architecture",
            f"{view.architecture}, layers \N{MULTIPLICATION SIGN} width {view.size}, parameters {view.parameters}",
        ),
        ("Weights from", view.source.text),
        ("Licence", view.licence),
        ("Recipe", row.recipe.title),
        ("Intermediate tasks", ", ".join(row.recipe.tasks) or "none"),
        ("Training", row.recipe.training),
    )
    return Markup(
        '<p><span class="badge {0}">{0}</span> <bdi>{1}</bdi>. <a href="{2}#{3}">Its row on the leaderboard</a></p>\n'
        "{4}"
    ).format(view.family, view.title, home, row_id(row.backbone.name, row.recipe.name), facts_list(facts))


def _scores(site: Site, row: Row) -> Section:
    fields = (Field(value=row.recipe.name), *score_fields(site, row))
    table = Table(
        name="row",
        caption="Scores in points" + (f", with {site.lookup.interval}s" if site.lookup.statistics else ""),
        columns=(Column(key="recipe", title="Recipe", kind="text"), *board_columns(site.board)),
        rows=(fields,),
        notes=(*mark_notes([fields], _MARKS), *interval_notes(site, all_targets(site))),
    )
    look = Look(
        id="table-scores",
        label="Scores",
        heads=("recipe",),
        intervals=frozenset(column.key for column in table.columns),
        firsts=group_keys(site.board),
        strong=mean_keys(site.board),
        downloads=(),
    )
    return Section(id="scores", title="Scores", blocks=(TableBlock(table=table, look=look),))


def _languages(site: Site, row: Row, results: tuple[Result, ...], tasks: Mapping[str, str]) -> Section:
    """Every language of every target and seed, in one table."""
    anchor = row_id(row.backbone.name, row.recipe.name)
    targets = {target.name: target for target in site.board.suite.targets}
    metrics = sorted({name for result in results for one in result.languages.values() for name in one.metrics})
    several = len(site.board.suite.seeds) > 1
    fields = tuple(
        (
            Field(value=targets[result.target].title, href=f"{tasks[result.target]}#{anchor}"),
            Field(value=code),
            *((Field(value=str(result.seed)),) if several else ()),
            *_language(result.languages[code], metrics),
        )
        for result in results
        for code in targets[result.target].languages
    )
    columns = (
        Column(key="target", title="Target", kind="text"),
        Column(key="language", title="Language", kind="text"),
        *((Column(key="seed", title="Seed", kind="number"),) if several else ()),
        Column(key="score", title="Score"),
        Column(key="baseline", title="Baseline"),
        *(Column(key=f"metric.{name}", title=metric_words(name), group="Metrics") for name in metrics),
        Column(key="rows", title="Rows", kind="number", group="Scored"),
        Column(key="units", title="Units", kind="number", group="Scored"),
        Column(key="unknown", title="Unknown pieces", kind="share", group="Tokenizer"),
        Column(key="truncated", title="Truncated rows", kind="share", group="Tokenizer"),
        Column(key="fertility", title="Pieces a word", kind="number", group="Tokenizer"),
    )
    table = Table(
        name=anchor,
        caption=f"{row.backbone.name} with recipe {row.recipe.name}: scores by target and language, in points",
        columns=columns,
        rows=fields,
        notes=mark_notes(fields, _MARKS),
        miniature=site.frame.miniature,
    )
    look = Look(
        id="table-languages",
        label="Scores by target and language",
        heads=("target", "language"),
        sortable=True,
        strong=frozenset({"score"}),
        firsts=frozenset({f"metric.{metrics[0]}" if metrics else "rows", "rows", "unknown"}),
        downloads=DATA,
    )
    return Section(id="languages", title="By target and language", blocks=(TableBlock(table=table, look=look),))


def _language(one: LanguageResult, metrics: list[str]) -> Iterator[Field]:
    mark = UNKNOWN_MARK.symbol if (one.unknown or 0.0) > UNKNOWN_LIMIT else ""
    if one.baseline is not None and explained_by_chance(one.score, one.baseline, one.units):
        mark += BASELINE_MARK.symbol
    yield Field(value=one.score, mark=mark)
    yield Field(value=one.baseline)
    yield from (Field(value=one.metrics.get(name)) for name in metrics)
    yield from (Field(value=value) for value in (one.rows, one.units, one.unknown, one.truncated, one.fertility))


def _readings(site: Site, results: tuple[Result, ...]) -> tuple[Section, ...]:
    titles = {target.name: target.title for target in site.board.suite.targets}
    blocks: list[Block] = []
    for result in results:
        title = titles[result.target]
        if len(site.board.suite.seeds) > 1:
            title += f", seed {result.seed}"
        key = f"{slug(result.target)}-s{result.seed}"
        blocks += reading_blocks(
            result.details, title, key, miniature=site.frame.miniature, oracle=ORACLE_THRESHOLD in result.marks
        )
    if not blocks:
        return ()
    return (Section(id="readings", title="Readings of the encoder", blocks=tuple(blocks)),)


def _details(results: Iterable[Result]) -> tuple[Section, ...]:
    """Everything else that the results say, folded away."""
    blocks: list[Block] = []
    for result in results:
        facts = flatten(result.details)
        rest = flatten({name: value for name, value in result.provenance.items() if name != "stages"})
        key = CellKey(result.backbone, result.recipe, result.target, result.seed)
        if facts or rest:
            blocks.append(
                Prose(
                    html=Markup("<details><summary><bdi>{}</bdi>, seed {}</summary>\n{}</details>\n").format(
                        key.target, key.seed, facts_table((*facts, *rest), f"Details of {key.target}, seed {key.seed}")
                    )
                )
            )
    if not blocks:
        return ()
    return (Section(id="details", title="Details of every result", blocks=tuple(blocks)),)


def facts_table(facts: Iterable[Fact], caption: str) -> Markup:
    """Names and values as a table."""
    rows = Markup("").join(
        Markup('<tr><th scope="row"><bdi>{}</bdi></th><td><bdi>{}</bdi></td></tr>\n').format(name, value)
        for name, value in facts
    )
    return Markup(
        '<div class="scroll" role="region" aria-label="{0}" tabindex="0">\n<table class="facts" translate="no">\n'
        "<caption><div>{0}</div></caption>\n<tbody>\n{1}</tbody>\n</table>\n</div>\n"
    ).format(caption, rows)


def flatten(record: Mapping[str, Any]) -> tuple[Fact, ...]:
    """A JSON object as (dotted path, value) pairs, sorted by key on each level.

    Lists of plain values stay whole, and so do lists of those, such as a curve's points.
    """
    facts: list[Fact] = []
    stack: list[tuple[str, Any]] = [("", dict(record))]
    while stack:
        path, value = stack.pop()
        if isinstance(value, dict) and value:
            dot = f"{path}." if path else ""
            stack.extend((f"{dot}{name}", value[name]) for name in sorted(value, reverse=True))
        elif isinstance(value, list) and any(map(_nested, value)):
            stack.extend((f"{path}[{number}]", value[number]) for number in reversed(range(len(value))))
        elif path:
            facts.append((path, _plain(value)))
    return tuple(facts)


def _nested(item: Any) -> bool:
    """Whether an item of a list needs lines of its own."""
    return isinstance(item, dict) or (isinstance(item, list) and any(isinstance(one, dict | list) for one in item))


def _plain(value: Any) -> str:
    if isinstance(value, str):
        return value
    if type(value) in (int, float):  # as JSON has them; by far the most frequent, and no encoder is needed for them
        return repr(value)
    if isinstance(value, list):
        between = "; " if any(isinstance(item, list) for item in value) else ", "
        return between.join(map(_plain, value)) or "(empty)"
    return json.dumps(value) if value != {} else "(empty)"
