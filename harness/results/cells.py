"""One cell of a suite's results: read from what its stages left, with where its number comes from."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, Protocol

from harness.data.suite_rows import SuiteRows
from harness.files import read_json
from harness.plan.data_params import PREPARE, MadeParams, TranslatedParams, read_params
from harness.plan.params import FinetuneParams, IntermediateParams
from harness.plan.stage import Cell, Phase, Stage
from harness.plan.stats import ScoredCell
from harness.specs.model import SpecModel
from harness.specs.training import ModelTask
from harness.store.artifacts import StoredArtifact
from leaderboard.json_text import layered_json
from leaderboard.results import (
    LanguageResult,
    Result,
    Units,
)
from leaderboard.stats.validation import validation_score
from tasks.scoring import UNITS, LanguageScore, read_result

OWN_TRAINING_DATA = "own-training-data"
ORACLE_THRESHOLD = "oracle-threshold"
NOT_BIT_REPRODUCIBLE = "not-bit-reproducible"
STAGES_SCHEMA = "codestilts.stages/1"


class Artifacts(Protocol):
    """What :class:`CellReader` needs of a store: artifacts by key."""

    def folder(self, key: str) -> Path:
        """Where an artifact lies or would lie."""
        ...

    def look(self, key: str) -> StoredArtifact:
        """What is there."""
        ...


class CellReader:
    """Reads what the stages of a cell left.

    Args:
        rows: those that the suite reads.
        stages: at least those behind the cells, by key, inputs before what reads them.
        artifacts: what they left.
    """

    def __init__(self, rows: SuiteRows, stages: Mapping[str, Stage], artifacts: Artifacts) -> None:
        self._rows = rows
        self._resolved = rows.resolved
        self._store = artifacts
        self._stages = stages
        self._links: dict[str, dict[str, Any]] = {}

    def result(self, cell: Cell, *, baseline: bool) -> Result:
        """One result; ``baseline`` says whether the target's baseline is there."""
        scored = read_result(self._store.folder(cell.score))
        trivial = read_result(self._store.folder(cell.baseline)) if baseline else None
        encoding = self._json(cell.predictions, "encoding.json")
        languages = {
            language: _language(entry, encoding.get(language), trivial["languages"][language] if trivial else None)
            for language, entry in scored["languages"].items()
        }
        details = self._details(cell)
        return Result(
            suite=self._resolved.spec.name,
            backbone=cell.backbone,
            recipe=cell.recipe,
            target=cell.target,
            seed=cell.seed,
            score=scored["score"],
            languages=languages,
            marks=self._marks(cell, details),
            details=details,
            provenance=self._provenance(cell),
        )

    def identities(self) -> dict[str, Any]:
        """What every stage behind a result is the key of, once each: for ``codestilts diff``."""
        return {key: self._stages[key].identity() for key in sorted(self._links)}

    def scored(self, cell: Cell, result: Result) -> ScoredCell:
        """What statistics read of it."""
        return ScoredCell(
            name=f"{cell.backbone}/{cell.recipe}/{cell.target}-s{cell.seed}",
            digest=self._link(cell.score)["digest"],
            validation=validation_score(result),
        )

    def units(self, cell: Cell) -> Units:
        """Its counts."""
        return Units.model_validate(self._json(cell.score, UNITS))

    def _marks(self, cell: Cell, details: Mapping[str, Any]) -> tuple[str, ...]:
        recipe = next(recipe for recipe in self._resolved.recipes if recipe.name == cell.recipe)
        task = self._resolved.tasks[cell.target]
        found = []
        if task.trained_on in recipe.tasks:
            found.append(OWN_TRAINING_DATA)
        if task.type == "bitext_mining" and self._rows.tuning(task.name) == "scored":
            found.append(ORACLE_THRESHOLD)
        if _ran_out_of_memory(details):
            found.append(NOT_BIT_REPRODUCIBLE)  # memory ran out, and sums of smaller parts round otherwise
        return tuple(found)

    def _details(self, cell: Cell) -> dict[str, Any]:
        details: dict[str, Any] = {}
        extra = self._store.folder(cell.predictions) / "details.json"
        if extra.is_file():
            details |= read_json(extra)
        for key in self._ancestry(cell.score):
            stage = self._stages[key]
            if stage.phase in (Phase.FINETUNE, Phase.INTERMEDIATE, Phase.PRETRAIN):
                details[stage.phase.value] = self._json(key, "training.json")
            if stage.phase is Phase.PREPARE:
                params = read_params(PREPARE, stage.params)
                if isinstance(params, TranslatedParams | MadeParams):
                    details.setdefault("translated", {})[params.task.name] = self._json(key, "report.json")
        details["training_recipe"] = {
            "name": self._resolved.training.name,
            "title": self._resolved.training.title,
            "differs": self._differences(cell),
        }
        return details

    def _differences(self, cell: Cell) -> dict[str, Any]:
        """Where the training departed from its recipe: by phase and key, the recipe's value and the one used."""
        recipe = self._resolved.training
        found: dict[str, dict[str, Any]] = {}
        for key in self._ancestry(cell.score):
            stage = self._stages[key]
            phase: Literal["intermediate", "finetune"]
            tasks: tuple[ModelTask, ...]
            said = {"device": recipe.device, "precision": recipe.precision}
            used = stage.environment.to_json()
            if stage.phase is Phase.FINETUNE:
                finetune = FinetuneParams.read(stage.params, stage.name)
                phase, tasks, hyper = "finetune", (finetune.task,), finetune.hyper
            elif stage.phase is Phase.INTERMEDIATE:
                params = IntermediateParams.read(stage.params, stage.name)
                phase, tasks, hyper = "intermediate", params.tasks, params.hyper
                if len(tasks) > 1:
                    said |= _named("mixing", recipe.mixing)
                    used |= _named("mixing", params.mixing)
                if recipe.mlm is not None and params.mlm is not None:
                    said |= _named("mlm", recipe.mlm)
                    used |= _named("mlm", params.mlm)
            else:
                continue
            own = recipe.hyper(tasks[0].name, tasks[0].type, phase=phase)
            said |= (own if len(tasks) == 1 else recipe.mixture_hyper()).to_json()
            used |= {**hyper.to_json(), **(tasks[0].to_json() if len(tasks) == 1 else {})}
            changed = {name: [said[name], used[name]] for name in sorted(said.keys() & used.keys())}
            changed = {name: pair for name, pair in changed.items() if pair[0] != pair[1]}
            if changed:
                found[phase] = changed
        return found

    def _provenance(self, cell: Cell) -> dict[str, Any]:
        """Every stage the number stands on, the nearest last."""
        return {"stages": [self._link(key) for key in self._ancestry(cell.score)]}

    def _link(self, key: str) -> dict[str, Any]:
        """What is said of one stage. Looked up once: most stages stand behind many cells, and some have many files."""
        if key not in self._links:
            manifest = self._store.look(key).manifest
            assert manifest is not None, key
            made = manifest.provenance
            self._links[key] = {
                "stage": manifest.name,
                "key": key,
                "digest": manifest.digest,
                "seed": self._stages[key].seed,
                "environment": self._stages[key].environment.to_json(),
                "seconds": made.get("seconds"),
                "attempts": 1 + len(made.get("retried_after", ())),
                "peak_memory": made.get("peak_memory"),
                "runner": made.get("runner"),
                "versions": made.get("versions", {}),
                "cpu": made.get("cpu"),
                "cpu_capability": made.get("cpu_capability"),
                "gpu": made.get("gpu"),
                "git": made.get("git", {}),
                **({"image": made["image"]["id"]} if "image" in made else {}),
            }
        return self._links[key]

    def _ancestry(self, key: str) -> list[str]:
        """A stage and all it stands on, in plan order."""
        found = {key}
        stack = [key]
        while stack:
            for above in self._stages[stack.pop()].inputs.values():
                if above not in found:
                    found.add(above)
                    stack.append(above)
        return [known for known in self._stages if known in found]

    def _json(self, key: str, name: str) -> dict[str, Any]:
        found: dict[str, Any] = read_json(self._store.folder(key) / name)
        return found


def _named(field: str, values: SpecModel) -> dict[str, Any]:
    return {f"{field}.{name}": value for name, value in values.to_json().items()}


def _ran_out_of_memory(details: Mapping[str, Any]) -> bool:
    """Whether any stage says so, however deep in what it has recorded: it says nothing where memory sufficed."""
    return "out_of_memory" in details or any(
        _ran_out_of_memory(part) for part in details.values() if isinstance(part, Mapping)
    )


def _language(
    entry: LanguageScore, encoding: Mapping[str, int] | None, baseline: LanguageScore | None
) -> LanguageResult:
    pieces, words, rows = (encoding.get(name, 0) if encoding else 0 for name in ("pieces", "words", "rows"))
    return LanguageResult(
        score=entry["score"],
        metrics=entry["metrics"],
        rows=entry["rows"],
        units=entry["units"],
        baseline=baseline["score"] if baseline else None,
        unknown=encoding["unknown"] / pieces if encoding and pieces else None,
        truncated=encoding["truncated"] / rows if encoding and rows else None,
        fertility=pieces / words if words else None,
    )


def write_json(path: Path, value: Mapping[str, Any], *, depth: int = 3) -> None:
    """Write a file of a results folder; the layers down to ``depth`` have a line an entry."""
    path.write_text(layered_json(value, depth) + "\n", encoding="utf-8")
