"""A row's page: every score of one backbone with one recipe, with details and provenance."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from leaderboard.languages import UNKNOWN_LIMIT, explained_by_chance
from leaderboard.names import row_id, row_page, slug, task_page
from leaderboard.pages.backbones import backbone_view
from leaderboard.pages.cells import BASELINE_MARK, UNKNOWN_MARK, Cell, Mark, legend, score_cell, spread_text
from leaderboard.pages.columns import group_heads, line_cells
from leaderboard.pages.frame import Page, Site
from leaderboard.pages.reading import ReadingView, reading_view
from leaderboard.read import CellKey, ResultsFolder
from leaderboard.results import LanguageResult, Result, TargetInfo
from leaderboard.scores import Row
from leaderboard.words import DASH, percent, points

Fact = tuple[str, str]


@dataclass(frozen=True, kw_only=True)
class LanguageRow:
    """One language at one seed."""

    seed: str
    language: str
    score: Cell
    metrics: tuple[str, ...]
    baseline: str
    rows: str
    units: str
    unknown: str
    truncated: str
    fertility: str


@dataclass(frozen=True, kw_only=True)
class Extras:
    """Details of one result, and what its provenance has beyond the row's common part."""

    seed: str
    details: tuple[Fact, ...]
    provenance: tuple[Fact, ...]


@dataclass(frozen=True, kw_only=True)
class TargetSection:
    """One target of the row."""

    id: str
    name: str
    title: str
    href: str
    metric: str
    split: str
    score: Cell
    metrics: tuple[str, ...]
    languages: tuple[LanguageRow, ...]
    readings: tuple[ReadingView, ...]
    extras: tuple[Extras, ...]


def row_page_view(site: Site, row: Row) -> Page:
    """The page of one row."""
    folder, board, gaps = site.folder, site.board, site.gaps
    results = _results(folder, row)
    provenances = {key: flatten(result.provenance) for key, result in results.items()}
    common = _common(provenances.values())
    sections = tuple(
        _section(site, row, target, provenances, common) for members in board.groups.values() for target in members
    )
    return Page(
        file=row_page(row.backbone.name, row.recipe.name),
        template="row.html",
        values={
            "frame": site.frame,
            "anchor": row_id(row.backbone.name, row.recipe.name),
            "backbone": backbone_view(row.backbone),
            "recipe": row.recipe,
            "recipe_tasks": ", ".join(row.recipe.tasks) or "none",
            "heads": group_heads(board),
            "cells": line_cells(
                board,
                row.scores,
                lambda score, column: score_cell(score, gaps, css=column.css, href=column.href),
            ),
            "several_seeds": len(board.suite.seeds) > 1,
            "sections": sections,
            "common": common,
            "legend": legend(_marks(sections)),
            "gaps": gaps.notes(row.scores.average.missing),
        },
    )


def _results(folder: ResultsFolder, row: Row) -> dict[CellKey, Result]:
    keys = [
        CellKey(row.backbone.name, row.recipe.name, target.name, seed)
        for target in folder.suite.targets
        for seed in folder.suite.seeds
    ]
    return {key: folder.results[key] for key in keys if key in folder.results}


def _marks(sections: Iterable[TargetSection]) -> Iterable[Mark]:
    for section in sections:
        yield from section.score.marks
        for language in section.languages:
            yield from language.score.marks


def _section(
    site: Site,
    row: Row,
    target: TargetInfo,
    provenances: Mapping[CellKey, tuple[Fact, ...]],
    common: tuple[Fact, ...],
) -> TargetSection:
    folder = site.folder
    keys = [CellKey(row.backbone.name, row.recipe.name, target.name, seed) for seed in folder.suite.seeds]
    results = {key: folder.results[key] for key in keys if key in folder.results}
    metrics = tuple(
        sorted({name for result in results.values() for one in result.languages.values() for name in one.metrics})
    )
    shared = frozenset(common)
    return TargetSection(
        id=f"target-{slug(target.name)}",
        name=target.name,
        title=target.title,
        href=f"{task_page(target.name)}#{row_id(row.backbone.name, row.recipe.name)}",
        metric=target.metric,
        split=target.scored_split,
        score=score_cell(row.scores.targets[target.name], site.gaps),
        metrics=metrics,
        languages=tuple(
            _language(key.seed, language, result.languages[language], metrics)
            for key, result in results.items()
            for language in target.languages
        ),
        readings=tuple(
            view for key, result in results.items() if (view := reading_view(key.seed, result.details)) is not None
        ),
        extras=tuple(
            Extras(
                seed=str(key.seed),
                details=flatten(result.details),
                provenance=tuple(fact for fact in provenances[key] if fact not in shared),
            )
            for key, result in results.items()
        ),
    )


def _language(seed: int, language: str, one: LanguageResult, metrics: tuple[str, ...]) -> LanguageRow:
    marks = []
    if (one.unknown or 0.0) > UNKNOWN_LIMIT:
        marks.append(UNKNOWN_MARK)
    if one.baseline is not None and explained_by_chance(one.score, one.baseline, one.units):
        marks.append(BASELINE_MARK)
    return LanguageRow(
        seed=str(seed),
        language=language,
        score=Cell(text=points(one.score), small=spread_text(None), marks=tuple(marks), css="mean"),
        metrics=tuple(points(one.metrics[name]) if name in one.metrics else DASH for name in metrics),
        baseline=DASH if one.baseline is None else points(one.baseline),
        rows=f"{one.rows:,}",
        units=f"{one.units:,}",
        unknown=DASH if one.unknown is None else percent(one.unknown),
        truncated=DASH if one.truncated is None else percent(one.truncated),
        fertility=DASH if one.fertility is None else f"{one.fertility:.2f}",
    )


def _common(provenances: Iterable[tuple[Fact, ...]]) -> tuple[Fact, ...]:
    """The facts that all results of a row share, in the order of the first."""
    found = list(provenances)
    if not found:
        return ()
    shared = frozenset(found[0]).intersection(*(frozenset(facts) for facts in found[1:]))
    return tuple(fact for fact in found[0] if fact in shared)


def flatten(record: Mapping[str, Any]) -> tuple[Fact, ...]:
    """A JSON object as (dotted path, value) pairs, sorted by key on each level; lists of plain values stay whole."""
    facts: list[Fact] = []
    stack: list[tuple[str, Any]] = [("", dict(record))]
    while stack:
        path, value = stack.pop()
        if isinstance(value, dict) and value:
            dot = f"{path}." if path else ""
            stack.extend((f"{dot}{name}", value[name]) for name in sorted(value, reverse=True))
        elif isinstance(value, list) and any(isinstance(item, dict | list) for item in value):
            stack.extend((f"{path}[{number}]", value[number]) for number in reversed(range(len(value))))
        elif path:
            facts.append((path, _plain(value)))
    return tuple(facts)


def _plain(value: Any) -> str:
    if isinstance(value, str):
        return value
    if type(value) in (int, float):  # as JSON has them; by far the most frequent, and no encoder is needed for them
        return repr(value)
    if isinstance(value, list):
        return ", ".join(_plain(item) for item in value) or "(empty)"
    return json.dumps(value) if value != {} else "(empty)"
