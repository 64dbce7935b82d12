"""What a suite consists of: its backbones, recipes and targets, as tables of words."""

from __future__ import annotations

from leaderboard.pages.backbones import backbone_view
from leaderboard.pages.blocks import Section, TableBlock
from leaderboard.pages.frame import Site
from leaderboard.pages.look import Look, RowLook
from leaderboard.pages.targets import target_view
from leaderboard.tables.value import Column, Field, Table


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
        caption="What each backbone is, and which labelled or code data it is known to have seen",
        columns=columns,
        rows=tuple(rows),
        miniature=site.frame.miniature,
    )
    return _section(table, "Backbones")


def _recipes(site: Site) -> Section:
    table = Table(
        name="recipes",
        caption="What each backbone is trained on, in English, before the targets",
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
        caption="What is scored, and how. Languages are those scored here of those that XTREME scores",
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
