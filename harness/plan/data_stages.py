"""The stages of a plan that fetch and prepare: rows, translations, what is scored, corpora."""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any, Concatenate, Literal, ParamSpec

from harness.data.articles import LocatedArticles
from harness.data.rows import TRANSLATIONS, SplitRows
from harness.data.suite_rows import SuiteRows, scored_languages, translated_languages
from harness.errors import SpecError
from harness.plan import cost, data_params
from harness.plan.cost import expected_rows
from harness.plan.params import ScoreParams, task_params
from harness.plan.stage import Phase
from harness.plan.stage_list import StageList
from harness.specs.backbone import BackboneSpec
from harness.specs.corpus import PackageText
from harness.specs.source import FolderSource, HubSource, PackageSource
from harness.specs.task import RETRIEVAL_TYPES, SplitName, TaskSpec
from harness.specs.translator import TranslatorSpec

#: To fetch a few files; of a large model it is so much for each ten million parameters.
_FETCH_SECONDS = 5.0

P = ParamSpec("P")


def scored_params(
    task: TaskSpec,
    use: SplitRows,
    kind: Literal["inputs", "labels"],
    digests: Mapping[str, str],
    limit: int | None,
) -> data_params.ScoredParams:
    """Preparing one half of the rows that are scored; ``digests``: SHA-256 of release files by path."""
    return data_params.ScoredParams(
        kind=kind, task=task_params(task), split=use.to_json(digests), languages=use.languages, limit=limit
    )


def _once_a_task(
    method: Callable[Concatenate[DataStages, TaskSpec, P], str],
) -> Callable[Concatenate[DataStages, TaskSpec, P], str]:
    """Add a stage that stands on a task alone once, not for every row of the grid; later calls give its key."""

    @wraps(method)
    def known(self: DataStages, task: TaskSpec, /, *args: P.args, **kwargs: P.kwargs) -> str:
        asked = (method.__name__, task.name, args, tuple(sorted(kwargs.items())))
        if asked not in self.of_tasks:
            self.of_tasks[asked] = method(self, task, *args, **kwargs)
        return self.of_tasks[asked]

    return known


class DataStages:
    """Adds what is fetched and prepared: rows, translations, scored rows and corpora; each method gives a key."""

    def __init__(self, rows: SuiteRows, stages: StageList) -> None:
        self.of_tasks: dict[object, str] = {}
        self._read = rows
        self._suite = rows.resolved.spec
        self._resolved = rows.resolved
        self._stages = stages
        self._digests = stages.inputs.data

    def fetch(self, source: PackageSource | PackageText, backbone: BackboneSpec | None = None) -> str:
        params = data_params.FetchPackage(package=source.package, version=source.version, sha256=source.sha256)
        return self._stages.add(
            Phase.FETCH, f"fetch/{source.package}", params, {}, size=_FETCH_SECONDS, backbone=backbone
        )

    def fetch_snapshot(self, spec: BackboneSpec | TranslatorSpec) -> str:
        """The files of a backbone or a translator: of the hub at a commit, or of a folder by what is in it."""
        source = spec.source
        weighs = None if isinstance(spec, BackboneSpec) else float(spec.parameters)
        backbone = spec if isinstance(spec, BackboneSpec) else None
        if isinstance(source, FolderSource):
            params = data_params.FetchFolder(files=dict(self._stages.inputs.folders[source.path]))
            return self._stages.add(
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
        return self._stages.add(
            Phase.FETCH,
            f"fetch/{source.id}",
            data_params.FetchRepository.of(source),
            {},
            expected=self._stages.inputs.expected.get(spec.name),
            size=_FETCH_SECONDS * (spec.parameters or 1e8) / 1e7,
            backbone=backbone,
            weighs=weighs,
        )

    @_once_a_task
    def rows(self, task: TaskSpec, held_out: float | None = None) -> str:
        """English training and validation rows, without what is scored in a target of the same type.

        With ``held_out``, that share of the training rows' units validates, and the validation split is not read.
        """
        splits: dict[str, dict[str, Any]] = {}
        read: tuple[SplitName, ...] = ("train", "validation") if held_out is None else ("train",)
        for split in read:
            use = self._read.split(task.name, split) if split != "train" else self._read.required(task.name, split)
            if use is not None:
                self._refuse_foreign(use)
                splits[split] = use.to_json(self._digests) | {"limit": self._suite.limit(task.name, split)}
        if held_out is not None:
            splits["validation"] = {"from_train": held_out, "limit": self._suite.limit(task.name, "validation")}
        scored = [self._resolved.tasks[name] for name in self._suite.targets]
        exclude = {
            f"exclude:{other.name}": self.passages(other)
            for other in scored
            if other.type == task.type and self._scores_english(other)
        }
        return self._stages.add(
            Phase.PREPARE,
            f"prepare/rows/{task.name}" + ("" if held_out is None else "/held-out"),
            data_params.RowsParams(task=task_params(task), splits=splits),
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

    def translated(self, task: TaskSpec) -> str:
        """Translations of the English training rows that are kept, whatever was left out of those and why."""
        languages = translated_languages(self._suite, task)
        assert self._suite.translated is not None, task.name
        if self._resolved.translator is not None:
            return self._made(task, self._resolved.translator, languages, self._suite.translated.rows(task.name))
        use = self._read.required(task.name, TRANSLATIONS)
        params = data_params.TranslatedParams(
            task=task_params(task),
            split=use.to_json(self._digests),
            languages=languages,
            limit=self._suite.translated.rows(task.name),
        )
        inputs = {"rows": self.rows(task)}
        return self._stages.add(Phase.PREPARE, f"prepare/translated/{task.name}", params, inputs, needs_data=True)

    def _made(self, task: TaskSpec, translator: TranslatorSpec, languages: tuple[str, ...], limit: int | None) -> str:
        """Translations that a model makes of the English training rows that are kept."""
        params = data_params.MadeParams(
            task=task_params(task),
            languages=languages,
            limit=limit,
            translator=data_params.TranslatorParams.of(translator, languages),
        )
        inputs = {"rows": self.rows(task), "translator": self.fetch_snapshot(translator)}
        rows = min(limit or sys.maxsize, self.rows_expected(task, "train")) * len(languages)
        return self._stages.add(
            Phase.PREPARE,
            f"prepare/translated/{task.name}",
            params,
            inputs,
            size=cost.translation_cost(translator, task.type, rows),
            weighs=float(translator.parameters),
            computes=True,
        )

    @_once_a_task
    def scored(self, task: TaskSpec, kind: Literal["inputs", "labels"], split: SplitName = "test") -> str:
        """Inputs, or labels, of the test split: two artifacts, so that no model stage can be handed the answers.

        The same of a validation split that is in other languages than English (bitext mining).
        """
        use = self._read.required(task.name, split)
        params = scored_params(task, use, kind, self._digests, self._suite.limit(task.name, split))
        part = kind if split == "test" else f"{split}-{kind}"
        return self._stages.add(Phase.PREPARE, f"prepare/{part}/{task.name}", params, {}, needs_data=True)

    def _scores_english(self, task: TaskSpec) -> bool:
        """Whether English text is scored: rows in English, or in retrieval the English side of every pair."""
        return "en" in self.languages(task) or task.type in RETRIEVAL_TYPES

    @_once_a_task
    def passages(self, task: TaskSpec) -> str:
        """The English text of a scored split in full: what training must not hold, whatever part of it is scored."""
        scored = self.languages(task)
        languages = ("en",) if "en" in scored else scored
        use = self._read.required(task.name, "test")
        files = {language: use.files[language] for language in languages} if use.files else {}
        use = dataclasses.replace(use, files=files, languages=languages)
        params = scored_params(task, use, "inputs", self._digests, None)
        return self._stages.add(Phase.PREPARE, f"prepare/passages/{task.name}", params, {}, needs_data=True)

    @_once_a_task
    def texts(self, task: TaskSpec) -> str:
        """All that is scored, in every language: what no corpus of articles may hold as a paragraph."""
        use = self._read.required(task.name, "test")
        params = scored_params(task, use, "inputs", self._digests, None)
        return self._stages.add(Phase.PREPARE, f"prepare/texts/{task.name}", params, {}, needs_data=True)

    @_once_a_task
    def baseline(self, task: TaskSpec) -> str:
        inputs = {"inputs": self.scored(task, "inputs"), "labels": self.scored(task, "labels")}
        if task.trained_on is not None:
            inputs["rows"] = self.rows(self._resolved.tasks[task.trained_on], task.held_out)
        params = ScoreParams.of(task, "baseline", self.languages(task))
        return self._stages.add(Phase.SCORE, f"score/baseline/{task.name}", params, inputs)

    def corpus(self, name: str) -> str:
        spec = self._resolved.corpora[name]
        inputs: dict[str, str] = {}
        sources: list[data_params.TextFiles] = []
        for source in spec.sources:
            if source.kind == "package":
                inputs[f"fetch:{source.package}"] = self.fetch(source)
                sources.append(data_params.PackageFiles(package=source.package, include=source.include))
            elif source.kind == "articles":
                sources.append(self._articles(self._read.articles[name]))
                inputs |= {
                    f"exclude:{target}": self.texts(self._resolved.tasks[target]) for target in self._suite.targets
                }
            elif source.kind == "rows":
                task = self._resolved.tasks[source.task]
                use = self._read.required(source.task, "train")
                sources.append(data_params.RowTexts(task=task_params(task), split=use.to_json(self._digests)))
                inputs |= {
                    f"exclude:{target}": self.passages(self._resolved.tasks[target])
                    for target in self._suite.targets
                    if self._scores_english(self._resolved.tasks[target])
                }
            else:
                sources.append(source)
        params = data_params.CorpusParams(sources=tuple(sources), max_characters=spec.max_characters)
        return self._stages.add(Phase.PREPARE, f"prepare/corpus/{name}", params, inputs, needs_data=True)

    def _articles(self, use: LocatedArticles) -> data_params.ArticleFiles:
        """Articles as the stage is told of them: which files, and how much text each language has in all."""
        files = {
            language: tuple(data_params.DataFile(path=path, sha256=self._digests[path]) for path in paths)
            for language, paths in use.paths.items()
        }
        return data_params.ArticleFiles(
            format=use.format,
            files=files,
            sizes=dict(use.sizes),
            max_characters=use.source.max_characters,
            columns=(use.source.id_column, use.source.text_column),
            whole=use.source.whole,
        )

    def rows_expected(self, task: TaskSpec, split: SplitName) -> int:
        return expected_rows(self._read.split(task.name, split), task.type, self._suite.limit(task.name, split))

    def languages(self, task: TaskSpec) -> tuple[str, ...]:
        return scored_languages(self._suite, task)
