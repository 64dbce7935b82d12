"""Gains of intermediate tasks: a matrix per backbone, and the effect of code on them for every pair."""

from __future__ import annotations

from collections.abc import Callable

from markupsafe import Markup

from leaderboard.effects import (
    ComparedPair,
    compared_pairs,
    contrast_effect,
    difference,
    rows_by_name,
)
from leaderboard.lookup import Place, places
from leaderboard.names import slug
from leaderboard.pages.best_recipes import best_sections, pooled_sections
from leaderboard.pages.blocks import Block, Section, TableBlock, paragraphs
from leaderboard.pages.cells import OWN_DATA_MARK
from leaderboard.pages.columns import (
    STAR_NOTE,
    WITHOUT_STATISTICS,
    all_targets,
    board_columns,
    effect_field,
    group_keys,
    interaction_field,
    interval_notes,
    mark_notes,
    mean_keys,
)
from leaderboard.pages.frame import Page, Site, heading
from leaderboard.pages.look import Look, RowLook
from leaderboard.results import BASELINE_RECIPE, BackboneInfo, RecipeInfo
from leaderboard.tables.value import Column, Field, Table

_OWN = {OWN_DATA_MARK.symbol: OWN_DATA_MARK.text}


def gains_page(site: Site) -> Page:
    """Return the page of gains and of the effect of code on them."""
    recipes = [recipe for recipe in site.board.suite.recipes if recipe.name != BASELINE_RECIPE]
    known = len(recipes) < len(site.board.suite.recipes)
    pairs = compared_pairs(site.board, site.pairs, site.lookup)
    sections = []
    if known and recipes:
        sections += [_pair_section(site, pair, recipes) for pair in pairs]
        sections += pooled_sections(site)
        sections += [_gain_section(site, backbone, recipes) for backbone in site.board.suite.backbones]
        sections += best_sections(site)
    sections += [_contrast_section(site, pair) for pair in pairs]
    sections.append(_how(site, known=known))
    return Page(
        stem="gains",
        title=f"Gains of intermediate tasks: {site.frame.title}",
        heading=heading("Gains of intermediate tasks"),
        lede=Markup(
            '<p class="lede">Each number is a difference in points. First come the effects of code on the gain of an '
            "intermediate task, then the gains, one matrix per backbone. "
            '<a href="#how">Methods of intervals and tests</a>.</p>\n'
        ),
        sections=tuple(sections),
    )


def _how(site: Site, *, known: bool) -> Section:
    blocks: list[Block] = []
    if not known:
        texts: tuple[str, ...] = ("The suite has no recipe none, so there are no gains.",)
    elif site.lookup.statistics is None:
        texts = (WITHOUT_STATISTICS,)
    else:
        method = site.lookup.statistics.method
        texts = method.words + tuple(
            f"{name}: {' '.join(target.words)} {target.caution}".strip()
            for name, target in method.targets.items()
            if target.words or target.caution
        )
        blocks += [_families(site)]
    blocks.insert(0, paragraphs(*filter(None, texts)))
    return Section(id="how", title="How to read the matrices", blocks=tuple(blocks))


def _families(site: Site) -> TableBlock:
    assert site.lookup.statistics is not None
    families = [one for one in site.lookup.statistics.families.values() if one.tests]
    table = Table(
        name="families",
        caption="Families of tests: p-values are corrected together within each",
        columns=(
            Column(key="family", title="Family", kind="text"),
            Column(key="tests", title="Tests", kind="number"),
            Column(key="method", title="Corrected by", kind="text"),
        ),
        rows=tuple((Field(value=one.words), Field(value=one.tests), Field(value=one.method)) for one in families),
        miniature=site.frame.miniature,
    )
    return TableBlock(table=table, look=Look(id="families", label="Families of tests", heads=("family",)))


def _matrix(
    site: Site,
    recipes: list[RecipeInfo],
    cell: Callable[[str, Place], Field],
    *,
    name: str,
    caption: str,
    label: str,
    tested: bool,
) -> TableBlock:
    fields = tuple(
        (Field(value=recipe.name), *(cell(recipe.name, place) for place in places(site.board))) for recipe in recipes
    )
    marks = mark_notes(fields, _OWN)
    table = Table(
        name=name,
        caption=caption,
        columns=(
            Column(key="recipe", title="Intermediate task", kind="text"),
            *board_columns(site.board, kind="difference"),
        ),
        rows=fields,
        notes=(STAR_NOTE, *marks, *interval_notes(site, all_targets(site))) if tested else marks,
        miniature=site.frame.miniature,
    )
    look = Look(
        id=name,
        label=label,
        heads=("recipe",),
        rows=tuple(RowLook(title=recipe.title) for recipe in recipes),
        shade="difference",
        intervals=frozenset(column.key for column in table.columns),
        firsts=group_keys(site.board),
        strong=mean_keys(site.board),
    )
    return TableBlock(table=table, look=look)


def _gain_section(site: Site, backbone: BackboneInfo, recipes: list[RecipeInfo]) -> Section:
    rows = rows_by_name(site.board)
    name = backbone.name

    def cell(recipe: str, place: Place) -> Field:
        mark = _own_mark(site, name, recipe, place)
        found = difference(rows, (name, recipe), (name, BASELINE_RECIPE), place)
        return effect_field(found, site.lookup.gain(name, recipe, place), mark=mark)

    key = f"gains-{slug(name)}"
    block = _matrix(
        site,
        recipes,
        cell,
        name=key,
        caption=f"{name} with each intermediate task minus {name} without, in points",
        label=f"Gains of {name}",
        tested=bool(site.lookup.gains),
    )
    return Section(id=f"section-{key}", title=f"Gains of {name}", blocks=(block,))


def _own_mark(site: Site, backbone: str, recipe: str, place: Place) -> str:
    own = site.lookup.own.get((backbone, recipe), ()) or _own(site, backbone, recipe)
    return OWN_DATA_MARK.symbol if place.kind == "target" and place.name in own else ""


def _own(site: Site, backbone: str, recipe: str) -> tuple[str, ...]:
    row = rows_by_name(site.board)[backbone, recipe]
    return tuple(name for name, score in row.scores.targets.items() if "own-training-data" in score.marks)


def _pair_section(site: Site, pair: ComparedPair, recipes: list[RecipeInfo]) -> Section:
    rows = rows_by_name(site.board)

    def cell(recipe: str, place: Place) -> Field:
        mark = _own_mark(site, pair.code.name, recipe, place)
        return interaction_field(rows, pair, recipe, place, mark=mark)

    key = f"interaction-{slug(pair.name)}"
    block = _matrix(
        site,
        recipes,
        cell,
        name=key,
        caption=f"Gain of {pair.code.name} minus gain of {pair.text.name}, in points: above zero, the task "
        f"helps more with code. {pair.title}.",
        label=f"Effect of code on the gains, {pair.title}",
        tested=pair.statistics is not None,
    )
    return Section(id=f"section-{key}", title=f"Effect of code: {pair.title}", blocks=(block,))


def _contrast_section(site: Site, pair: ComparedPair) -> Section:
    rows = rows_by_name(site.board)

    def cell(recipe: str, place: Place) -> Field:
        found = difference(rows, (pair.code.name, recipe), (pair.text.name, recipe), place)
        mark = _own_mark(site, pair.code.name, recipe, place)
        return effect_field(found, contrast_effect(pair, recipe, place), mark=mark)

    key = f"contrast-{slug(pair.name)}"
    block = _matrix(
        site,
        list(site.board.suite.recipes),
        cell,
        name=key,
        caption=f"{pair.code.name} minus {pair.text.name} under the same recipe, in points. {pair.title}.",
        label=f"Code minus text, {pair.title}",
        tested=pair.statistics is not None,
    )
    return Section(id=f"section-{key}", title=f"Code minus text: {pair.title}", blocks=(block,))
