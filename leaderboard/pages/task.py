"""The page of a target: every row's score in every language, the scored items and the baseline."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from markupsafe import Markup

from leaderboard.effects import (
    ComparedPair,
    compared_pairs,
    contrast_effect,
    difference,
    rows_by_name,
)
from leaderboard.languages import LanguageScore, Scored, language_scores
from leaderboard.lookup import Place
from leaderboard.names import slug, task_page
from leaderboard.pages.blocks import Block, Section, TableBlock, paragraphs, prose
from leaderboard.pages.cells import BASELINE_MARK, ORACLE_MARK, OWN_DATA_MARK, UNKNOWN_MARK
from leaderboard.pages.columns import (
    STAR_NOTE,
    WITHOUT_STATISTICS,
    effect_field,
    interaction_field,
    interval_notes,
    mark_notes,
    score_field,
)
from leaderboard.pages.frame import Page, Site, heading
from leaderboard.pages.gap_list import gap_section
from leaderboard.pages.index import row_look, sorted_rows
from leaderboard.pages.look import Look
from leaderboard.pages.targets import target_view
from leaderboard.results import BASELINE_RECIPE, TargetInfo
from leaderboard.scores import Row, mean
from leaderboard.tables.value import Column, Field, Table
from leaderboard.words import DASH, no_mean, points

#: Letters beyond which a fact does not stand beside others.
_LONG = 100
_MARKS = {mark.symbol: mark.text for mark in (OWN_DATA_MARK, ORACLE_MARK, UNKNOWN_MARK, BASELINE_MARK)}


def task_page_view(site: Site, target: TargetInfo, scored: Mapping[str, Scored]) -> Page:
    """The page of one target."""
    missing = [missing for row in site.board.rows for missing in row.scores.targets[target.name].missing]
    return Page(
        stem=task_page(target.name).removesuffix(".html"),
        title=f"{target.title}: {site.frame.title}",
        heading=heading(target.title),
        lede=_summary(target),
        sections=(
            _scores(site, target),
            _what(site, target, scored),
            *_pairs(site, target),
            *gap_section(site.gaps.notes(missing)),
        ),
    )


def _summary(target: TargetInfo) -> Markup:
    view = target_view(target)
    facts = (
        ("Group", view.group), ("Metric", view.metric), ("Split scored", view.split), ("Training set", view.training),
        ("Languages", view.languages), ("Resampling unit", view.unit), ("Data", view.data),
    )  # fmt: skip
    html = facts_list(facts)
    not_scored = ", ".join(code for code in target.all_languages if code not in target.languages)
    if not_scored:
        html += Markup("<p>XTREME also scores <bdi>{}</bdi>; this suite does not.</p>\n").format(not_scored)
    return html


def facts_list(facts: Iterable[tuple[str, object]]) -> Markup:
    """Format names and values as a compact list; long values get their own line."""
    items = Markup("").join(
        Markup("<div{}><dt>{}</dt><dd><bdi>{}</bdi></dd></div>\n").format(
            Markup(' class="long"') if len(str(value)) > _LONG else "", name, value
        )
        for name, value in facts
    )
    return Markup('<dl class="summary">\n{}</dl>\n').format(items)


def _scores(site: Site, target: TargetInfo) -> Section:
    rows = sorted_rows(site)
    seeds = ", ".join(str(seed) for seed in site.board.suite.seeds)
    several = len(site.board.suite.seeds) > 1
    intro = "The first column of numbers is the mean over the languages. "
    intro += f"Each score is the mean over seeds {seeds}." if several else f"Seed: {seeds}."
    blocks: list[Block] = [paragraphs(intro)]
    if target.trained_on is not None:
        blocks.append(
            prose(
                "<p>The target is fine-tuned on the English training set <bdi>{}</bdi>. Where a recipe's intermediate "
                "training already includes that set, its score is marked † (own training data): its gain comes from "
                "more training on the target, not from transfer.</p>\n",
                target.trained_on,
            )
        )
    blocks.append(
        prose(
            '<p>By language family, with tokenizer statistics: <a href="{}">languages of this target</a>.</p>\n',
            languages_file(target.name),
        )
    )
    fields = tuple(_fields(site, row, target) for row in rows)
    table = Table(
        name=f"task-{slug(target.name)}",
        caption=f"{target.title}: scores in points by backbone, recipe and language",
        columns=(
            Column(key="backbone", title="Backbone", kind="text"),
            Column(key="family", title="Family", kind="family"),
            Column(key="recipe", title="Recipe", kind="text"),
            Column(key="mean", title="Mean"),
            *(Column(key=f"language.{code}", title=code) for code in target.languages),
        ),
        rows=fields,
        notes=(*mark_notes(fields, _MARKS), *interval_notes(site, [target.name])),
        miniature=site.frame.miniature,
    )
    look = Look(
        id="scores",
        label="Scores by language",
        heads=("backbone", "recipe"),
        rows=tuple(row_look(site, row) for row in rows),
        sortable=True,
        filters=True,
        intervals=frozenset({"mean"}),
        firsts=frozenset({"mean"}),
        strong=frozenset({"mean"}),
    )
    blocks.append(TableBlock(table=table, look=look))
    return Section(id="by-language", title="Scores by language", blocks=tuple(blocks))


def languages_file(target: str) -> str:
    """The file name of a target's languages."""
    return f"languages-{slug(target)}.html"


def _fields(site: Site, row: Row, target: TargetInfo) -> tuple[Field, ...]:
    score = row.scores.targets[target.name]
    why = "" if score.value is not None else no_mean(score)
    found = language_scores(site.folder, row.backbone.name, row.recipe.name, target)
    return (
        Field(value=row.backbone.name),
        Field(value=row.backbone.family),
        Field(value=row.recipe.name),
        score_field(site, row, Place("target", target.name)),
        *(language_field(one, why) for one in found.values()),
    )


def language_field(one: LanguageScore, why: str) -> Field:
    """A score in one language with its marks."""
    if one.value is None:
        return Field(value=None, missing=why)
    mark = (UNKNOWN_MARK.symbol if one.mostly_unknown else "") + (BASELINE_MARK.symbol if one.at_baseline else "")
    return Field(value=one.value, mark=mark, sd=one.spread)


def _what(site: Site, target: TargetInfo, scored: Mapping[str, Scored]) -> Section:
    """Scored items, one line each: heading, then the languages."""
    by_language = [scored[language] for language in target.languages]
    baselines = [one.baseline for one in by_language]
    low, high = (mean([None if one is None else one[end] for one in baselines]) for end in (0, 1))
    overall = DASH if low is None or high is None else _range((low, high))
    lines = (
        ("Rows scored", "", [_whole(one.rows) for one in by_language]),
        (f"Units scored ({target.resampling_unit})", "", [_whole(one.units) for one in by_language]),
        ("Baseline", overall, [_range(one) for one in baselines]),
    )
    table = Table(
        name=f"scored-{slug(target.name)}",
        caption=f"{target.title}: scored units, and the score of a baseline that ignores the input, in points",
        columns=(
            Column(key="what", title="What", kind="text"),
            Column(key="mean", title="Mean", kind="number"),
            *(Column(key=f"language.{code}", title=code, kind="number") for code in target.languages),
        ),
        rows=tuple(
            (Field(value=what), Field(value=overall or None), *(Field(value=value) for value in values))
            for what, overall, values in lines
        ),
        miniature=site.frame.miniature,
    )
    look = Look(id="table-scored", label="Scored items", heads=("what",))
    return Section(id="scored", title="Scored items", blocks=(TableBlock(table=table, look=look),))


def _whole(least_most: tuple[int, int] | None) -> str:
    if least_most is None:
        return DASH
    least, most = least_most
    return f"{least:,}" if least == most else f"{least:,} to {most:,}"


def _range(least_most: tuple[float, float] | None) -> str:
    if least_most is None:
        return DASH
    least, most = points(least_most[0]), points(least_most[1])
    return least if least == most else f"{least} to {most}"


def _pairs(site: Site, target: TargetInfo) -> tuple[Section, ...]:
    pairs = compared_pairs(site.board, site.pairs, site.lookup)
    if not pairs:
        return ()
    said = paragraphs(
        "Effect of code: the gain of the code backbone over its own recipe none, minus that of its text twin."
        if site.lookup.statistics
        else WITHOUT_STATISTICS
    )
    blocks: list[Block] = [said, *(_pair(site, pair, target) for pair in pairs)]
    return (Section(id="differences", title="Code minus text", blocks=tuple(blocks)),)


def _pair(site: Site, pair: ComparedPair, target: TargetInfo) -> TableBlock:
    rows, place = rows_by_name(site.board), Place("target", target.name)
    code, text = pair.code.name, pair.text.name
    fields = []
    with_none = any(recipe.name == BASELINE_RECIPE for recipe in site.board.suite.recipes)
    for recipe in site.board.suite.recipes:
        name = recipe.name
        gains: tuple[Field, ...] = (Field(value=None),) * 3
        if with_none and name != BASELINE_RECIPE:
            gains = (
                *(
                    effect_field(
                        difference(rows, (side, name), (side, BASELINE_RECIPE), place),
                        site.lookup.gain(side, name, place),
                    )
                    for side in (code, text)
                ),
                interaction_field(rows, pair, name, place),
            )
        fields.append(
            (
                Field(value=name),
                effect_field(difference(rows, (code, name), (text, name), place), contrast_effect(pair, name, place)),
                score_field(site, rows[code, name], place),
                score_field(site, rows[text, name], place),
                *gains,
            )
        )
    key = f"pair-{slug(target.name)}-{slug(pair.name)}"
    table = Table(
        name=key,
        caption=f"{pair.title}, {target.title}: in points, by recipe",
        columns=(
            Column(key="recipe", title="Recipe", kind="text"),
            Column(key="contrast", title="Code minus text", kind="difference"),
            Column(key="code", title="+code", group="Score"),
            Column(key="text", title="+text", group="Score"),
            Column(key="gain_code", title="+code", kind="difference", group="Gain over recipe none"),
            Column(key="gain_text", title="+text", kind="difference", group="Gain over recipe none"),
            Column(key="interaction", title="Code adds", kind="difference", group="Gain over recipe none"),
        ),
        rows=tuple(fields),
        notes=(STAR_NOTE, *mark_notes(fields, _MARKS), *interval_notes(site, [target.name]))
        if pair.statistics
        else mark_notes(fields, _MARKS),
        miniature=site.frame.miniature,
    )
    look = Look(
        id=key,
        label=f"Code minus text, pair {pair.name}",
        heads=("recipe",),
        intervals=frozenset({"contrast", "gain_code", "gain_text", "interaction"}),
        firsts=frozenset({"code", "gain_code"}),
        strong=frozenset({"contrast"}),
    )
    return TableBlock(table=table, look=look)
