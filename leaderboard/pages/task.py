"""A target's page: every row's score in every language, beside what was scored and the baseline."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from leaderboard.languages import LanguageScore, Scored, language_scores
from leaderboard.names import row_id, row_page, task_page
from leaderboard.pages.cells import (
    BASELINE_MARK,
    UNKNOWN_MARK,
    Cell,
    Mark,
    difference_cell,
    legend,
    score_cell,
    spread_text,
)
from leaderboard.pages.frame import Page, Site
from leaderboard.pages.gaps import GapNotes
from leaderboard.pages.targets import target_view
from leaderboard.pairs import MatchedPair, PairRow
from leaderboard.read import ResultsFolder
from leaderboard.results import TargetInfo
from leaderboard.scores import Row, mean
from leaderboard.words import DASH, WITHOUT_INTERVAL, no_mean, points


@dataclass(frozen=True, kw_only=True)
class TaskRow:
    """A row of the table."""

    id: str
    recipe: str
    recipe_title: str
    href: str
    cells: tuple[Cell, ...]


@dataclass(frozen=True, kw_only=True)
class TaskSection:
    """A backbone with its recipes."""

    name: str
    title: str
    family: str
    rows: tuple[TaskRow, ...]


@dataclass(frozen=True, kw_only=True)
class TaskPair:
    """A matched pair on this target: by recipe, both scores, their difference, and the gains."""

    name: str
    code: str
    text: str
    rows: tuple[tuple[str, tuple[Cell, ...]], ...]


def task_page_view(site: Site, target: TargetInfo, scored: Mapping[str, Scored]) -> Page:
    """The page of one target."""
    board, gaps = site.board, site.gaps
    rows = [(row, _cells(site.folder, row, target, gaps)) for row in board.rows]
    missing = [missing for row in board.rows for missing in row.scores.targets[target.name].missing]
    return Page(
        file=task_page(target.name),
        template="task.html",
        values={
            "frame": site.frame,
            "target": target_view(target),
            "own_data": target.trained_on is not None,
            "seeds": ", ".join(str(seed) for seed in board.suite.seeds),
            "several_seeds": len(board.suite.seeds) > 1,
            "languages": target.languages,
            "not_scored": ", ".join(code for code in target.all_languages if code not in target.languages),
            "width": 2 + len(target.languages),
            "facts": _facts(target, scored),
            "sections": _sections(rows),
            "legend": legend(mark for _, cells in rows for cell in cells for mark in cell.marks),
            "pairs": tuple(_pair(pair, target.name, gaps) for pair in site.pairs),
            "without_interval": WITHOUT_INTERVAL,
            "gaps": gaps.notes(missing),
        },
    )


def _sections(rows: Iterable[tuple[Row, tuple[Cell, ...]]]) -> tuple[TaskSection, ...]:
    found: dict[str, tuple[Row, list[TaskRow]]] = {}
    for row, cells in rows:
        backbone, recipe = row.backbone.name, row.recipe.name
        view = TaskRow(
            id=row_id(backbone, recipe),
            recipe=recipe,
            recipe_title=row.recipe.title,
            href=row_page(backbone, recipe),
            cells=cells,
        )
        found.setdefault(backbone, (row, []))[1].append(view)
    return tuple(
        TaskSection(name=name, title=row.backbone.title, family=row.backbone.family, rows=tuple(views))
        for name, (row, views) in found.items()
    )


def _cells(folder: ResultsFolder, row: Row, target: TargetInfo, gaps: GapNotes) -> tuple[Cell, ...]:
    score = row.scores.targets[target.name]
    title = "" if score.value is not None else no_mean(score)
    languages = language_scores(folder, row.backbone.name, row.recipe.name, target)
    return (
        score_cell(score, gaps, css="mean"),
        *(_language_cell(one, title) for one in languages.values()),
    )


def _language_cell(one: LanguageScore, title: str) -> Cell:
    if one.value is None:
        return Cell(text=DASH, css="gap", title=title)
    marks: list[Mark] = []
    if one.mostly_unknown:
        marks.append(UNKNOWN_MARK)
    if one.at_baseline:
        marks.append(BASELINE_MARK)
    return Cell(text=points(one.value), small=spread_text(one.spread), marks=tuple(marks))


def _facts(target: TargetInfo, scored: Mapping[str, Scored]) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """What was scored, one line each: heading, then the mean's column and the languages'."""
    by_language = [scored[language] for language in target.languages]
    baselines = [one.baseline for one in by_language]
    low, high = (mean([None if one is None else one[end] for one in baselines]) for end in (0, 1))
    overall = DASH if low is None or high is None else _range((low, high))
    return (
        ("Rows scored", ("", *(_whole(one.rows) for one in by_language))),
        (f"Units scored ({target.resampling_unit})", ("", *(_whole(one.units) for one in by_language))),
        ("Baseline", (overall, *(_range(one) for one in baselines))),
    )


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


def _pair(pair: MatchedPair, target: str, gaps: GapNotes) -> TaskPair:
    return TaskPair(
        name=pair.name,
        code=pair.code.name,
        text=pair.text.name,
        rows=tuple((row.recipe.name, _pair_cells(row, target, gaps)) for row in pair.rows),
    )


def _pair_cells(row: PairRow, target: str, gaps: GapNotes) -> tuple[Cell, ...]:
    return (
        difference_cell(row.difference.targets[target], css="mean"),
        score_cell(row.code.targets[target], gaps, css="first"),
        score_cell(row.text.targets[target], gaps),
        difference_cell(row.code_gain.targets[target] if row.code_gain else None, css="first"),
        difference_cell(row.text_gain.targets[target] if row.text_gain else None),
    )
