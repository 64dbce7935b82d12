"""The grid that a suite asks for, as results describe it."""

from __future__ import annotations

from pathlib import Path

from harness.data.suite_rows import SuiteRows
from harness.specs.backbone import BackboneSpec
from harness.specs.resolve import ResolvedSuite
from harness.specs.suite import RecipeSpec
from harness.specs.task import TaskSpec
from leaderboard.results import (
    BackboneInfo,
    Exposure,
    Pair,
    RecipeInfo,
    SuiteGrid,
    TargetInfo,
)


def grid(rows: SuiteRows) -> SuiteGrid:
    """The grid that was asked for, in the page's order, and all that must be said about it."""
    resolved = rows.resolved
    suite = resolved.spec
    return SuiteGrid(
        name=suite.name,
        title=suite.title,
        description=suite.description,
        miniature=suite.miniature,
        backbones=tuple(_backbone_info(resolved.backbones[name]) for name in suite.backbones),
        recipes=tuple(_recipe_info(recipe, suite.training) for recipe in resolved.recipes),
        targets=tuple(_target_info(rows, resolved.tasks[name]) for name in suite.targets),
        seeds=suite.seeds,
        notes=(*suite.notes, *rows.notes, *rows.stand_in_notes, *_translated_notes(resolved)),
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


def _target_info(rows: SuiteRows, task: TaskSpec) -> TargetInfo:
    use = rows.required(task.name, "test")
    assert task.group is not None, task.name
    return TargetInfo(
        name=task.name,
        title=task.title,
        group=task.group,
        type=task.type,
        metric=task.metric,
        resampling_unit=task.resampling_unit,
        languages=use.languages,
        all_languages=task.languages,
        parallel=task.parallel,
        partly_parallel=task.partly_parallel,
        trained_on=task.trained_on,
        scored_split=use.scored_as,
        miniature=task.miniature,
    )


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
