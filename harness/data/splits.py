"""Which rows a suite reads for each split of each task: the task's own, or the suite's stand-in."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from harness.errors import SpecError
from harness.specs.corpus import ArticlesText, LocatedArticles
from harness.specs.resolve import ResolvedSuite
from harness.specs.suite import SuiteSpec
from harness.specs.task import (
    RETRIEVAL_TYPES,
    TRANSLATABLE_TYPES,
    JoinedTask,
    LocatedSplit,
    SplitName,
    SplitSpec,
    TaskSpec,
)


@dataclass(frozen=True, kw_only=True)
class SplitUse:
    """The rows of one split as the suite reads them.

    Attributes:
        scored_as: the split whose rows these really are ("test", or what stands in for it).
        languages: of the rows.
        files: release files by language, relative to the data directory; empty for generated splits.
        why: the suite's words for a stand-in.
        parts: of a task that joins others, the same of each of these.
    """

    task: str
    split: SplitName
    scored_as: SplitName
    spec: SplitSpec
    languages: tuple[str, ...]
    files: dict[str, tuple[str, ...]] = field(default_factory=dict)
    why: str | None = None
    parts: tuple[SplitUse, ...] = ()

    @property
    def paths(self) -> list[str]:
        """All files, each once."""
        own = [path for group in self.files.values() for path in group]
        return list(dict.fromkeys([*own, *(path for part in self.parts for path in part.paths)]))

    def to_json(self, digests: Mapping[str, str]) -> dict[str, Any]:
        """The form in stage parameters: formats and contents, never where the data directory lies."""
        if self.parts:
            return {"join": [{"task": part.task, **part.to_json(digests)} for part in self.parts]}
        if self.spec.from_train is not None:
            return {"from_train": self.spec.from_train}
        if self.spec.generator:
            return {
                "generator": self.spec.generator,
                "task": self.task,
                "split": self.scored_as,
                "rows": self.spec.rows,
            }
        files = {
            lang: [{"path": path, "sha256": digests[path]} for path in paths] for lang, paths in self.files.items()
        }
        part = {} if self.spec.part is None else {"part": self.spec.part.model_dump()}
        return {"format": self.spec.format, "files": files, **part}


def split_use(suite: SuiteSpec, task: TaskSpec, split: SplitName) -> SplitUse | None:
    """The rows a suite reads for a split, or None if the task has none.

    Raises:
        SpecError: a stand-in that cannot stand in for the split.
    """
    if isinstance(task, JoinedTask) and split not in suite.stand_ins.get(task.name, {}):
        uses = [use for part in task.parts if (use := split_use(suite, part, split)) is not None]
        if not uses:
            return None
        first = uses[0]
        return SplitUse(
            task=task.name, split=split, scored_as=split, spec=first.spec, languages=first.languages, parts=tuple(uses)
        )
    stand_in = suite.stand_ins.get(task.name, {}).get(split)
    scored_as: SplitName = split
    spec = task.splits.get(split)
    why = stand_in.why if stand_in else None
    if stand_in is not None and stand_in.use is not None:
        scored_as, spec = stand_in.use, task.splits[stand_in.use]
        if spec.from_train is not None:
            raise SpecError(
                f"'{stand_in.use}' is a part of the training rows and cannot stand in for '{split}'",
                where=f"suite {suite.name}, field 'stand_ins.{task.name}.{split}'",
                remedy="name another split, or files",
            )
    elif stand_in is not None:
        spec = stand_in.split
    if spec is None:
        return None
    languages = split_languages(suite, task, split, spec)
    files = {lang: _paths(task, spec, lang) for lang in languages} if spec.files else {}
    return SplitUse(
        task=task.name, split=split, scored_as=scored_as, spec=spec, languages=languages, files=files, why=why
    )


def split_languages(suite: SuiteSpec, task: TaskSpec, split: SplitName, spec: SplitSpec) -> tuple[str, ...]:
    """The languages a split is read in: what trains or selects is English, whatever languages a task has."""
    if split == "test":
        return scored_languages(suite, task)
    if task.type in RETRIEVAL_TYPES:
        return spec.languages or scored_languages(suite, task)
    return ("en",)


def translated_languages(suite: SuiteSpec, task: TaskSpec) -> tuple[str, ...]:
    """The languages in which ``+translated`` adds rows of a task, in the suite's order; none if it has none."""
    use = suite.translated
    if use is None or (use.tasks is not None and task.name not in use.tasks):
        return ()
    if use.by is not None:
        return use.languages if task.type in TRANSLATABLE_TYPES else ()
    return languages_in_files(suite, task)


def languages_in_files(suite: SuiteSpec, task: TaskSpec) -> tuple[str, ...]:
    """The same, where translations are read from files and not made."""
    use = suite.translated
    if use is None or use.by is not None or task.translated is None:
        return ()
    if use.tasks is not None and task.name not in use.tasks:
        return ()
    return tuple(language for language in use.languages if language in task.translated.languages)


def translated_use(task: TaskSpec, languages: Iterable[str]) -> SplitUse:
    """The translations of a task's training rows in some of its languages."""
    assert task.translated is not None, task.name
    spec, wanted = task.translated.split, tuple(languages)
    files = {} if spec.generator else {language: _paths(task, spec, language) for language in wanted}
    return SplitUse(task=task.name, split="train", scored_as="train", spec=spec, languages=wanted, files=files)


def tuning_use(suite: SuiteSpec, task: TaskSpec) -> Literal["none", "sample", "scored"]:
    """What retrieval is tuned on: a sample of its own, nothing, or the very rows that are scored.

    The last is so where the suite lets one split stand in for both; its result is an oracle's.
    """
    scored, sample = split_use(suite, task, "test"), split_use(suite, task, "validation")
    if sample is None or scored is None:
        return "none"
    if sample.spec.generator:
        same = sample.scored_as == scored.scored_as
    else:
        files = {path for paths in scored.files.values() for path in paths}
        same = any(path in files for paths in sample.files.values() for path in paths)
    return "scored" if same else "sample"


def scored_languages(suite: SuiteSpec, task: TaskSpec) -> tuple[str, ...]:
    """The languages the suite scores, in the task's order."""
    limits = suite.task_limits.get(task.name)
    if limits is None or limits.languages is None:
        return task.languages
    return tuple(language for language in task.languages if language in limits.languages)


def data_files(resolved: ResolvedSuite) -> dict[str, list[str]]:
    """Every release file the suite reads, by task."""
    found: dict[str, list[str]] = {}
    for task in resolved.tasks.values():
        paths: dict[str, None] = {}
        for split in splits_read(resolved, task):
            use = split_use(resolved.spec, task, split)
            paths.update(dict.fromkeys(use.paths if use else ()))
        translations = languages_in_files(resolved.spec, task)
        if any(recipe.translated and task.name in recipe.tasks for recipe in resolved.recipes) and translations:
            use = translated_use(task, translations)
            paths.update(dict.fromkeys(use.paths))
        if paths:
            found[task.name] = list(paths)
    for corpus in resolved.corpora.values():
        articles = [articles_use(source) for source in corpus.sources if isinstance(source, ArticlesText)]
        paths = dict.fromkeys(path for use in articles for files in use.paths.values() for path in files)
        if paths:
            found[f"corpus {corpus.name}"] = list(paths)
    return found


def articles_use(source: ArticlesText) -> LocatedArticles:
    """Articles as they were found; not looked for, they are text files of equal sizes where they are expected first."""
    if isinstance(source, LocatedArticles):
        return source
    paths: dict[str, tuple[str, ...]] = {name: (first_files(source, name),) for name in source.languages}
    sizes = dict.fromkeys(source.languages, 1)
    form: Literal["file_articles", "text_articles"] = "file_articles" if source.whole else "text_articles"
    return LocatedArticles(**source.model_dump(), format=form, paths=paths, sizes=sizes)


def first_files(source: ArticlesText, language: str) -> str:
    """Where text in a language is looked for first."""
    return source.files[0].format(lang=language)


def foreign_files(resolved: ResolvedSuite) -> dict[str, str]:
    """Files of rows in other languages than English, with the language: none of them may train or select."""
    found: dict[str, str] = {}
    for task in resolved.tasks.values():
        for spec in task.splits.values():
            if not spec.files:
                continue
            english = set(_paths(task, spec, "en"))  # files that hold all languages are told apart by their readers
            for language in (*task.languages, *(spec.languages or ())):
                if language != "en":
                    paths = _paths(task, spec, language)
                    found.update({path: language for path in paths if path not in english})
    return found


def splits_read(resolved: ResolvedSuite, task: TaskSpec) -> tuple[SplitName, ...]:
    """The splits of a task that the suite reads."""
    scored: tuple[SplitName, ...] = ("test",) if task.name in resolved.spec.targets else ()
    if task.type in RETRIEVAL_TYPES:
        return (*scored, "validation") if scored else ()
    learners = [other for other in resolved.tasks.values() if other.trained_on == task.name]
    mixed = any(task.name in recipe.tasks for recipe in resolved.recipes)
    read = any(
        source.kind == "rows" and source.task == task.name
        for corpus in resolved.corpora.values()
        for source in corpus.sources
    )
    if not (learners or mixed or read):
        return scored
    selects = mixed or any(other.held_out is None for other in learners)
    return (*scored, "train", "validation") if selects else (*scored, "train")


def _paths(task: TaskSpec, spec: SplitSpec, language: str) -> tuple[str, ...]:
    if isinstance(spec, LocatedSplit):
        return spec.paths.get(language, ())
    code = task.codes.get(language, language)
    try:
        return tuple(pattern.format(lang=language, code=code) for pattern in spec.files)
    except (KeyError, IndexError) as error:
        raise SpecError(
            f"file pattern uses an unknown placeholder {error}",
            where=f"task {task.name}",
            remedy="only {lang} and {code} are filled in",
        ) from error
