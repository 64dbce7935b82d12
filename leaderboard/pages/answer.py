"""The first page's answer (the effect of code in each pair), and its notes on how to read the board."""

from __future__ import annotations

from collections.abc import Iterator

from leaderboard.effects import ComparedPair, compared_pairs, contrast_effect, difference, rows_by_name
from leaderboard.findings import finding
from leaderboard.lookup import AVERAGE
from leaderboard.names import slug
from leaderboard.pages.backbones import backbone_view
from leaderboard.pages.blocks import Block, Section, TableBlock, prose
from leaderboard.pages.columns import STAR_NOTE, all_targets, effect_field, interaction_field, interval_notes
from leaderboard.pages.frame import Site
from leaderboard.pages.look import Look, RowLook
from leaderboard.pages.targets import target_view
from leaderboard.results import BASELINE_RECIPE
from leaderboard.scores import AT_BASELINE
from leaderboard.tables.value import Column, Field, Table
from leaderboard.words import WITHOUT_INTERVAL, isolated, pair_sentences


def about_sections(site: Site) -> tuple[Section, ...]:
    """Backbones, recipes, targets."""
    return (_backbones(site), _recipes(site), _targets(site))


def _words(*titles: str) -> tuple[Column, ...]:
    return tuple(Column(key=title.lower().replace(" ", "_"), title=title, kind="text") for title in titles)


def _section(table: Table, title: str, rows: tuple[RowLook, ...] = ()) -> Section:
    look = Look(id=f"table-{table.name}", label=title, heads=(table.columns[0].key,), rows=rows, words=True)
    return Section(id=table.name, title=title, blocks=(TableBlock(table=table, look=look),))


def _backbones(site: Site) -> Section:
    rows = []
    for backbone in site.board.suite.backbones:
        view = backbone_view(backbone)
        saw = "; ".join(f"{seen.text} (source: {seen.source})" for seen in view.saw) or "nothing known"
        rows.append(
            (
                Field(value=view.name), Field(value=view.family),
                Field(value=view.title), Field(value=saw), Field(value=view.pair),
                Field(value=view.architecture), Field(value=view.size), Field(value=view.parameters),
                Field(value=view.source.text, href=view.source.href), Field(value=view.licence),
            )
        )  # fmt: skip
    columns = _words(
        "Backbone",
        "Family",
        "Title",
        "Saw",
        "Origin",
        "Architecture",
        "Layers x width",
        "Parameters",
        "Weights from",
        "Licence",
    )
    columns = (columns[0], Column(key="family", title="Family", kind="family"), *columns[2:])
    table = Table(
        name="backbones",
        caption="Backbones, with the labelled and code data that each is known to have seen",
        columns=columns,
        rows=tuple(rows),
        miniature=site.frame.miniature,
    )
    return _section(table, "Backbones")


def _recipes(site: Site) -> Section:
    table = Table(
        name="recipes",
        caption="Recipes: the English intermediate training before the targets",
        columns=_words("Recipe", "Title", "Intermediate tasks", "Training"),
        rows=tuple(
            (
                Field(value=recipe.name), Field(value=recipe.title),
                Field(value=", ".join(recipe.tasks) or "none"), Field(value=recipe.training),
            )
            for recipe in site.board.suite.recipes
        ),
        miniature=site.frame.miniature,
    )  # fmt: skip
    return _section(table, "Recipes")


def _targets(site: Site) -> Section:
    views = [target_view(target) for members in site.board.groups.values() for target in members]
    table = Table(
        name="targets",
        caption="Targets. Languages are those scored here, of those that XTREME scores",
        columns=_words(
            "Target", "Group", "Metric", "Languages", "Split scored", "Training set", "Resampling unit", "Data"
        ),
        rows=tuple(
            tuple(
                Field(value=text)
                for text in (
                    view.title, view.group, view.metric, view.languages, view.split, view.training, view.unit, view.data
                )
            )
            for view in views
        ),
        miniature=site.frame.miniature,
    )  # fmt: skip
    return _section(table, "Targets", tuple(RowLook(href=view.href) for view in views))


_MATCHED = (
    "<p>Two backbones of a matched pair start from the same weights and take the same training steps on equally many "
    "tokens; only the text differs: code or English. So their difference is the effect of code, or chance.</p>\n"
)
_UNMATCHED = (
    "<p>This suite has no complete matched pair, so it cannot isolate the effect of code: other pairs of backbones "
    "differ in more than their text.</p>\n"
)
_MORE = (
    '<p>The differences cell by cell, with intervals and tests: <a href="gains.html">gains of the intermediate '
    'tasks</a>. Tests of the paper\'s claims: <a href="claims.html">claims</a>.</p>\n'
)


def answer_section(site: Site) -> Section:
    """A sentence a pair, then how it depends on the intermediate task for the matched ones."""
    pairs = compared_pairs(site.board, site.pairs, site.lookup)
    matched = [pair for pair in pairs if pair.kind == "matched"]
    blocks: list[Block] = [block for pair in pairs for block in _sentences(site, pair)]
    if len(site.board.suite.recipes) > 1:
        blocks += [_by_recipe(site, pair) for pair in matched]
    blocks.append(prose(_MATCHED if matched else _UNMATCHED))
    if pairs:
        blocks.append(prose(_MORE))
    return Section(id="answer", title="Does pretraining on code help or hurt?", blocks=tuple(blocks))


def _sentences(site: Site, pair: ComparedPair) -> Iterator[Block]:
    suite = site.board.suite
    if pair.statistics is not None:
        recipes, targets = ([one.name for one in some] for some in (suite.recipes, suite.targets))
        text = finding(pair, recipes, targets, site.lookup.interval)
    else:
        known = next(one for one in site.pairs if one.name == pair.name)
        text = " ".join((*pair_sentences(known, len(suite.targets)), WITHOUT_INTERVAL))
    yield prose(
        '<p class="sentence finding"><strong><bdi translate="no">{}</bdi></strong><br><bdi>{}</bdi></p>\n',
        pair.title,
        text,
    )
    if silent := _silent(site, pair):
        yield prose(
            "<p><bdi>{}</bdi>: neither side is above the baseline in any language, whatever the recipe. These targets "
            "cannot show an effect of code; averages over all targets include them nevertheless.</p>\n",
            ", ".join(map(isolated, silent)),
        )


def _silent(site: Site, pair: ComparedPair) -> list[str]:
    """Return the titles of targets on which both sides are at the baseline with every recipe."""
    rows = [row for row in site.board.rows if row.backbone.name in (pair.code.name, pair.text.name)]
    return [
        target.title
        for target in site.board.suite.targets
        if all(AT_BASELINE in row.scores.targets[target.name].marks for row in rows)
    ]


def _by_recipe(site: Site, pair: ComparedPair) -> TableBlock:
    rows, recipes = rows_by_name(site.board), site.board.suite.recipes
    with_none = any(recipe.name == BASELINE_RECIPE for recipe in recipes)
    fields = []
    for recipe in recipes:
        sides = difference(rows, (pair.code.name, recipe.name), (pair.text.name, recipe.name), AVERAGE)
        added = Field(value=None)
        if with_none and recipe.name != BASELINE_RECIPE:
            added = interaction_field(rows, pair, recipe.name, AVERAGE)
        contrast = effect_field(sides, contrast_effect(pair, recipe.name, AVERAGE))
        fields.append((Field(value=recipe.name), contrast, added))
    key = f"answer-{slug(pair.name)}"
    table = Table(
        name=key,
        caption=f"{pair.title}, on average over all targets, in points, by intermediate task",
        columns=(
            Column(key="recipe", title="Intermediate task", kind="text"),
            Column(key="contrast", title="Code minus text", kind="difference"),
            Column(key="interaction", title="Effect of code on the gain over none", kind="difference"),
        ),
        rows=tuple(fields),
        notes=(STAR_NOTE, *interval_notes(site, all_targets(site))) if pair.statistics else (),
        miniature=site.frame.miniature,
    )
    look = Look(
        id=key,
        label=f"Code minus text by intermediate task, {pair.title}",
        heads=("recipe",),
        rows=tuple(RowLook(title=recipe.title) for recipe in recipes),
        shade="difference",
        intervals=frozenset({"contrast", "interaction"}),
    )
    return TableBlock(table=table, look=look)
