"""Writing the results folder of a suite: one small JSON file a cell, with where its number comes from."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, Protocol

from harness.layered import layered_json
from harness.outcome import Outcome
from harness.plan.sources import scored_languages, split_use, tuning_use
from harness.plan.stage import Cell, Phase, Plan, Stage
from harness.plan.stats import ScoredCell
from harness.rowdiff import STAGES_FILE
from harness.specs.backbone import BackboneSpec
from harness.specs.catalog import ResolvedSuite
from harness.specs.suite import RecipeSpec
from harness.specs.task import TaskSpec
from harness.stats.validation import validation_score
from harness.store.artifacts import Held, Store
from harness.walk import StageEnd
from leaderboard.results import (
    BackboneInfo,
    Exposure,
    Gap,
    Gaps,
    LanguageResult,
    Pair,
    RecipeInfo,
    Result,
    SuiteGrid,
    TargetInfo,
    Units,
)

OWN_TRAINING_DATA = "own-training-data"
ORACLE_THRESHOLD = "oracle-threshold"
NOT_BIT_REPRODUCIBLE = "not-bit-reproducible"
STAGES_SCHEMA = "codestilts.stages/1"


def write_results(
    resolved: ResolvedSuite, plan: Plan, store: Store, ends: Mapping[str, StageEnd], out: Path
) -> tuple[ScoredCell, ...]:
    """Write the folder anew beside the old one and put it in its place; the cells that have a result, in plan order."""
    aside = out.parent / f".{out.name}.part"
    shutil.rmtree(aside, ignore_errors=True)
    aside.mkdir(parents=True)
    reader = CellReader(resolved, plan.by_key(), store)
    gaps = []
    scored = []
    for cell in plan.cells:
        end = ends[cell.score]
        if not end.outcome.satisfied:
            gaps.append(_gap(cell, end, plan))
            continue
        folder = aside / cell.backbone / cell.recipe
        folder.mkdir(parents=True, exist_ok=True)
        result = reader.result(cell, baseline=ends[cell.baseline].outcome.satisfied)
        write_json(folder / f"{cell.target}-s{cell.seed}.json", result.model_dump(by_alias=True))
        scored.append(reader.scored(cell, result))
        units = reader.units(cell).model_dump(by_alias=True)
        write_json(folder / f"{cell.target}-s{cell.seed}.units.json", units, depth=2)
    write_json(aside / "suite.json", grid(resolved).model_dump(by_alias=True))
    write_json(aside / STAGES_FILE, {"schema": STAGES_SCHEMA, "stages": reader.identities()})
    write_json(aside / "gaps.json", Gaps(gaps=tuple(gaps)).model_dump(by_alias=True))
    old = out.parent / f".{out.name}.old"
    shutil.rmtree(old, ignore_errors=True)
    if out.exists():
        out.rename(old)
    aside.rename(out)
    shutil.rmtree(old, ignore_errors=True)
    return tuple(scored)


def grid(resolved: ResolvedSuite) -> SuiteGrid:
    """The grid that was asked for, in the page's order, and all that must be said about it."""
    suite = resolved.spec
    return SuiteGrid(
        name=suite.name,
        title=suite.title,
        description=suite.description,
        miniature=suite.miniature,
        backbones=tuple(_backbone_info(resolved.backbones[name]) for name in suite.backbones),
        recipes=tuple(_recipe_info(recipe, suite.training) for recipe in resolved.recipes),
        targets=tuple(_target_info(resolved, resolved.tasks[name]) for name in suite.targets),
        seeds=suite.seeds,
        notes=(*suite.notes, *_stand_in_notes(resolved), *_translated_notes(resolved)),
    )


class Artifacts(Protocol):
    """What :class:`CellReader` needs of a store: artifacts by key."""

    def folder(self, key: str) -> Path:
        """Where an artifact lies or would lie."""
        ...

    def look(self, key: str) -> Held:
        """What is there."""
        ...


class CellReader:
    """Reads what the stages of a cell left.

    Args:
        resolved: the suite.
        stages: at least those behind the cells, by key, inputs before what reads them.
        artifacts: what they left.
    """

    def __init__(self, resolved: ResolvedSuite, stages: Mapping[str, Stage], artifacts: Artifacts) -> None:
        self._resolved = resolved
        self._store = artifacts
        self._stages = stages
        self._links: dict[str, dict[str, Any]] = {}

    def result(self, cell: Cell, *, baseline: bool) -> Result:
        """One result; ``baseline`` says whether the target's baseline is there."""
        scored = self._json(cell.score, "result.json")
        trivial = self._json(cell.baseline, "result.json") if baseline else None
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
        return Units.model_validate(self._json(cell.score, "units.json"))

    def _marks(self, cell: Cell, details: Mapping[str, Any]) -> tuple[str, ...]:
        recipe = next(recipe for recipe in self._resolved.recipes if recipe.name == cell.recipe)
        task = self._resolved.tasks[cell.target]
        found = []
        if task.trained_on in recipe.tasks:
            found.append(OWN_TRAINING_DATA)
        if task.type == "bitext_mining" and tuning_use(self._resolved.spec, task) == "scored":
            found.append(ORACLE_THRESHOLD)
        if _ran_out_of_memory(details):
            found.append(NOT_BIT_REPRODUCIBLE)  # memory ran out, and sums of smaller parts round otherwise
        return tuple(found)

    def _details(self, cell: Cell) -> dict[str, Any]:
        details: dict[str, Any] = {}
        extra = self._store.folder(cell.predictions) / "details.json"
        if extra.is_file():
            details |= json.loads(extra.read_text(encoding="utf-8"))
        for key in self._ancestry(cell.score):
            stage = self._stages[key]
            if stage.phase in (Phase.FINETUNE, Phase.INTERMEDIATE, Phase.PRETRAIN):
                details[stage.phase.value] = self._json(key, "training.json")
            if stage.phase is Phase.PREPARE and stage.params.get("kind") in ("translated", "made"):
                details.setdefault("translated", {})[stage.params["task"]["name"]] = self._json(key, "report.json")
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
            if stage.phase not in (Phase.FINETUNE, Phase.INTERMEDIATE):
                continue
            phase: Literal["intermediate", "finetune"] = "finetune" if stage.phase is Phase.FINETUNE else "intermediate"
            tasks = stage.params["tasks"] if phase == "intermediate" else [stage.params["task"]]
            used = {**stage.params["hyper"], **stage.environment.to_json(), **(tasks[0] if len(tasks) == 1 else {})}
            own = recipe.hyper(tasks[0]["name"], tasks[0]["type"], phase=phase)
            said = (own if len(tasks) == 1 else recipe.mixture_hyper()).model_dump()
            said |= {"device": recipe.device, "precision": recipe.precision}
            if len(tasks) > 1:
                said |= _named("mixing", recipe.mixing.model_dump())
                used |= _named("mixing", stage.params["mixing"])
            if recipe.mlm is not None and "mlm" in stage.params:
                said |= _named("mlm", recipe.mlm.model_dump())
                used |= _named("mlm", stage.params["mlm"])
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
        found: dict[str, Any] = json.loads((self._store.folder(key) / name).read_text(encoding="utf-8"))
        return found


def _named(field: str, values: Mapping[str, Any]) -> dict[str, Any]:
    return {f"{field}.{name}": value for name, value in values.items()}


def _ran_out_of_memory(details: Mapping[str, Any]) -> bool:
    """Whether any stage says so, however deep in what it has recorded: it says nothing where memory sufficed."""
    return "out_of_memory" in details or any(
        _ran_out_of_memory(part) for part in details.values() if isinstance(part, Mapping)
    )


def _language(
    entry: Mapping[str, Any], encoding: Mapping[str, int] | None, baseline: Mapping[str, Any] | None
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


def _gap(cell: Cell, end: StageEnd, plan: Plan) -> Gap:
    own = plan.by_key()[cell.score].name
    if end.outcome is Outcome.NOT_RUN or end.failure is None:
        return Gap(
            backbone=cell.backbone,
            recipe=cell.recipe,
            target=cell.target,
            seed=cell.seed,
            outcome="not-run",
            stage=own,
            failure="not-selected",
            reason="not run this time.",
        )
    outcome: Literal["failed", "blocked"] = "blocked" if end.outcome is Outcome.BLOCKED else "failed"
    return Gap(
        backbone=cell.backbone,
        recipe=cell.recipe,
        target=cell.target,
        seed=cell.seed,
        outcome=outcome,
        stage=end.at_fault or own,
        failure=end.failure.kind.value,
        reason=end.failure.reason,
    )


def _backbone_info(spec: BackboneSpec) -> BackboneInfo:
    origin = spec.initialised_from.what if spec.initialised_from else None
    return BackboneInfo(
        name=spec.name,
        title=spec.title,
        family=spec.family,
        saw=tuple(Exposure(what=entry.what, source=entry.source) for entry in spec.saw),
        pair=Pair(name=spec.pair.name, side=spec.pair.side) if spec.pair else None,
        public_pair=spec.public_pair,
        initialised_from=spec.from_ or origin,
        architecture=spec.architecture or "",
        layers=spec.layers or 0,
        hidden_size=spec.hidden_size or 0,
        parameters=spec.parameters,
        source=_source(spec),
        licence=spec.licence,
    )


def _source(spec: BackboneSpec) -> str:
    """Where a backbone's weights come from, for people. Of a folder its name: where it lies is nobody's business."""
    source = spec.source
    if source is None:
        steps = f" with {spec.pretrain.steps} further steps on {spec.pretrain.corpus}" if spec.pretrain else ""
        return f"{spec.from_}{steps}"
    match source.kind:
        case "hub":
            return f"hub model {source.id}, commit {source.revision}"
        case "folder":
            return f"folder {Path(source.path).name}"
        case "package":
            return f"package {source.package} {source.version}"
        case "scratch":
            return "made on the spot from random weights"


def _recipe_info(recipe: RecipeSpec, training: str) -> RecipeInfo:
    return RecipeInfo(name=recipe.name, title=recipe.title or recipe.name, tasks=recipe.tasks, training=training)


def _target_info(resolved: ResolvedSuite, task: TaskSpec) -> TargetInfo:
    use = split_use(resolved.spec, task, "test")
    assert use is not None, task.name
    assert task.group is not None, task.name
    return TargetInfo(
        name=task.name,
        title=task.title,
        group=task.group,
        type=task.type,
        metric=task.metric,
        resampling_unit=task.resampling_unit,
        languages=scored_languages(resolved.spec, task),
        all_languages=task.languages,
        parallel=task.parallel,
        partly_parallel=task.partly_parallel,
        trained_on=task.trained_on,
        scored_split=use.scored_as,
        miniature=task.miniature,
    )


def _stand_in_notes(resolved: ResolvedSuite) -> list[str]:
    """The suite's own words for every stand-in, and its row limits."""
    notes = []
    for name, stand_ins in resolved.spec.stand_ins.items():
        title = resolved.tasks[name].title
        notes += [f"{title}, {split}: {stand_in.why}" for split, stand_in in stand_ins.items()]
    return notes


def _translated_notes(resolved: ResolvedSuite) -> list[str]:
    """That scores in a language whose translated rows were trained on are not zero-shot."""
    use = resolved.spec.translated
    names = [recipe.name for recipe in resolved.recipes if recipe.translated]
    if use is None or not names:
        return []
    languages = ", ".join(use.languages)
    made = (
        ""
        if resolved.translator is None
        else f", translated by {resolved.translator.title} ({resolved.translator.what}),"
    )
    trained = f"{', '.join(names)} trained on translated rows in {languages}{made}"
    return [f"Not zero-shot: {trained} before the target's English."]


def write_json(path: Path, value: Mapping[str, Any], *, depth: int = 3) -> None:
    """Write a file of a results folder; the layers down to ``depth`` have a line an entry."""
    path.write_text(layered_json(value, depth) + "\n", encoding="utf-8")
