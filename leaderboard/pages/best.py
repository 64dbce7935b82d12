"""The best recipe per target, chosen on validation, with its test score and what it gains on having none."""

from __future__ import annotations

from leaderboard.pages.blocks import Section, TableBlock
from leaderboard.pages.columns import STAR_NOTE, all_targets, interval_notes, with_effect
from leaderboard.pages.frame import Site
from leaderboard.pages.look import Look
from leaderboard.pairs import NO_INTERMEDIATE
from leaderboard.statistics import Best, BestChoice
from leaderboard.tables.value import Column, Field, Table

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
            "Chosen on validation rows, never on the test rows that it is scored on; none is among the candidates.",
            "Intervals hold the choice fixed: they do not say how often other validation rows would choose otherwise.",
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
    gain = Field(value=None, missing="The best recipe is none itself.")
    if choice.gain is not None:
        gain = with_effect(choice.gain.value, choice.gain)
    elif choice.recipe != NO_INTERMEDIATE:
        gain = Field(value=None, missing="There is no score of none to take it against.")
    return (
        Field(value=backbone),
        Field(value=target),
        Field(value=choice.recipe),
        Field(value=choice.candidates),
        Field(value=choice.validation),
        Field(value=choice.score.value, low=choice.score.low, high=choice.score.high),
        gain,
    )
