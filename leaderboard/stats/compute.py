"""The statistics of a results folder."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from pydantic_core import from_json

from leaderboard.collection import uncollected
from leaderboard.json_text import layered_json
from leaderboard.read import CellKey, ResultsFolder, read_results
from leaderboard.results import UNITS_SCHEMA
from leaderboard.statistics import (
    LANGUAGES_FILE,
    LANGUAGES_SCHEMA,
    STATISTICS_FILE,
    STATISTICS_SCHEMA,
    LanguageStatistics,
    Statistics,
)
from leaderboard.stats.board import Board
from leaderboard.stats.counts import CountsBuilder
from leaderboard.stats.design import Design
from leaderboard.stats.report import Reporter
from leaderboard.stats.settings import Settings
from leaderboard.stats.validation import validation_score
from tasks.errors import UserError

Report = Callable[[float, str], None]


def of_folder(results: Path, settings: Settings, report: Report) -> tuple[Statistics, LanguageStatistics]:
    """Compute the statistics of the results that are in a folder.

    Args:
        results: the folder, with counts per unit of every result.
        settings: resamples and the like.
        report: called with the progress.

    Raises:
        UserError: a file is not as it should be, or there is no result at all; the file is named.
    """
    with uncollected():
        return _of_folder(results, settings, report)


def _of_folder(results: Path, settings: Settings, report: Report) -> tuple[Statistics, LanguageStatistics]:
    report(0.0, "reading results")
    folder = read_results(results)
    if not folder.results:
        raise UserError("there are no results, so no statistics", where=str(results), remedy="run a suite first")
    board = Board(Design.of(folder.suite), settings)
    targets = board.design.targets
    for number, target in enumerate(targets):
        report(0.9 * number / len(targets), target.name)
        builder = CountsBuilder(
            name=target.name,
            languages=target.languages,
            joint=target.joint,
            rows=len(board.design.rows()),
            seeds=len(board.design.seeds),
        )
        _read_target(results, folder, builder, board.design)
        if (counts := builder.build()) is not None:
            board.add(counts)
    report(0.9, "means, ranks and families")
    board.close()
    teller = Reporter(board)
    found = teller.statistics(validation_scores(folder, board.design)), teller.languages()
    report(1.0, "done")
    return found


def write(statistics: Statistics, languages: LanguageStatistics, folder: Path) -> None:
    """Write both files, omitting default values."""
    for name, schema, depth, model in (
        (STATISTICS_FILE, STATISTICS_SCHEMA, 3, statistics),
        (LANGUAGES_FILE, LANGUAGES_SCHEMA, 3, languages),
    ):
        record = {"schema": schema, **model.model_dump(mode="json", exclude_defaults=True)}
        (folder / name).write_text(layered_json(record, depth) + "\n", encoding="utf-8", newline="\n")


def validation_scores(folder: ResultsFolder, design: Design) -> dict[tuple[int, str], float]:
    """Means over seeds by row and target, where every seed has one."""
    found: dict[tuple[int, str], float] = {}
    for row, (backbone, recipe) in enumerate(design.rows()):
        for target in design.targets:
            results = [folder.results.get(CellKey(backbone, recipe, target.name, seed)) for seed in design.seeds]
            scores = [None if result is None else validation_score(result) for result in results]
            there = [score for score in scores if score is not None]
            if len(there) == len(scores):
                found[row, target.name] = sum(there) / len(there)
    return found


def _read_target(results: Path, folder: ResultsFolder, builder: CountsBuilder, design: Design) -> None:
    for row, (backbone, recipe) in enumerate(design.rows()):
        for place, seed in enumerate(design.seeds):
            key = CellKey(backbone, recipe, builder.name, seed)
            if (result := folder.results.get(key)) is None:
                continue
            path = key.units_path()
            scores = {language: one.score for language, one in result.languages.items()}
            builder.add(row, place, read_units(results, path), scores, where=str(path))


def read_units(results: Path, path: Path) -> Mapping[str, Any]:
    """A file of counts, ``path`` relative to ``results``.

    Its shape alone is checked: there are millions of numbers, and the sums are checked anyway.

    Raises:
        UserError: it is not there, not JSON, or of another schema.
    """
    try:
        record = from_json((results / path).read_bytes(), allow_inf_nan=False)
    except (OSError, ValueError, ValidationError) as error:
        raise UserError(
            f"no readable counts ({error})", where=str(path), remedy="restore it, or score again"
        ) from error
    if not isinstance(record, dict) or record.get("schema") != UNITS_SCHEMA:
        raise UserError(f"not of schema {UNITS_SCHEMA}", where=f"{path}, field schema", remedy="score it again")
    if not isinstance(record.get("columns"), list) or not isinstance(record.get("languages"), dict):
        raise UserError("it lacks columns or languages", where=str(path), remedy="score it again")
    return record
