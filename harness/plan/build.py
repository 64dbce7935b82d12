"""The plan of a suite: which stages, in which order, with which keys."""

from __future__ import annotations

from typing import Literal

from harness.data.suite_rows import SuiteRows, translated_languages
from harness.plan import cost, params
from harness.plan.data_stages import DataStages
from harness.plan.stage import Cell, Phase, Plan
from harness.plan.stage_list import PlanInputs, StageList
from harness.specs.backbone import BackboneSpec, PretrainSpec
from harness.specs.suite import RecipeSpec
from harness.specs.task import SplitName, TaskSpec
from harness.specs.training import MlmValues, RecipeHyper


def build_plan(rows: SuiteRows, read_inputs: PlanInputs) -> Plan:
    """All stages of the suite that reads some rows, each once, inputs before what reads them.

    Raises:
        SpecError: a task lacks a split that the suite needs.
    """
    return _Builder(rows, read_inputs).build()


class _Builder:
    """Adds the stages of each row of the grid."""

    def __init__(self, rows: SuiteRows, read_inputs: PlanInputs) -> None:
        self._read = rows
        self._suite = rows.resolved.spec
        self._resolved = rows.resolved
        self._stages = StageList(self._suite, read_inputs)
        self._data = DataStages(rows, self._stages)
        self._backbone_keys: dict[str, str] = {}
        self._cells: list[Cell] = []

    def build(self) -> Plan:
        for name in self._suite.backbones:
            for recipe in self._resolved.recipes:
                for seed in self._suite.seeds:
                    self._add_row(self._resolved.backbones[name], recipe, seed)
        return Plan(suite=self._suite.name, stages=self._stages.stages, cells=tuple(self._cells))

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
            score = self._stages.add(
                Phase.SCORE,
                handle,
                params.ScoreParams.of(task, "predictions", self._data.languages(task)),
                {"predictions": predictions, "labels": self._data.scored(task, "labels")},
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
                    baseline=self._data.baseline(task),
                )
            )

    def _intermediate(self, backbone: BackboneSpec, recipe: RecipeSpec, seed: int, checkpoint: str) -> str:
        tasks = [self._resolved.tasks[name] for name in recipe.tasks]
        hypers = {task.name: self._hyper(task, backbone, phase="intermediate") for task in tasks}
        hyper = self._resolved.training.mixture_hyper() if len(tasks) > 1 else hypers[tasks[0].name]
        learned = (
            params.LearnedTask(**dict(params.model_task(task, hypers[task.name])), head=recipe.heads.get(task.name))
            for task in tasks
        )
        mlm: MlmValues | None = None
        translations: dict[str, tuple[str, ...]] | None = None
        inputs = {"checkpoint": checkpoint} | {f"rows:{task.name}": self._data.rows(task) for task in tasks}
        size = sum(
            cost.training_cost(backbone, task.type, self._data.rows_expected(task, "train"), hyper) for task in tasks
        )
        if recipe.mlm:
            assert self._suite.mlm is not None, recipe.name
            mlm = MlmValues(**self._suite.mlm.model_dump(exclude={"corpus"}, exclude_none=True))
            inputs["corpus"] = self._data.corpus(self._suite.mlm.corpus)
            size *= 1 + mlm.ratio
        if recipe.translated:
            languages = {task.name: translated_languages(self._suite, task) for task in tasks}
            translations = {name: into for name, into in languages.items() if into}
            inputs |= {f"translated:{task.name}": self._data.translated(task) for task in tasks if languages[task.name]}
            size *= 2
        handle = f"intermediate/{backbone.name}/{recipe.name}/s{seed}"
        trained = params.IntermediateParams(
            tasks=tuple(learned),
            mixing=self._suite.mixing,
            hyper=params.training_hyper(hyper),
            mlm=mlm,
            translated=translations,
        )
        return self._stages.add(Phase.INTERMEDIATE, handle, trained, inputs, seed=seed, backbone=backbone, size=size)

    def _finetune(
        self, backbone: BackboneSpec, recipe: RecipeSpec, target: TaskSpec, seed: int, checkpoint: str
    ) -> str:
        """The model of a target; targets that are trained and selected on the same rows share it."""
        assert target.trained_on is not None, target.name
        task = self._resolved.tasks[target.trained_on]
        hyper = self._hyper(task, backbone)
        return self._stages.add(
            Phase.FINETUNE,
            f"finetune/{backbone.name}/{recipe.name}/{task.name}/s{seed}",
            params.FinetuneParams(task=params.model_task(task, hyper), hyper=params.training_hyper(hyper)),
            {"checkpoint": checkpoint, f"rows:{task.name}": self._data.rows(task, target.held_out)},
            seed=seed,
            transient=("encoder/*", "heads/*"),
            size=cost.training_cost(backbone, task.type, self._data.rows_expected(task, "train"), hyper),
            backbone=backbone,
        )

    def _predict(self, backbone: BackboneSpec, recipe: RecipeSpec, task: TaskSpec, seed: int, train: str) -> str:
        languages = self._data.languages(task)
        return self._stages.add(
            Phase.PREDICT,
            f"predict/{backbone.name}/{recipe.name}/{task.name}/s{seed}",
            params.PredictParams(task=params.model_task(task, self._hyper(task, backbone)), languages=languages),
            {"checkpoint": train, "inputs": self._data.scored(task, "inputs")},
            size=cost.prediction_cost(backbone, task.type, self._data.rows_expected(task, "test")),
            backbone=backbone,
        )

    def _retrieve(self, backbone: BackboneSpec, recipe: RecipeSpec, task: TaskSpec, seed: int, checkpoint: str) -> str:
        languages = self._data.languages(task)
        inputs = {"checkpoint": checkpoint, "inputs": self._data.scored(task, "inputs")}
        dev = self._read.tuning(task.name)
        sampled: tuple[str, ...] | None = None
        if dev != "none":
            # What is chosen is chosen on the validation pairs, which this phase alone sees. Test pairs it never does,
            # unless the suite says that there are no others; then the result is marked.
            split: SplitName = "test" if dev == "scored" else "validation"
            sampled = self._read.required(task.name, split).languages
            inputs |= {
                "dev": self._data.scored(task, "inputs", split),
                "dev_labels": self._data.scored(task, "labels", split),
            }
        return self._stages.add(
            Phase.RETRIEVE,
            f"retrieve/{backbone.name}/{recipe.name}/{task.name}/s{seed}",
            params.RetrieveParams(
                task=params.model_task(task, self._hyper(task, backbone)),
                languages=languages,
                dev=dev,
                dev_languages=sampled,
            ),
            inputs,
            size=2 * cost.prediction_cost(backbone, task.type, self._data.rows_expected(task, "test")),
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
        inputs: dict[str, str] = {}
        seed = 0
        match source.kind:
            case "package":
                inputs["source"] = self._data.fetch(source, spec)
            case "scratch":
                inputs["corpus"], seed = self._data.corpus(source.corpus), source.seed
            case _:
                inputs["source"] = self._data.fetch_snapshot(spec)
        return self._stages.add(
            Phase.CONVERT,
            f"convert/{spec.name}",
            params.ConvertParams.of(spec),
            inputs,
            seed=seed,
            expected=params.claims(spec),
            backbone=spec,
            size=5,
        )

    def _pretrain(self, spec: BackboneSpec, pretrain: PretrainSpec, checkpoint: str) -> str:
        pieces = pretrain.steps * pretrain.batch_size * pretrain.block_length
        return self._stages.add(
            Phase.PRETRAIN,
            f"pretrain/{spec.name}",
            params.PretrainParams.of(pretrain),
            {"checkpoint": checkpoint, "corpus": self._data.corpus(pretrain.corpus)},
            seed=pretrain.seed,
            size=cost.pretraining_cost(spec, pieces),
            backbone=spec,
        )

    def _hyper(
        self,
        task: TaskSpec,
        backbone: BackboneSpec,
        *,
        phase: Literal["intermediate", "finetune"] = "finetune",
    ) -> RecipeHyper:
        overrides = self._suite.hyper.get(task.name)
        hyper = self._resolved.training.hyper(task.name, task.type, overrides, phase=phase)
        longest = backbone.max_length or hyper.max_length
        return hyper if hyper.max_length <= longest else hyper.model_copy(update={"max_length": longest})
