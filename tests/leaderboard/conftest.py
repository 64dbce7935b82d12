"""A small results folder: two matched pairs and a base, three recipes, four targets, gaps, and hostile names."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

HOSTILE = "<script>alert(1)<script>'\"><img src=x onerror=alert(1)>"  # all but a slash
RIGHT_TO_LEFT = "بايثون+text"
LONG = "a-very-long-recipe-name-" + "x" * 80
HOSTILE_TITLE = '</title></table><script>alert("title")</script>{{ 7*7 }} \u202e' + "wide" * 100

TARGETS: dict[str, dict[str, Any]] = {
    "xnli": {"group": "classification", "metric": "accuracy", "languages": ["en", "de", "zh"], "trained_on": "mnli"},
    "panx": {"group": "tagging", "metric": "f1", "languages": ["en", "de"], "trained_on": "panx"},
    "xquad": {"group": "qa", "metric": "qa", "languages": ["en", "zh"], "trained_on": "squad"},
    "tatoeba": {"group": "retrieval", "metric": "accuracy", "languages": ["de", "zh"], "trained_on": None},
}
RECIPES = ("none", "squad", LONG)
#: name, family, pair name and side.
BACKBONES: tuple[tuple[str, str, tuple[str, str] | None], ...] = (
    ("base", "text", None),
    ("base+code", "code", ("base", "code")),
    ("base+text", "text", ("base", "text")),
    (HOSTILE, "code", ("hostile", "code")),
    (RIGHT_TO_LEFT, "mixed", ("hostile", "text")),
)
FAILED = ("base+code", "squad", "xnli")
BLOCKED = ("base+code", "squad", "panx")
ABSENT = ("base", LONG, "tatoeba")
REASON = 'CUDA ran out of memory </li><script>alert("reason")</script>'


def fraction(*parts: object) -> float:
    """A number between 0 and 1 that looks random and is the same on every machine."""
    digest = hashlib.sha256("/".join(map(str, parts)).encode()).digest()
    return int.from_bytes(digest[:4], "big") / 2**32


def suite_record(seeds: tuple[int, ...]) -> dict[str, Any]:
    """``suite.json``."""
    return {
        "schema": "codestilts.suite-grid/1",
        "name": "test",
        "title": "Test & <suite>",
        "description": "A grid for tests.",
        "miniature": True,
        "backbones": [
            {
                "name": name,
                "title": HOSTILE_TITLE if name == HOSTILE else f"Title of {name}",
                "family": family,
                "saw": [
                    {"what": "CodeSearchNet", "source": "https://example.org/paper"},
                    {"what": "SNLI", "source": "javascript:alert(1)"},
                ]
                if family == "code"
                else [],
                "pair": {"name": pair[0], "side": pair[1]} if pair else None,
                "initialised_from": "base" if pair else None,
                "architecture": "BERT",
                "layers": 6,
                "hidden_size": 384,
                "parameters": 22_713_216,
                "source": "example/base at 1a2b3c",
            }
            for name, family, pair in BACKBONES
        ],
        "recipes": [
            {"name": name, "title": f"Recipe {name}", "tasks": [] if name == "none" else [name], "training": "standard"}
            for name in RECIPES
        ],
        "targets": [
            {
                "name": name,
                "title": name.upper(),
                "group": target["group"],
                "type": "any",
                "metric": target["metric"],
                "resampling_unit": "paragraph",
                "languages": target["languages"],
                "all_languages": [*target["languages"], "sw"],
                "parallel": name == "xnli",
                "trained_on": target["trained_on"],
                "scored_split": "validation" if name == "xquad" else "test",
            }
            for name, target in TARGETS.items()
        ],
        "seeds": list(seeds),
        "notes": ["The validation split stands in for the test split of XQUAD.", "<b>Note</b> & more"],
    }


def result_record(backbone: str, recipe: str, target: str, seed: int) -> dict[str, Any]:
    """One result file; Chinese is mostly unknown to the code backbones, and German XNLI is below its baseline."""
    family = next(family for name, family, _ in BACKBONES if name == backbone)
    languages = {
        language: {
            "score": (
                score := 0.2
                if (target, language) == ("xnli", "de")
                else 0.3 + 0.6 * fraction(backbone, recipe, target, seed, language)
            ),
            "metrics": {"accuracy": score, "exact_match": score / 2},
            "rows": 4000,
            "units": 1000,
            "baseline": 1 / 3 if target == "xnli" else None,
            "unknown": 0.41 if family == "code" and language == "zh" else 0.002,
            "truncated": 0.05,
            "fertility": 1.4,
        }
        for language in TARGETS[target]["languages"]
    }
    return {
        "schema": "codestilts.result/1",
        "suite": "test",
        "backbone": backbone,
        "recipe": recipe,
        "target": target,
        "seed": seed,
        "score": sum(one["score"] for one in languages.values()) / len(languages),
        "languages": languages,
        "marks": ["own-training-data"] if (recipe, target) == ("squad", "xquad") else [],
        "details": {"best_epoch": 2, "curve": [0.1, 0.2], "layers": [{"layer": 1, "score": 0.5}], "note": REASON},
        "provenance": {"versions": {"torch": "2.13.0"}, "keys": {"score": fraction(backbone, recipe, target).hex()}},
    }


def gap_records(seeds: tuple[int, ...]) -> list[dict[str, Any]]:
    """Two of the three missing cells, at the last seed; the third has no record."""
    causes = {FAILED: ("failed", "finetune", "out-of-memory", REASON), BLOCKED: ("blocked", "finetune", "blocked", "x")}
    return [
        {
            "backbone": backbone,
            "recipe": recipe,
            "target": target,
            "seed": seeds[-1],
            "outcome": outcome,
            "stage": stage,
            "failure": failure,
            "reason": reason,
        }
        for (backbone, recipe, target), (outcome, stage, failure, reason) in causes.items()
    ]


def write_json(path: Path, record: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(record, ensure_ascii=False), encoding="utf-8")


def write_results(folder: Path, seeds: tuple[int, ...] = (1,)) -> Path:
    """Write the whole folder."""
    write_json(folder / "suite.json", suite_record(seeds))
    write_json(folder / "gaps.json", {"schema": "codestilts.gaps/1", "gaps": gap_records(seeds)})
    for backbone, _, _ in BACKBONES:
        for recipe in RECIPES:
            for target in TARGETS:
                for seed in seeds:
                    if seed == seeds[-1] and (backbone, recipe, target) in {FAILED, BLOCKED, ABSENT}:
                        continue
                    path = folder / backbone / recipe / f"{target}-s{seed}.json"
                    write_json(path, result_record(backbone, recipe, target, seed))
                    write_json(path.with_name(f"{target}-s{seed}.units.json"), {"schema": "codestilts.units/1"})
    return folder


@pytest.fixture
def results(tmp_path: Path) -> Path:
    """The folder with one seed."""
    return write_results(tmp_path / "results")


@pytest.fixture(scope="session")
def shared_results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same folder, once, for tests that only read it."""
    return write_results(tmp_path_factory.mktemp("shared") / "results")


@pytest.fixture
def two_seeds(tmp_path: Path) -> Path:
    """The folder with two seeds; the gaps are at the second."""
    return write_results(tmp_path / "results", seeds=(1, 2))


@pytest.fixture
def edit(results: Path) -> Callable[[str, Callable[[dict[str, Any]], Any]], Path]:
    """Change one file of ``results`` in place."""

    def change(name: str, how: Callable[[dict[str, Any]], Any]) -> Path:
        path = results / name
        record = json.loads(path.read_text(encoding="utf-8"))
        how(record)
        write_json(path, record)
        return results

    return change
