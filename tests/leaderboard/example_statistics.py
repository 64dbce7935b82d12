"""Statistics for the small results folder of ``conftest``: of the right shape, with made-up numbers."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from leaderboard.results import SuiteGrid
from leaderboard.statistics import LANGUAGES_FILE, STATISTICS_FILE

Make = Callable[..., dict[str, Any]]


def made_up(*parts: object) -> float:
    """A number between -0.5 and 0.5 that looks random and is the same on every machine."""
    value = 0
    for character in "/".join(map(str, parts)):
        value = (value * 131 + ord(character)) % 1_000_003
    return value / 1_000_003 - 0.5


def estimate(*parts: object, kind: str = "items") -> dict[str, Any]:
    value = round(0.5 + 0.6 * made_up("score", *parts), 4)
    return {"value": value, "se": 0.01, "low": value - 0.02, "high": value + 0.02, "df": 120.0, "kind": kind, "why": ""}


def effect(*parts: object, family: str, kind: str = "items") -> dict[str, Any]:
    value = round(0.1 * made_up("effect", *parts), 4)
    found = abs(value) > 0.02
    return {
        "value": value,
        "se": 0.01,
        "low": value - 0.02,
        "high": value + 0.02,
        "df": 120.0,
        "p": 0.001 if found else 0.4,
        "adjusted": 0.02 if found else 1.0,
        "family": family,
        "decision": "significant" if found else "not-detected",
        "kind": kind,
        "why": "",
    }


def write_statistics(results: Path) -> Path:
    """Write both files beside the ``suite.json`` that is there."""
    suite = SuiteGrid.model_validate_json((results / "suite.json").read_bytes())
    kind = "items+seeds" if len(suite.seeds) > 1 else "items"
    targets = {target.name: target for target in suite.targets}
    groups = list(dict.fromkeys(target.group for target in suite.targets))
    families: dict[str, Any] = {}
    language_families: dict[str, Any] = {}

    def columns(make: Make, *parts: object, family: str | None = None) -> dict[str, Any]:
        def one(level: str, name: str) -> dict[str, Any]:
            if family is None:
                return make(*parts, level, name, kind=kind)
            full = f"{family}: {level}"
            families.setdefault(full, _family(full, "holm"))["tests"] += 1
            return make(*parts, level, name, kind=kind, family=full)

        return {
            "average": one("average", ""),
            "groups": {name: one("groups", name) for name in groups},
            "targets": {name: one("targets", name) for name in targets},
        }

    def languages(make: Make, *parts: object, family: str | None = None) -> dict[str, Any]:
        more = {}
        if family is not None:
            full = f"{family}: languages"
            language_families.setdefault(full, _family(full, "benjamini-hochberg"))
            more = {"family": full}
        return {
            name: {language: make(*parts, name, language, kind=kind, **more) for language in target.languages}
            for name, target in targets.items()
        }

    grid = [(backbone.name, recipe.name) for backbone in suite.backbones for recipe in suite.recipes]
    trained = [(backbone, recipe) for backbone, recipe in grid if recipe != "none"]
    pairs = _pairs(suite)
    recipes = [recipe.name for recipe in suite.recipes]
    gaining = [name for name in recipes if name != "none"]

    def gains(line: Callable[..., dict[str, Any]]) -> list[dict[str, Any]]:
        return [
            {"backbone": one, "recipe": two, "effects": line(effect, one, two, family=f"gains of {one}")}
            for one, two in trained
        ]

    def pair_records(line: Callable[..., dict[str, Any]]) -> list[dict[str, Any]]:
        return [
            {"name": name, "kind": "matched"}
            | {
                f"{what}s": [
                    {"recipe": recipe, "effects": line(effect, name, what, recipe, family=f"{what}s of {name}")}
                    for recipe in chosen
                ]
                for what, chosen in (("contrast", recipes), ("interaction", gaining))
            }
            for name in pairs
        ]

    own = {target.trained_on: target.name for target in suite.targets if target.trained_on}
    method = {
        "confidence": 0.95,
        "level": 0.05,
        "resamples": 2000,
        "flips": 100_000,
        "seed": 1,
        "seeds": list(suite.seeds),
        "kind": kind,
        "words": ["Made up for tests."],
        "targets": {
            name: {
                "unit": target.resampling_unit,
                "units": dict.fromkeys(target.languages, 1000),
                "joint": target.parallel,
                "words": [],
                "caution": "Intervals are too narrow at this size." if target.group == "retrieval" else "",
            }
            for name, target in targets.items()
        },
    }
    main: dict[str, Any] = {
        "schema": "codestilts.statistics/1",
        "suite": suite.name,
        "method": method,
        "rows": [{"backbone": one, "recipe": two, "scores": columns(estimate, one, two)} for one, two in grid],
        "gains": [
            gain | {"own_training_data": [own[gain["recipe"]]] if gain["recipe"] in own else []}
            for gain in gains(columns)
        ],
        "pairs": [record | pairs[record["name"]] for record in pair_records(columns)],
        "pooled": [],
        "ranks": {
            "average": _ranking(grid, "average", kind),
            "groups": {name: _ranking(grid, name, kind) for name in groups},
            "targets": {name: _ranking(grid, name, kind) for name in targets},
        },
        "best": [
            {
                "backbone": backbone.name,
                "targets": {
                    name: {
                        "recipe": gaining[0],
                        "validation": 0.5,
                        "candidates": len(recipes),
                        "score": estimate(backbone.name, gaining[0], "targets", name, kind=kind),
                        "gain": effect(backbone.name, gaining[0], "targets", name, family="", kind=kind),
                    }
                    for name in targets
                },
                "gain": effect(backbone.name, "best", family="", kind=kind),
            }
            for backbone in suite.backbones
        ],
        "families": families,
        "missing": [{"what": "pooled", "where": "matched pairs", "why": "There are 2 pairs; pooling needs three."}],
    }
    by_language: dict[str, Any] = {
        "schema": "codestilts.language-statistics/1",
        "suite": suite.name,
        "rows": [{"backbone": one, "recipe": two, "scores": languages(estimate, one, two)} for one, two in grid],
        "gains": gains(languages),
        "pairs": pair_records(languages),
        "families": language_families,
    }
    for name, record in ((STATISTICS_FILE, main), (LANGUAGES_FILE, by_language)):
        (results / name).write_text(json.dumps(record, ensure_ascii=False), encoding="utf-8")
    return results


def _family(name: str, method: str) -> dict[str, Any]:
    return {"name": name, "method": method, "tests": 0, "words": "made up"}


def _pairs(suite: SuiteGrid) -> dict[str, dict[str, str]]:
    sides: dict[str, dict[str, str]] = {}
    for backbone in suite.backbones:
        if backbone.pair:
            sides.setdefault(backbone.pair.name, {})[backbone.pair.side] = backbone.name
    return {name: pair for name, pair in sides.items() if len(pair) == 2}


def _ranking(grid: Sequence[tuple[str, str]], column: str, kind: str) -> dict[str, Any]:
    """Two rows a tie group; every other neighbour is told apart."""
    values = [(0.5 + 0.6 * made_up("score", *row, column), row) for row in grid]
    rows = [
        {
            "backbone": row[0],
            "recipe": row[1],
            "value": value,
            "rank": number,
            "low": max(1, number - 2),
            "high": min(len(grid), number + 2),
            "group": (number + 1) // 2,
            "separable": None if number == 1 else number % 2 == 1,
        }
        for number, (value, row) in enumerate(sorted(values, reverse=True), start=1)
    ]
    told = sum(row["separable"] is True for row in rows)
    return {"rows": rows, "neighbours": len(rows) - 1, "separable": told, "kind": kind}
