"""``scores.csv`` and ``scores.json``: every cell, in fractions, sorted by name."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from leaderboard.pairs import Difference, MatchedPair
from leaderboard.read import CellKey, ResultsFolder
from leaderboard.results import LanguageResult, Result
from leaderboard.scores import Board, Line, Missing, Row, Score

SCORES_SCHEMA = "codestilts.scores/1"
T = TypeVar("T")

_KEY = ("backbone", "recipe", "target", "seed", "language")
_MEASURES = ("score", "baseline", "rows", "units", "unknown", "truncated", "fertility")


def scores_csv(folder: ResultsFolder, board: Board) -> str:
    """One line a cell and language, and one with an empty language for the mean over languages.

    A cell without a result has one line, whose ``outcome`` is not ``scored``. Columns ``metric.NAME`` hold all metrics.
    """
    results = folder.results.values()
    metrics = sorted({name for result in results for one in result.languages.values() for name in one.metrics})
    lines: list[tuple[CellKey, str, tuple[Any, ...]]] = []
    for key, result in folder.results.items():
        lines.append((key, "", (result.score, *[None] * (len(_MEASURES) - 1 + len(metrics)), "scored")))
        lines.extend((key, name, _measures(one, metrics)) for name, one in result.languages.items())
    nothing = [None] * (len(_MEASURES) + len(metrics))
    lines.extend((missing.cell, "", (*nothing, missing.outcome)) for missing in board.missing())
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow((*_KEY, *_MEASURES, *(f"metric.{name}" for name in metrics), "outcome"))
    writer.writerows((*key, language, *values) for key, language, values in sorted(lines, key=lambda line: line[:2]))
    return text.getvalue()


def _measures(one: LanguageResult, metrics: Sequence[str]) -> tuple[Any, ...]:
    return (*(getattr(one, name) for name in _MEASURES), *(one.metrics.get(name) for name in metrics), "scored")


def scores_json(folder: ResultsFolder, board: Board, pairs: tuple[MatchedPair, ...]) -> str:
    """Means over seeds, groups and targets, differences of matched pairs, every result, and every gap."""
    suite = board.suite
    record: dict[str, Any] = {
        "schema": SCORES_SCHEMA,
        "suite": {
            "name": suite.name,
            "title": suite.title,
            "miniature": suite.miniature,
            "seeds": list(suite.seeds),
            "notes": list(suite.notes),
        },
        "rows": [_row(row) for row in sorted(board.rows, key=lambda row: (row.backbone.name, row.recipe.name))],
        "pairs": [_pair(pair) for pair in sorted(pairs, key=lambda pair: pair.name)],
        "results": [_result(folder.results[key]) for key in sorted(folder.results)],
        "gaps": [_gap(missing) for missing in sorted(board.missing(), key=lambda missing: missing.cell)],
    }
    parts = ",\n".join(f"{_json(name)}: {_lines(record[name])}" for name in sorted(record))
    return f"{{\n{parts}\n}}\n"


def _lines(value: Any) -> str:
    """Write a list with one item per line, for readable diffs, and anything else on one line."""
    if not isinstance(value, list):
        return _json(value)
    return "[" + ",".join(f"\n{_json(item)}" for item in value) + "\n]"


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True, allow_nan=False)


def _line(line: Line[T], cell: Callable[[T], Any]) -> dict[str, Any]:
    return {
        "average": cell(line.average),
        "groups": {name: cell(value) for name, value in line.groups.items()},
        "targets": {name: cell(value) for name, value in line.targets.items()},
    }


def _row(row: Row) -> dict[str, Any]:
    return {
        "backbone": row.backbone.name,
        "family": row.backbone.family,
        "recipe": row.recipe.name,
        **_line(row.scores, _score),
    }


def _score(score: Score) -> dict[str, Any]:
    return {
        "value": score.value,
        "spread": score.spread,
        "over": f"{score.member}s",
        "present": score.present,
        "expected": score.expected,
        "marks": list(score.marks),
    }


def _pair(pair: MatchedPair) -> dict[str, Any]:
    def value(difference: Difference) -> float | None:
        return difference.value

    return {
        "name": pair.name,
        "code": pair.code.name,
        "text": pair.text.name,
        "interval": None,
        "recipes": [
            {
                "recipe": row.recipe.name,
                "code_minus_text": _line(row.difference, value),
                "code_gain_over_none": None if row.code_gain is None else _line(row.code_gain, value),
                "text_gain_over_none": None if row.text_gain is None else _line(row.text_gain, value),
            }
            for row in pair.rows
        ],
    }


def _result(result: Result) -> dict[str, Any]:
    return {
        "backbone": result.backbone,
        "recipe": result.recipe,
        "target": result.target,
        "seed": result.seed,
        "score": result.score,
        "languages": {name: one.score for name, one in result.languages.items()},
    }


def _gap(missing: Missing) -> dict[str, Any]:
    return {
        **missing.cell._asdict(),
        "outcome": missing.outcome,
        "stage": missing.stage,
        "failure": missing.failure,
        "reason": missing.reason,
    }
