"""Means over pairs, where there are three or more of a kind."""

from __future__ import annotations

from leaderboard.lookup import Place, of_columns, places
from leaderboard.pages.blocks import Section, TableBlock, paragraphs
from leaderboard.pages.columns import board_columns, group_keys, mean_keys
from leaderboard.pages.frame import Site
from leaderboard.pages.look import Look
from leaderboard.statistics import PooledRecipe
from leaderboard.tables.value import Column, Field, Table

_WORDS = {"contrast": "Code minus text", "interaction": "What code adds to the gain"}


def pooled_sections(site: Site) -> tuple[Section, ...]:
    """One section a kind of pair and measure; nothing where pairs are too few, which is said."""
    statistics = site.lookup.statistics
    if statistics is None or not site.lookup.pairs:
        return ()
    if not statistics.pooled:
        text = "There are fewer than three pairs of a kind, so none are pooled: they stand one by one."
        return (Section(id="pooled", title="All pairs together", blocks=(paragraphs(text),)),)
    found: dict[tuple[str, str], list[PooledRecipe]] = {}
    for one in statistics.pooled:
        found.setdefault((one.kind, one.measure), []).append(one)
    return tuple(_section(site, kind, measure, recipes) for (kind, measure), recipes in found.items())


def _section(site: Site, kind: str, measure: str, recipes: list[PooledRecipe]) -> Section:
    key = f"pooled-{kind}-{measure}"
    words = "matched pairs" if kind == "matched" else "public pairs, not compute-matched"
    table = Table(
        name=key,
        caption=f"{_WORDS[measure]}, mean over {words}: points, Hartung-Knapp random effects, {site.lookup.interval}s",
        columns=(
            Column(key="recipe", title="Recipe", kind="text"),
            Column(key="pairs", title="Pairs", kind="number"),
            *board_columns(site.board, kind="difference"),
        ),
        rows=tuple(
            (
                Field(value=one.recipe),
                Field(value=len(one.pairs)),
                *(_field(one, place) for place in places(site.board)),
            )
            for one in recipes
        ),
        notes=("The tests of pooled means are not corrected for how many there are; intervals are given, no stars.",),
        miniature=site.frame.miniature,
    )
    look = Look(
        id=key,
        label=f"{_WORDS[measure]}, {words} together",
        heads=("recipe",),
        shade="difference",
        intervals=frozenset(column.key for column in table.columns),
        firsts=group_keys(site.board) | {"average"},
        strong=mean_keys(site.board),
    )
    title = f"{_WORDS[measure]}: all {words} together"
    return Section(id=f"section-{key}", title=title, blocks=(TableBlock(table=table, look=look),))


def _field(one: PooledRecipe, place: Place) -> Field:
    found = of_columns(one.effects, place)
    if found is None:
        return Field(value=None, missing="Fewer than three pairs have this difference.")
    return Field(value=found.value, low=found.low, high=found.high)
