"""Two tables of the gains page: the best recipe per target, and the mean over pairs."""

from __future__ import annotations

from leaderboard.lookup import Place, of_columns, places
from leaderboard.pages.blocks import Section, TableBlock, paragraphs
from leaderboard.pages.columns import (
    STAR_NOTE,
    all_targets,
    board_columns,
    group_keys,
    interval_notes,
    mean_keys,
    with_effect,
)
from leaderboard.pages.frame import Site
from leaderboard.pages.look import Look
from leaderboard.results import BASELINE_RECIPE
from leaderboard.statistics import Best, BestChoice, PooledRecipe
from leaderboard.tables.value import Column, Field, Table

_WORDS = {"contrast": "Code minus text", "interaction": "Effect of code on the gain"}


def pooled_sections(site: Site) -> tuple[Section, ...]:
    """One section a kind of pair and measure; nothing where pairs are too few, which is said."""
    statistics = site.lookup.statistics
    if statistics is None or not site.lookup.pairs:
        return ()
    if not statistics.pooled:
        text = "There are fewer than three pairs of each kind, so none are pooled; they are listed separately."
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
        notes=("Tests of pooled means are not corrected for multiple tests; intervals are given, but no stars.",),
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


_NAME = "best-per-target"
_ALL = "mean over all targets"


def best_sections(site: Site) -> tuple[Section, ...]:
    """One table over all backbones; nothing where no recipe could be chosen."""
    rows = [row for best in site.lookup.best for row in _rows(site, best)]
    if not rows:
        return ()
    table = Table(
        name=_NAME,
        caption="Best recipe per target, chosen by validation score, and its test score and gain in points",
        columns=(
            Column(key="backbone", title="Backbone", kind="text"),
            Column(key="target", title="Target", kind="text"),
            Column(key="recipe", title="Best recipe", kind="text"),
            Column(key="candidates", title="Chosen among", kind="number"),
            Column(key="validation", title="Validation"),
            Column(key="score", title="Test"),
            Column(key="gain", title="Test minus none", kind="difference"),
        ),
        rows=tuple(rows),
        notes=(
            "Chosen on validation rows, not on test rows; none is among the candidates.",
            "Intervals hold the choice fixed: they do not cover its variation over validation rows.",
            STAR_NOTE,
            *interval_notes(site, all_targets(site)),
        ),
        miniature=site.frame.miniature,
    )
    look = Look(
        id=_NAME,
        label="Best recipe per target",
        heads=("backbone", "target"),
        intervals=frozenset({"score", "gain"}),
    )
    return (
        Section(id=f"section-{_NAME}", title="Best recipe per target", blocks=(TableBlock(table=table, look=look),)),
    )


def _rows(site: Site, best: Best) -> list[tuple[Field, ...]]:
    chosen = [(target.name, best.targets.get(target.name)) for target in site.board.suite.targets]
    rows = [_row(best.backbone, name, choice) for name, choice in chosen if choice is not None]
    if best.gain is not None:
        dash = Field(value=None)
        gain = with_effect(best.gain.value, best.gain)
        rows.append((Field(value=best.backbone), Field(value=_ALL), *[dash] * 4, gain))
    return rows


def _row(backbone: str, target: str, choice: BestChoice) -> tuple[Field, ...]:
    gain = Field(value=None, missing="The best recipe is none.")
    if choice.gain is not None:
        gain = with_effect(choice.gain.value, choice.gain)
    elif choice.recipe != BASELINE_RECIPE:
        gain = Field(value=None, missing="There is no score of none to compare with.")
    return (
        Field(value=backbone),
        Field(value=target),
        Field(value=choice.recipe),
        Field(value=choice.candidates),
        Field(value=choice.validation),
        Field(value=choice.score.value, low=choice.score.low, high=choice.score.high),
        gain,
    )
