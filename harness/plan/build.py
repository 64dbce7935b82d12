"""The plan of a suite: which stages, in which order, with which keys."""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import wraps
from typing import Any, Concatenate, Literal, ParamSpec

from harness.data.articles import LocatedArticles
from harness.data.rows import TRANSLATIONS, SplitRows
from harness.data.splits import SuiteRows, scored_languages, translated_languages
from harness.errors import SpecError
from harness.files import digest
from harness.plan import cost, limits, parameters
from harness.plan.cost import expected_rows
from harness.plan.stage import Cell, Environment, Phase, Plan, Stage
from harness.specs.backbone import BackboneSpec, PretrainSpec
from harness.specs.corpus import PackageText
from harness.specs.source import FolderSource, HubSource, PackageSource
from harness.specs.suite import RecipeSpec
from harness.specs.task import RETRIEVAL_TYPES, SplitName, TaskSpec
from harness.specs.training import Hyper
from harness.specs.translator import TranslatorSpec

#: Names of the dependency locks in ``images/locks``, by phase. ``fetch`` has none: hashes fix what it leaves.
#: ``prepare`` goes with training, so that a new page template never costs GPU days.
LOCK_OF_PHASE: Mapping[Phase, str] = {
    Phase.CONVERT: "train",
    Phase.PREPARE: "train",
    Phase.PRETRAIN: "train",
    Phase.INTERMEDIATE: "train",
    Phase.FINETUNE: "train",
    Phase.PREDICT: "train",
    Phase.RETRIEVE: "retrieve",
    Phase.CHECK: "retrieve",  # all that train loads a backbone with, in the same versions, and sentence-transformers
    Phase.SCORE: "report",
    Phase.STATS: "report",
}

#: Phases without arithmetic on a device: always on one CPU thread, so that CPU and GPU suites share what they leave.
_PLAIN_PHASES = frozenset({Phase.CONVERT, Phase.PREPARE, Phase.SCORE, Phase.STATS})

#: To fetch a few files; of a large model it is so much for each ten million parameters.
_FETCH_SECONDS = 5.0


@dataclass(frozen=True, kw_only=True)
class PlanInputs:
    """What planning is told about the world instead of looking for itself.

    Attributes:
        locks: SHA-256 of each dependency lock, by name (``train``, ``retrieve``, ``report``).
        versions: the integer code version of each phase.
        data: SHA-256 of every release file the suite reads, by path relative to the data directory.
        bases: base image of each dependency lock, by its name; ``local`` where none is named.
        device: ``cpu`` or ``cuda`` instead of what the suite says; None leaves it to the suite.
        folders: SHA-256 of the files that are taken of a folder, by the folder's path and the file's.
        expected: recorded SHA-256 of the files of a hub backbone or translator, by its name and the file's path.
        requirements: digest of what a backbone's own lock of packages pins, by the lock's file name.
    """

    locks: Mapping[str, str]
    versions: Mapping[str, int]
    data: Mapping[str, str] = field(default_factory=dict)
    bases: Mapping[str, str] = field(default_factory=dict)
    device: Literal["cpu", "cuda"] | None = None
    folders: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    expected: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    requirements: Mapping[str, str] = field(default_factory=dict)


def build_plan(rows: SuiteRows, read_inputs: PlanInputs) -> Plan:
    """All stages of the suite that reads some rows, each once, inputs before what reads them.

    Raises:
        SpecError: a task lacks a split that the suite needs.
    """
    return _Builder(rows, read_inputs).build()


P = ParamSpec("P")


def _once_a_task(
    method: Callable[Concatenate[_Builder, TaskSpec, P], str],
) -> Callable[Concatenate[_Builder, TaskSpec, P], str]:
    """Add a stage that stands on a task alone once, not for every row of the grid; later calls give its key."""

    @wraps(method)
    def known(self: _Builder, task: TaskSpec, /, *args: P.args, **kwargs: P.kwargs) -> str:
        asked = (method.__name__, task.name, args, tuple(sorted(kwargs.items())))
        if asked not in self.of_tasks:
            self.of_tasks[asked] = method(self, task, *args, **kwargs)
        return self.of_tasks[asked]

    return known


class _Builder:
    """Adds stages to a plan; equal stages (by key) are added once and shared."""

    def __init__(self, rows: SuiteRows, read_inputs: PlanInputs) -> None:
        self._read = rows
        self._resolved = rows.resolved
        self._suite = rows.resolved.spec
        self._inputs = read_inputs
        self._device = read_inputs.device or self._suite.device
        self.of_tasks: dict[object, str] = {}
        self._stages: dict[str, Stage] = {}
        self._backbone_keys: dict[str, str] = {}
        self._cells: list[Cell] = []

    def build(self) -> Plan:
        for name in self._suite.backbones:
            for recipe in self._resolved.recipes:
                for seed in self._suite.seeds:
                    self._add_row(self._resolved.backbones[name], recipe, seed)
        return Plan(suite=self._suite.name, stages=tuple(self._stages.values()), cells=tuple(self._cells))

    # -- one row of the grid -------------------------------------------------------------------------------------------

    def _add_row(self, backbone: BackboneSpec, recipe: RecipeSpec, seed: int) -> None:
        checkpoint = self._backbone(backbone)
        if recipe.tasks:
            checkpoint = self._intermediate(backbone, recipe, seed, checkpoint)
        for name in self._suite.targets:
            task = self._resolved.tasks[name]
            if task.trained_on is None:
                train, predictions = None, self._retrieve(backbone, recipe, task, seed, checkpoint)
            else:
                train = self._finetune(backbone, recipe, task, seed, checkpoint)
                predictions = self._predict(backbone, recipe, task, seed, train)
            handle = f"score/{backbone.name}/{recipe.name}/{name}/s{seed}"
            score = self._add(
                Phase.SCORE,
                handle,
                parameters.scoring(task, "predictions", self._languages(task)),
                {"predictions": predictions, "labels": self._scored(task, "labels")},
            )
            self._cells.append(
                Cell(
                    backbone=backbone.name,
                    recipe=recipe.name,
                    target=name,
                    seed=seed,
                    score=score,
                    train=train,
                    predictions=predictions,
                    baseline=self._baseline(task),
                )
            )

    def _intermediate(self, backbone: BackboneSpec, recipe: RecipeSpec, seed: int, checkpoint: str) -> str:
        tasks = [self._resolved.tasks[name] for name in recipe.tasks]
        hypers = {task.name: self._hyper(task, backbone, phase="intermediate") for task in tasks}
        hyper = self._resolved.training.mixture_hyper() if len(tasks) > 1 else hypers[tasks[0].name]
        params: dict[str, Any] = {
            "tasks": [parameters.learned(task, hypers[task.name], recipe.heads.get(task.name)) for task in tasks],
            "mixing": self._suite.mixing.model_dump(),
            "hyper": parameters.training(hyper),
        }
        inputs = {"checkpoint": checkpoint} | {f"rows:{task.name}": self._rows(task) for task in tasks}
        size = sum(cost.training_cost(backbone, task.type, self._rows_expected(task, "train"), hyper) for task in tasks)
        if recipe.mlm:
            mlm = self._suite.mlm
            assert mlm is not None, recipe.name
            assert mlm.ratio is not None, recipe.name
            params["mlm"] = mlm.model_dump(exclude={"corpus"}, exclude_none=True)
            inputs["corpus"] = self._corpus(mlm.corpus)
            size *= 1 + mlm.ratio
        if recipe.translated:
            translated = {task.name: translated_languages(self._suite, task) for task in tasks}
            params["translated"] = {name: list(languages) for name, languages in translated.items() if languages}
            inputs |= {f"translated:{task.name}": self._translated(task) for task in tasks if translated[task.name]}
            size *= 2
        handle = f"intermediate/{backbone.name}/{recipe.name}/s{seed}"
        return self._add(Phase.INTERMEDIATE, handle, params, inputs, seed=seed, backbone=backbone, size=size)

    def _finetune(
        self, backbone: BackboneSpec, recipe: RecipeSpec, target: TaskSpec, seed: int, checkpoint: str
    ) -> str:
        """The model of a target; targets that are trained and selected on the same rows share it."""
        assert target.trained_on is not None, target.name
        task = self._resolved.tasks[target.trained_on]
        hyper = self._hyper(task, backbone)
        return self._add(
            Phase.FINETUNE,
            f"finetune/{backbone.name}/{recipe.name}/{task.name}/s{seed}",
            {"task": parameters.with_lengths(task, hyper), "hyper": parameters.training(hyper)},
            {"checkpoint": checkpoint, f"rows:{task.name}": self._rows(task, target.held_out)},
            seed=seed,
            transient=("encoder/*", "heads/*"),
            size=cost.training_cost(backbone, task.type, self._rows_expected(task, "train"), hyper),
            backbone=backbone,
        )

    def _predict(self, backbone: BackboneSpec, recipe: RecipeSpec, task: TaskSpec, seed: int, train: str) -> str:
        languages = self._languages(task)
        return self._add(
            Phase.PREDICT,
            f"predict/{backbone.name}/{recipe.name}/{task.name}/s{seed}",
            {"task": parameters.with_lengths(task, self._hyper(task, backbone)), "languages": list(languages)},
            {"checkpoint": train, "inputs": self._scored(task, "inputs")},
            size=cost.prediction_cost(backbone, task.type, self._rows_expected(task, "test")),
            backbone=backbone,
        )

    def _retrieve(self, backbone: BackboneSpec, recipe: RecipeSpec, task: TaskSpec, seed: int, checkpoint: str) -> str:
        languages = self._languages(task)
        inputs = {"checkpoint": checkpoint, "inputs": self._scored(task, "inputs")}
        dev = self._read.tuning(task.name)
        sampled: tuple[str, ...] = ()
        if dev != "none":
            # What is chosen is chosen on the validation pairs, which this phase alone sees. Test pairs it never does,
            # unless the suite says that there are no others; then the result is marked.
            split: SplitName = "test" if dev == "scored" else "validation"
            sampled = self._read.required(task.name, split).languages
            inputs |= {"dev": self._scored(task, "inputs", split), "dev_labels": self._scored(task, "labels", split)}
        known = parameters.with_lengths(task, self._hyper(task, backbone))
        return self._add(
            Phase.RETRIEVE,
            f"retrieve/{backbone.name}/{recipe.name}/{task.name}/s{seed}",
            parameters.retrieval(known, languages, dev, sampled),
            inputs,
            size=2 * cost.prediction_cost(backbone, task.type, self._rows_expected(task, "test")),
            backbone=backbone,
        )

    # -- backbones -----------------------------------------------------------------------------------------------------

    def _backbone(self, spec: BackboneSpec) -> str:
        """The checkpoint of a backbone: converted or freshly initialised, then pretrained further if asked."""
        if spec.name not in self._backbone_keys:
            parent = self._resolved.backbones[spec.from_] if spec.from_ else None
            checkpoint = self._backbone(parent) if parent else self._convert(spec)
            if spec.pretrain is not None:
                checkpoint = self._pretrain(spec, spec.pretrain, checkpoint)
            self._backbone_keys[spec.name] = checkpoint
        return self._backbone_keys[spec.name]

    def _convert(self, spec: BackboneSpec) -> str:
        source = spec.source
        assert source is not None, spec.name
        inputs, seed = {}, 0
        match source.kind:
            case "package":
                inputs["source"] = self._fetch(source, spec)
            case "scratch":
                inputs["corpus"], seed = self._corpus(source.corpus), source.seed
            case _:
                inputs["source"] = self._fetch_snapshot(spec)
        params = {"backbone": parameters.conversion(spec)}
        return self._add(
            Phase.CONVERT,
            f"convert/{spec.name}",
            params,
            inputs,
            seed=seed,
            expected=parameters.claims(spec),
            backbone=spec,
            size=5,
        )

    def _pretrain(self, spec: BackboneSpec, pretrain: PretrainSpec, checkpoint: str) -> str:
        hyper = {
            "learning_rate": pretrain.learning_rate,
            "warmup_fraction": pretrain.warmup_fraction,
            "weight_decay": pretrain.weight_decay,
            "adam_epsilon": 1e-8,
            "adam_beta1": 0.9,
            "adam_beta2": 0.999,
            "max_grad_norm": 1.0,
            "dropout": pretrain.dropout,
            "attention_dropout": pretrain.attention_dropout,
            "micro_batch_pieces": pretrain.micro_batch_pieces,
            "epochs": 1.0,
            "max_steps": pretrain.steps,
            "batch_size": pretrain.batch_size,
        }
        params = {
            "steps": pretrain.steps,
            "batch_size": pretrain.batch_size,
            "block_length": pretrain.block_length,
            "mask_probability": pretrain.mask_probability,
            "hyper": hyper,
        }
        pieces = pretrain.steps * pretrain.batch_size * pretrain.block_length
        return self._add(
            Phase.PRETRAIN,
            f"pretrain/{spec.name}",
            params,
            {"checkpoint": checkpoint, "corpus": self._corpus(pretrain.corpus)},
            seed=pretrain.seed,
            size=cost.pretraining_cost(spec, pieces),
            backbone=spec,
        )

    def _fetch(self, source: PackageSource | PackageText, backbone: BackboneSpec | None = None) -> str:
        params = {"kind": "package", "package": source.package, "version": source.version, "sha256": source.sha256}
        return self._add(Phase.FETCH, f"fetch/{source.package}", params, {}, size=_FETCH_SECONDS, backbone=backbone)

    def _fetch_snapshot(self, spec: BackboneSpec | TranslatorSpec) -> str:
        """The files of a backbone or a translator: of the hub at a commit, or of a folder by what is in it."""
        source = spec.source
        weighs = None if isinstance(spec, BackboneSpec) else float(spec.parameters)
        backbone = spec if isinstance(spec, BackboneSpec) else None
        if isinstance(source, FolderSource):
            params = {"kind": "folder", "files": dict(self._inputs.folders[source.path])}
            return self._add(
                Phase.FETCH,
                f"fetch/{spec.name}",
                params,
                {},
                folders={"folder": source.path},
                size=_FETCH_SECONDS,
                backbone=backbone,
                weighs=weighs,
            )
        assert isinstance(source, HubSource), spec.name
        return self._add(
            Phase.FETCH,
            f"fetch/{source.id}",
            parameters.snapshot(source),
            {},
            expected=self._inputs.expected.get(spec.name),
            size=_FETCH_SECONDS * (spec.parameters or 1e8) / 1e7,
            backbone=backbone,
            weighs=weighs,
        )

    # -- data ----------------------------------------------------------------------------------------------------------

    @_once_a_task
    def _rows(self, task: TaskSpec, held_out: float | None = None) -> str:
        """English training and validation rows, without what is scored in a target of the same type.

        With ``held_out``, that share of the training rows' units validates, and the validation split is not read.
        """
        splits: dict[str, Any] = {}
        read: tuple[SplitName, ...] = ("train", "validation") if held_out is None else ("train",)
        for split in read:
            use = self._read.split(task.name, split) if split != "train" else self._read.required(task.name, split)
            if use is not None:
                self._refuse_foreign(use)
                splits[split] = use.to_json(self._inputs.data) | {"limit": self._suite.limit(task.name, split)}
        if held_out is not None:
            splits["validation"] = {"from_train": held_out, "limit": self._suite.limit(task.name, "validation")}
        scored = [self._resolved.tasks[name] for name in self._suite.targets]
        exclude = {
            f"exclude:{other.name}": self._passages(other)
            for other in scored
            if other.type == task.type and self._scores_english(other)
        }
        return self._add(
            Phase.PREPARE,
            f"prepare/rows/{task.name}" + ("" if held_out is None else "/held-out"),
            {"kind": "rows", "task": parameters.identity(task), "splits": splits},
            exclude,
            needs_data=True,
        )

    def _refuse_foreign(self, use: SplitRows) -> None:
        """Zero-shot stays zero-shot: what trains or selects is in no file of another language.

        Raises:
            SpecError: it is in one.
        """
        for path in use.paths:
            if path in self._read.foreign:
                raise SpecError(
                    f"'{path}' holds rows in '{self._read.foreign[path]}', and '{use.split}' rows are English",
                    where=f"suite {self._suite.name}, task {use.task.name}",
                    remedy="give English files; translated rows belong to a recipe '+translated'",
                )

    def _translated(self, task: TaskSpec) -> str:
        """Translations of the English training rows that are kept, whatever was left out of those and why."""
        languages = translated_languages(self._suite, task)
        assert self._suite.translated is not None, task.name
        if self._resolved.translator is not None:
            return self._made(task, self._resolved.translator, languages, self._suite.translated.rows(task.name))
        use = self._read.required(task.name, TRANSLATIONS)
        params = {
            "kind": "translated",
            "task": parameters.identity(task),
            "split": use.to_json(self._inputs.data),
            "languages": list(languages),
            "limit": self._suite.translated.rows(task.name),
        }
        inputs = {"rows": self._rows(task)}
        return self._add(Phase.PREPARE, f"prepare/translated/{task.name}", params, inputs, needs_data=True)

    def _made(self, task: TaskSpec, translator: TranslatorSpec, languages: tuple[str, ...], limit: int | None) -> str:
        """Translations that a model makes of the English training rows that are kept."""
        params = {
            "kind": "made",
            "task": parameters.identity(task),
            "languages": list(languages),
            "limit": limit,
            "translator": parameters.translator(translator, languages),
        }
        inputs = {"rows": self._rows(task), "translator": self._fetch_snapshot(translator)}
        rows = min(limit or sys.maxsize, self._rows_expected(task, "train")) * len(languages)
        return self._add(
            Phase.PREPARE,
            f"prepare/translated/{task.name}",
            params,
            inputs,
            size=cost.translation_cost(translator, task.type, rows),
            weighs=float(translator.parameters),
            computes=True,
        )

    @_once_a_task
    def _scored(self, task: TaskSpec, kind: Literal["inputs", "labels"], split: SplitName = "test") -> str:
        """Inputs, or labels, of the test split: two artifacts, so that no model stage can be handed the answers.

        The same of a validation split that is in other languages than English (bitext mining).
        """
        use = self._read.required(task.name, split)
        params = parameters.scored(task, use, kind, self._inputs.data, self._suite.limit(task.name, split))
        part = kind if split == "test" else f"{split}-{kind}"
        return self._add(Phase.PREPARE, f"prepare/{part}/{task.name}", params, {}, needs_data=True)

    def _scores_english(self, task: TaskSpec) -> bool:
        """Whether English text is scored: rows in English, or in retrieval the English side of every pair."""
        return "en" in self._languages(task) or task.type in RETRIEVAL_TYPES

    @_once_a_task
    def _passages(self, task: TaskSpec) -> str:
        """The English text of a scored split in full: what training must not hold, whatever part of it is scored."""
        scored = self._languages(task)
        languages = ["en"] if "en" in scored else list(scored)
        use = self._read.required(task.name, "test")
        if use.files:
            use = dataclasses.replace(use, files={language: use.files[language] for language in languages})
        params = {
            "kind": "inputs",
            "task": parameters.identity(task),
            "split": use.to_json(self._inputs.data),
            "languages": languages,
            "limit": None,
        }
        return self._add(Phase.PREPARE, f"prepare/passages/{task.name}", params, {}, needs_data=True)

    @_once_a_task
    def _texts(self, task: TaskSpec) -> str:
        """All that is scored, in every language: what no corpus of articles may hold as a paragraph."""
        use = self._read.required(task.name, "test")
        params = parameters.scored(task, use, "inputs", self._inputs.data, None)
        return self._add(Phase.PREPARE, f"prepare/texts/{task.name}", params, {}, needs_data=True)

    @_once_a_task
    def _baseline(self, task: TaskSpec) -> str:
        inputs = {"inputs": self._scored(task, "inputs"), "labels": self._scored(task, "labels")}
        if task.trained_on is not None:
            inputs["rows"] = self._rows(self._resolved.tasks[task.trained_on], task.held_out)
        params = parameters.scoring(task, "baseline", self._languages(task))
        return self._add(Phase.SCORE, f"score/baseline/{task.name}", params, inputs)

    def _corpus(self, name: str) -> str:
        spec = self._resolved.corpora[name]
        inputs: dict[str, str] = {}
        sources: list[dict[str, Any]] = []
        for source in spec.sources:
            entry = source.model_dump()
            if source.kind == "package":
                inputs[f"fetch:{source.package}"] = self._fetch(source)
                entry = {"kind": "package", "package": source.package, "include": source.include}
            elif source.kind == "articles":
                entry = self._articles(self._read.articles[name])
                inputs |= {
                    f"exclude:{target}": self._texts(self._resolved.tasks[target]) for target in self._suite.targets
                }
            elif source.kind == "rows":
                task = self._resolved.tasks[source.task]
                use = self._read.required(source.task, "train")
                entry |= {"task": parameters.identity(task), "split": use.to_json(self._inputs.data)}
                inputs |= {
                    f"exclude:{target}": self._passages(self._resolved.tasks[target])
                    for target in self._suite.targets
                    if self._scores_english(self._resolved.tasks[target])
                }
            sources.append(entry)
        params = {"kind": "corpus", "sources": sources, "max_characters": spec.max_characters}
        return self._add(Phase.PREPARE, f"prepare/corpus/{name}", params, inputs, needs_data=True)

    def _articles(self, use: LocatedArticles) -> dict[str, Any]:
        """Articles as the stage is told of them: which files, and how much text each language has in all."""
        files = {
            language: [{"path": path, "sha256": self._inputs.data[path]} for path in paths]
            for language, paths in use.paths.items()
        }
        return {
            "kind": "articles",
            "format": use.format,
            "files": files,
            "sizes": use.sizes,
            "max_characters": use.source.max_characters,
            "columns": [use.source.id_column, use.source.text_column],
            "whole": use.source.whole,
        }

    # -- helpers -------------------------------------------------------------------------------------------------------

    def _rows_expected(self, task: TaskSpec, split: SplitName) -> int:
        return expected_rows(self._read.split(task.name, split), task.type, self._suite.limit(task.name, split))

    def _languages(self, task: TaskSpec) -> tuple[str, ...]:
        return scored_languages(self._suite, task)

    def _hyper(
        self,
        task: TaskSpec,
        backbone: BackboneSpec,
        *,
        phase: Literal["intermediate", "finetune"] = "finetune",
    ) -> Hyper:
        overrides = self._suite.hyper.get(task.name)
        hyper = self._resolved.training.hyper(task.name, task.type, overrides, phase=phase)
        longest = backbone.max_length or hyper.max_length
        return hyper if hyper.max_length <= longest else hyper.model_copy(update={"max_length": longest})

    def _add(
        self,
        phase: Phase,
        name: str,
        params: dict[str, Any],
        inputs: dict[str, str],
        *,
        seed: int = 0,
        needs_data: bool = False,
        transient: tuple[str, ...] = (),
        expected: Mapping[str, str] | None = None,
        folders: Mapping[str, str] | None = None,
        size: float = 1.0,
        backbone: BackboneSpec | None = None,
        weighs: float | None = None,
        computes: bool = False,
    ) -> str:
        """Add a stage; its key.

        ``weighs``: parameters of a model that it holds and that is no backbone. ``computes``: on the suite's device,
        though its phase is a plain one.
        """
        stage = Stage(
            phase=phase,
            name=name,
            version=self._inputs.versions[phase.value],
            environment=self._environment(phase, backbone, computes=computes),
            params=params,
            inputs=inputs,
            seed=seed,
            needs_data=needs_data,
            transient=transient,
            expected=expected or {},
            folders=folders or {},
            adds=_addition(phase, backbone),
            cost=size,
            limits=limits.limits(phase, backbone, size, self._device, weighs=weighs),
            disk=limits.disk(phase, backbone, weighs=weighs),
        )
        held = self._stages.get(stage.key)
        if held is None or (stage.adds and not held.adds):  # of equal files, those that an image holds need no network
            self._stages[stage.key] = stage
        return stage.key

    def _environment(self, phase: Phase, backbone: BackboneSpec | None, *, computes: bool = False) -> Environment:
        if phase is Phase.FETCH:
            return Environment(base="", lock="")
        lock = self._inputs.locks[LOCK_OF_PHASE[phase]]
        base = self._inputs.bases.get(LOCK_OF_PHASE[phase], "local")
        if backbone is not None and backbone.requirements is not None:
            lock = digest([lock, self._inputs.requirements[backbone.requirements]])
        if phase in _PLAIN_PHASES and not computes:
            return Environment(base=base, lock=lock)
        return Environment(
            base=base,
            lock=lock,
            device=self._device,
            precision=self._suite.precision,
            threads=self._suite.threads,
        )


def _addition(phase: Phase, backbone: BackboneSpec | None) -> str:
    """What a backbone adds to the image of a phase (``Stage.adds``)."""
    if backbone is None:
        return ""
    if phase is Phase.FETCH:
        return backbone.name if backbone.bake else ""
    return backbone.packages
