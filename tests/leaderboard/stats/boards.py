"""Results folders with counts per unit, drawn so that scores and counts agree."""

from __future__ import annotations

import json
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

COLUMNS = {"accuracy": ("correct", "rows"), "f1": ("tp", "predicted", "gold"), "squad": ("exact_match", "f1", "rows")}
TARGETS: dict[str, dict[str, Any]] = {
    "xnli": {"group": "classification", "metric": "accuracy", "parallel": True, "trained_on": "mnli", "type": "pair"},
    "panx": {"group": "tagging", "metric": "f1", "parallel": False, "trained_on": "panx", "type": "token_tagging"},
    "xquad": {"group": "qa", "metric": "squad", "parallel": True, "trained_on": "squad", "type": "span_qa"},
    "tydiqa": {"group": "qa", "metric": "squad", "parallel": False, "trained_on": "squad", "type": "span_qa"},
    "tatoeba": {
        "group": "retrieval",
        "metric": "accuracy",
        "parallel": False,
        "trained_on": None,
        "type": "sentence_retrieval",
    },
}
DRAWN = ("xnli", "panx", "xquad", "tatoeba")
LANGUAGES = ("en", "de")
RECIPES = ("none", "mnli", "squad")
BACKBONES = ("base+code", "base+text")


def generator(*names: object) -> np.random.Generator:
    return np.random.default_rng(zlib.crc32("/".join(map(str, names)).encode()))


def write_board(
    folder: Path,
    *,
    backbones: Sequence[str] = BACKBONES,
    recipes: Sequence[str] = RECIPES,
    targets: Sequence[str] = DRAWN,
    languages: Sequence[str] = LANGUAGES,
    seeds: Sequence[int] = (1,),
    units: int = 80,
) -> Path:
    """Write a whole folder. Backbones ``NAME+code`` and ``NAME+text`` are a pair; ``mnli`` helps."""
    _write(folder / "suite.json", suite(backbones, recipes, targets, languages, seeds))
    for backbone in backbones:
        for recipe in recipes:
            for target in targets:
                for seed in seeds:
                    cell = (backbone, recipe, target, seed)
                    _write_cell(folder, cell, languages, units)
    return folder


def suite(
    backbones: Sequence[str],
    recipes: Sequence[str],
    targets: Sequence[str],
    languages: Sequence[str],
    seeds: Sequence[int],
) -> dict[str, Any]:
    """``suite.json``."""
    return {
        "schema": "codestilts.suite-grid/1",
        "name": "drawn",
        "title": "Drawn",
        "description": "Drawn for tests.",
        "miniature": True,
        "backbones": [_backbone(name, backbones) for name in backbones],
        "recipes": [
            {"name": name, "title": name, "tasks": [] if name == "none" else [name], "training": "any"}
            for name in recipes
        ],
        "targets": [
            {
                "name": name,
                "title": name,
                "group": TARGETS[name]["group"],
                "type": TARGETS[name]["type"],
                "metric": TARGETS[name]["metric"],
                "resampling_unit": "paragraph",
                "languages": list(languages),
                "all_languages": list(languages),
                "parallel": TARGETS[name]["parallel"],
                "trained_on": TARGETS[name]["trained_on"],
                "scored_split": "test",
            }
            for name in targets
        ],
        "seeds": list(seeds),
    }


def _backbone(name: str, names: Sequence[str]) -> dict[str, Any]:
    base, _, side = name.partition("+")
    return {
        "name": name,
        "title": name,
        "family": side or "text",
        "pair": {"name": base, "side": side} if side else None,
        "initialised_from": base if side and base in names else None,
        "architecture": "BERT",
        "layers": 2,
        "hidden_size": 64,
        "source": "drawn",
    }


def _write_cell(folder: Path, cell: tuple[str, str, str, int], languages: Sequence[str], units: int) -> None:
    backbone, recipe, target, seed = cell
    ability = 0.3 * (recipe == "mnli") - 0.1 * backbone.endswith("+code") + 0.05 * generator("training", *cell).normal()
    if target == "tatoeba" and recipe == "none":
        ability = -0.1 * backbone.endswith("+code")  # nothing is trained, so all seeds are the same
    own = ("row", backbone, recipe, target) if (target, recipe) == ("tatoeba", "none") else ("row", *cell)
    scores, records = {}, {}
    for language in languages:
        shared = "" if TARGETS[target]["parallel"] else language
        hard = generator("unit", target, shared).normal(size=(units, 1)) + generator("item", target, shared).normal(
            size=(units, 4)
        )
        latent = ability + hard + 0.7 * generator(*own, language).normal(size=(units, 4))
        values = _counts(TARGETS[target]["metric"], latent > 0)
        names = [f"u{number}" for number in range(units)]
        records[language] = dict(zip(names, values.tolist(), strict=True))
        scores[language] = score_of(values)
    path = folder / backbone / recipe / f"{target}-s{seed}.json"
    _write(path, _result(cell, scores, units))
    columns = list(COLUMNS[TARGETS[target]["metric"]])
    _write(
        path.with_name(f"{target}-s{seed}.units.json"),
        {"schema": "codestilts.units/1", "columns": columns, "languages": records},
    )


def _counts(metric: str, right: np.ndarray[Any, np.dtype[np.bool_]]) -> np.ndarray[Any, np.dtype[np.float64]]:
    correct = right.sum(axis=1).astype(float)
    if metric == "accuracy":
        return np.stack([correct, np.full(len(right), 4.0)], axis=1)
    if metric == "squad":
        return np.stack([correct, correct + 0.5 * (correct < 4), np.full(len(right), 4.0)], axis=1)
    return np.stack([correct, correct + (correct < 3), np.full(len(right), 4.0)], axis=1)


def score_of(values: np.ndarray[Any, np.dtype[np.float64]]) -> float:
    """The score of counts of shape (units, columns), by its definition."""
    first, second, *third = values.sum(axis=0)
    match values.shape[1], values[0, -1]:
        case 2, _:
            return float(first / second)
        case _ if np.all(values[:, 1] <= values[:, 2]) and np.any(values[:, 1] != np.round(values[:, 1])):
            return float((first + second) / 2 / third[0])
    return float(2 * first / (second + third[0]))


def _result(cell: tuple[str, str, str, int], scores: dict[str, float], units: int) -> dict[str, Any]:
    backbone, recipe, target, seed = cell
    validation = 0.4 + 0.1 * (recipe == "mnli")
    details = (
        {"chosen_on": {"languages": 2, "score": validation}}
        if TARGETS[target]["trained_on"] is None
        else {"finetune": {"best_epoch": 2, "epochs": [{"value": 0.1}, {"value": validation}]}}
    )
    return {
        "schema": "codestilts.result/1",
        "suite": "drawn",
        "backbone": backbone,
        "recipe": recipe,
        "target": target,
        "seed": seed,
        "score": sum(scores.values()) / len(scores),
        "languages": {
            language: {"score": score, "metrics": {"any": score}, "rows": 4 * units, "units": units}
            for language, score in scores.items()
        },
        "details": details,
    }


def _write(path: Path, record: dict[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(record), encoding="utf-8")
