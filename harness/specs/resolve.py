"""A suite with every spec it names, checked against each other."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Any

from harness.errors import SpecError, UnknownNameError
from harness.specs.backbone import BackboneSpec
from harness.specs.catalog import Catalog
from harness.specs.corpus import CorpusSpec
from harness.specs.suite import MlmSpec, RecipeSpec, SuiteSpec, TaskLimits, TranslatedUse
from harness.specs.task import TRANSLATABLE_TYPES, JoinedTask, TaskSpec
from harness.specs.training import MlmValues, TrainingSpec
from harness.specs.translator import TranslatorSpec
from harness.specs.usable import check_usable
from leaderboard.results import BASELINE_RECIPE

SMOKE_ROWS = 20
SMOKE_SUFFIX = "-smoke"
_SMOKE_STEPS = 2


@dataclass(frozen=True, kw_only=True)
class ResolvedSuite:
    """A suite with every spec it names."""

    spec: SuiteSpec
    recipes: tuple[RecipeSpec, ...]
    backbones: dict[str, BackboneSpec]  # those asked for and those they are made from
    tasks: dict[str, TaskSpec]  # targets, what they are trained on, intermediate tasks, corpus tasks
    corpora: dict[str, CorpusSpec]
    training: TrainingSpec
    translator: TranslatorSpec | None = None  # what makes the translations of '+translated', where a model does


def resolve(suite: SuiteSpec, catalog: Catalog, allowed: Collection[str] = ()) -> ResolvedSuite:
    """Load everything a suite names and check that it fits together.

    Args:
        suite: what is asked for.
        catalog: where names are looked up.
        allowed: what a person has allowed by name, of what backbones need.

    Raises:
        SpecError: an unknown name, an intermediate task as target or the reverse, pair sides that differ in more than
            their corpus, a backbone that is unpinned or needs a person's word, or a recipe this version cannot run.
    """
    where = f"suite {suite.name}"
    backbones = _closure(suite.backbones, catalog, where, allowed)
    recipes = tuple(_recipe(entry, suite, catalog, where) for entry in suite.recipes)
    _check_mlm_heads([backbones[name] for name in suite.backbones], recipes, where)
    corpora: dict[str, CorpusSpec] = {}
    for backbone in backbones.values():
        for name in _corpus_names(backbone):
            corpora[name] = catalog.corpus(name, where=f"backbone {backbone.name}")
    if suite.mlm is not None and any(recipe.mlm for recipe in recipes):
        corpora[suite.mlm.corpus] = catalog.corpus(suite.mlm.corpus, where=f"{where}, field 'mlm'")
    tasks = {name: catalog.task(name, where=where) for name in suite.targets}
    for name, task in list(tasks.items()):
        if task.role != "target":
            raise SpecError(f"'{name}' is an intermediate task, not a target", where=where)
    needed = [task.trained_on for task in tasks.values() if task.trained_on]
    needed += [name for recipe in recipes for name in recipe.tasks]
    needed += [source.task for corpus in corpora.values() for source in corpus.sources if source.kind == "rows"]
    for name in needed:
        task = tasks.setdefault(name, catalog.task(name, where=where))
        for part in task.parts if isinstance(task, JoinedTask) else ():
            tasks.setdefault(part.name, part)
    _check_overrides(suite, tasks, catalog, where)
    _check_pairs(backbones)
    training = catalog.training(suite.training, where=where)
    suite = _with_recipe_values(suite, training, where)
    for name, task in tasks.items():
        for phase in ("intermediate", "finetune"):
            training.hyper(name, task.type, suite.hyper.get(name), phase=phase)
    return ResolvedSuite(
        spec=suite,
        recipes=recipes,
        backbones=backbones,
        tasks=tasks,
        corpora=corpora,
        training=training,
        translator=_translator(suite, recipes, catalog, where),
    )


def resolved_suite(name: str, *, smoke: bool = False, allowed: Collection[str] = ()) -> ResolvedSuite:
    """A suite, by its shipped name or its file, with every spec it names; ``allowed`` as for :func:`plan_suite`.

    Raises:
        UserError: a spec is wrong.
    """
    catalog = Catalog()
    suite = catalog.suite(name)
    if not smoke:
        return resolve(suite, catalog, allowed)
    return _smoked_backbones(resolve(smoked(suite), catalog, allowed))


def smoked(suite: SuiteSpec) -> SuiteSpec:
    """The same suite with so few rows and steps that every stage takes moments. Its scores mean nothing."""
    task_limits = {name: TaskLimits(languages=limits.languages) for name, limits in suite.task_limits.items()}
    few = TaskLimits(train=SMOKE_ROWS, validation=SMOKE_ROWS, test=SMOKE_ROWS)
    return suite.model_copy(
        update={
            "name": f"{suite.name}{SMOKE_SUFFIX}",
            "title": f"{suite.title} (smoke run)",
            "limits": few,
            "task_limits": task_limits,
            "notes": (
                f"Smoke run: {SMOKE_ROWS} rows a task, {_SMOKE_STEPS} training steps. The scores mean nothing.",
                *suite.notes,
            ),
        }
    )


def _smoked_backbones(resolved: ResolvedSuite) -> ResolvedSuite:
    backbones = {
        name: spec.model_copy(update={"pretrain": spec.pretrain.model_copy(update={"steps": _SMOKE_STEPS})})
        if spec.pretrain
        else spec
        for name, spec in resolved.backbones.items()
    }
    values: dict[str, Any] = {**resolved.training.defaults, "max_steps": _SMOKE_STEPS}
    training = resolved.training.model_copy(update={"defaults": values})
    return dataclasses.replace(resolved, backbones=backbones, training=training)


def _translator(suite: SuiteSpec, recipes: Sequence[RecipeSpec], catalog: Catalog, where: str) -> TranslatorSpec | None:
    use = suite.translated
    if use is None or use.by is None or not any(recipe.translated for recipe in recipes):
        return None
    return catalog.translator(use.by, where=f"{where}, field 'translated.by'")


def _closure(names: tuple[str, ...], catalog: Catalog, where: str, allowed: Collection[str]) -> dict[str, BackboneSpec]:
    """The named backbones and all they are made from, ancestors first; each may be used."""
    found: dict[str, BackboneSpec] = {}

    def add(name: str) -> None:
        spec = catalog.backbone(name, where=where)
        if spec.from_ is not None and spec.from_ not in found:
            add(spec.from_)
        check_usable(spec, allowed)
        found.setdefault(name, spec)

    for name in names:
        add(name)
    return found


def _recipe(entry: str | RecipeSpec, suite: SuiteSpec, catalog: Catalog, where: str) -> RecipeSpec:
    recipe = entry if isinstance(entry, RecipeSpec) else _named_recipe(entry, suite, catalog, where)
    tasks = [catalog.task(name, where=f"{where}, recipe {recipe.name}") for name in recipe.tasks]
    for task in tasks:
        if task.role != "intermediate":
            raise SpecError(f"recipe '{recipe.name}': '{task.name}' is not an intermediate task", where=where)
    _check_heads(recipe, tasks, where)
    _check_extras(recipe, suite, catalog, tasks, where)
    return recipe


def _check_heads(recipe: RecipeSpec, tasks: Sequence[TaskSpec], where: str) -> None:
    """Tasks that share a head answer alike; a name that is not given to two, or is another task's, is a slip."""
    place = f"{where}, recipe {recipe.name}, field 'heads'"
    by_name = {task.name: task for task in tasks}
    sharing: dict[str, list[TaskSpec]] = {}
    for name, head in recipe.heads.items():
        if name not in by_name:
            raise UnknownNameError("task of the recipe", name, by_name, where=place)
        if head in by_name and head not in recipe.heads:
            raise SpecError(f"'{head}' is a task with a head of its own", where=place, remedy="list it there, too")
        sharing.setdefault(head, []).append(by_name[name])
    for head, (first, *others) in sharing.items():
        if not others:
            raise SpecError(
                f"head '{head}' is shared by nobody", where=place, remedy="give it to two tasks, or to none"
            )
        for other in others:
            if (other.type, other.labels) != (first.type, first.labels):
                raise SpecError(
                    f"'{first.name}' and '{other.name}' cannot share a head: they differ in type or labels",
                    where=place,
                    remedy="share heads among tasks of one type with the same labels in the same order",
                )


def _check_extras(
    recipe: RecipeSpec, suite: SuiteSpec, catalog: Catalog, tasks: Sequence[TaskSpec], where: str
) -> None:
    """``+mlm`` and ``+translated`` need tasks to be added to, and the suite's word on what is added.

    A recipe's name says what it adds: pages and claims go by it.
    """
    for extra, added in (("mlm", recipe.mlm), ("translated", recipe.translated)):
        if added != (extra in recipe.name.split("+")[1:]):
            raise SpecError(
                f"recipe '{recipe.name}' has +{extra} in its name or the field '{extra}: true', and not both",
                where=where,
                remedy="give it both or neither",
            )
    for extra, asked, given in (
        ("mlm", recipe.mlm, suite.mlm),
        ("translated", recipe.translated, suite.translated),
    ):
        if asked and not tasks:
            raise SpecError(
                f"recipe '{recipe.name}': there is no intermediate task that +{extra} could be added to",
                where=where,
                remedy="name a task, or use multitask",
            )
        if asked and given is None:
            raise SpecError(
                f"recipe '{recipe.name}' needs the field '{extra}', which says what +{extra} adds",
                where=where,
                remedy=f"add '{extra}' to the suite, or leave the recipe out",
            )
    if recipe.translated and suite.translated is not None:
        _check_translated(recipe, suite.translated, catalog, tasks, where)


def _check_mlm_heads(backbones: Sequence[BackboneSpec], recipes: Sequence[RecipeSpec], where: str) -> None:
    """``+mlm`` goes on with a backbone's own head: one made anew would first unlearn what the encoder knows."""
    for recipe in recipes:
        for backbone in backbones:
            if recipe.mlm and backbone.has_mlm_head is False:
                what = "needs a masked-language-modelling head"
                raise SpecError(
                    f"recipe '{recipe.name}' {what}, and backbone '{backbone.name}' has none",
                    where=where,
                    remedy="leave the recipe or the backbone out",
                )


def _check_translated(
    recipe: RecipeSpec, use: TranslatedUse, catalog: Catalog, tasks: Sequence[TaskSpec], where: str
) -> None:
    """The suite's translated tasks have translations, in each of its languages, and the recipe has some of them."""
    for name in (*(use.tasks or ()), *use.task_train):
        task = catalog.task(name, where=f"{where}, field 'translated'")
        if use.by is not None and task.type not in TRANSLATABLE_TYPES:
            raise SpecError(f"'{name}' cannot be translated: {task.type}", where=f"{where}, field 'translated'")
        if use.by is None and task.translated is None:
            remedy = "name a translator under translated.by" if task.type in TRANSLATABLE_TYPES else None
            raise SpecError(f"'{name}' has no translated rows", where=f"{where}, field 'translated'", remedy=remedy)
    named = [task for task in tasks if use.tasks is None or task.name in use.tasks]
    if not named:
        raise SpecError(
            f"recipe '{recipe.name}': none of its tasks is among the suite's translated ones",
            where=where,
            remedy="name one of its tasks under translated.tasks, or leave the recipe out",
        )
    if use.by is not None:
        _check_made(recipe, use, catalog.translator(use.by, where=f"{where}, field 'translated.by'"), named, where)
        return
    languages = {name for task in named if task.translated for name in task.translated.languages}
    for language in use.languages:
        if language not in languages:
            of = ", ".join(task.name for task in named)
            raise UnknownNameError(f"language with translated rows of {of}", language, languages, where=where)


def _check_made(
    recipe: RecipeSpec, use: TranslatedUse, translator: TranslatorSpec, tasks: Sequence[TaskSpec], where: str
) -> None:
    """The translator writes all the languages, and has something to translate."""
    if not any(task.type in TRANSLATABLE_TYPES for task in tasks):
        raise SpecError(
            f"recipe '{recipe.name}': none of its tasks can be translated, because their rows are words with tags",
            where=where,
        )
    for language in use.languages:
        if language not in translator.codes:
            raise UnknownNameError(
                f"language of the translator {translator.name}", language, translator.codes, where=where
            )


def _named_recipe(name: str, suite: SuiteSpec, catalog: Catalog, where: str) -> RecipeSpec:
    """``none``, an intermediate task, or ``multitask`` (the suite's single tasks), with ``+mlm`` or ``+translated``."""
    base, *extras = name.split("+")
    unknown = sorted(set(extras) - {"mlm", "translated"})
    if unknown:
        raise UnknownNameError("recipe extra", f"+{unknown[0]}", ["+mlm", "+translated"], where=where)
    if base == BASELINE_RECIPE:
        tasks: tuple[str, ...] = ()
        title = "no intermediate training"
    elif base == "multitask":
        tasks = tuple(entry for entry in suite.recipes if isinstance(entry, str) and entry in catalog.task_files())
        title = f"multi-task ({len(tasks)} tasks)"
        if len(tasks) < 2:  # noqa: PLR2004 - a mixture of one is no mixture
            raise SpecError(
                "recipe 'multitask' mixes the suite's single-task recipes, and there are fewer than two",
                where=where,
                remedy="list the tasks: {name: multitask, tasks: [...]}",
            )
    elif base in catalog.task_files():
        tasks, title = (base,), catalog.task(base).title
    else:
        raise UnknownNameError("recipe", name, [BASELINE_RECIPE, "multitask", *catalog.task_files()], where=where)
    if "mlm" in extras and suite.mlm is not None:
        title += f", and masked language modelling on {suite.mlm.corpus}"
    if "translated" in extras and suite.translated is not None:
        of = f" of {', '.join(suite.translated.tasks)}" if suite.translated.tasks and len(tasks) > 1 else ""
        made = f" by {catalog.translator(suite.translated.by, where=where).name}" if suite.translated.by else ""
        title += f", and translated rows{of} ({', '.join(suite.translated.languages)}){made}"
    return RecipeSpec(name=name, title=title, tasks=tasks, mlm="mlm" in extras, translated="translated" in extras)


def _with_recipe_values(suite: SuiteSpec, training: TrainingSpec, where: str) -> SuiteSpec:
    """The suite, with what it does not say itself as its training recipe has it."""
    unsaid = {"device", "precision", "mixing"} - suite.model_fields_set
    values: dict[str, object] = {name: getattr(training, name) for name in unsaid}
    if suite.mlm is not None:
        values["mlm"] = _mlm(suite.mlm, training, where)
    return suite.model_copy(update=values)


def _mlm(asked: MlmSpec, training: TrainingSpec, where: str) -> MlmSpec:
    """What ``+mlm`` adds, with what the suite does not say taken from the training recipe.

    Raises:
        SpecError: neither says it.
    """
    given = asked.model_dump(exclude_none=True)
    values = {} if training.mlm is None else training.mlm.model_dump()
    missing = [
        name
        for name, field in MlmValues.model_fields.items()
        if field.is_required() and name not in {**values, **given}
    ]
    if missing:
        raise SpecError(
            f"'{missing[0]}' is missing",
            where=f"{where}, field 'mlm'",
            remedy=f"say it there, or under 'mlm' of the training recipe {training.name}",
        )
    whole = MlmValues.model_validate({**values, **{name: value for name, value in given.items() if name != "corpus"}})
    return MlmSpec(corpus=asked.corpus, **whole.model_dump())


def _corpus_names(backbone: BackboneSpec) -> list[str]:
    names = [backbone.pretrain.corpus] if backbone.pretrain else []
    if backbone.source is not None and backbone.source.kind == "scratch":
        names.append(backbone.source.corpus)
    return names


def _check_overrides(suite: SuiteSpec, tasks: dict[str, TaskSpec], catalog: Catalog, where: str) -> None:
    named: list[tuple[str, dict[str, object]]] = [
        ("task_limits", dict(suite.task_limits)),
        ("stand_ins", dict(suite.stand_ins)),
        ("hyper", dict(suite.hyper)),
    ]
    for field, entries in named:
        _require_used(field, [name for name in entries if name not in tasks], tasks, catalog, where)
    for name, limits in suite.task_limits.items():
        for language in limits.languages or ():
            if language not in tasks[name].languages:
                raise UnknownNameError(f"language of {name}", language, tasks[name].languages, where=where)
    for name, stand_ins in suite.stand_ins.items():
        for split, stand_in in stand_ins.items():
            if stand_in.use is not None and stand_in.use not in tasks[name].splits:
                raise SpecError(f"stand-in for {name}/{split}: the task has no split '{stand_in.use}'", where=where)


def _require_used(field: str, unused: list[str], tasks: dict[str, TaskSpec], catalog: Catalog, where: str) -> None:
    for name in unused:
        if name not in catalog.task_files():
            raise UnknownNameError(f"task in '{field}'", name, tasks, where=where)
    if unused:
        names = ", ".join(f"'{name}'" for name in unused)
        raise SpecError(
            f"no target and no recipe of the suite uses {names}",
            where=f"{where}, field '{field}'",
            remedy=f"shorten '{field}': delete its lines for {names}; or add a target or recipe that uses them",
        )


def _check_pairs(backbones: dict[str, BackboneSpec]) -> None:
    """Both sides of a matched pair must share everything but the corpus; it is the only causal comparison."""
    sides: dict[str, BackboneSpec] = {}
    key: Callable[[BackboneSpec], object] = lambda spec: (  # noqa: E731
        spec.from_,
        spec.pretrain.model_dump(exclude={"corpus"}) if spec.pretrain else None,
    )
    for spec in backbones.values():
        if spec.pair is None:
            continue
        if spec.pretrain is None:
            raise SpecError("a side of a matched pair needs 'pretrain'", where=f"backbone {spec.name}")
        other = sides.setdefault(spec.pair.name, spec)
        if other is not spec and key(other) != key(spec):
            raise SpecError(
                f"'{other.name}' and '{spec.name}' are called a matched pair but differ in more than their corpus",
                where=f"backbone {spec.name}",
                remedy="give both the same 'from' and 'pretrain' values",
            )
