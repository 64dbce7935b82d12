"""Which rows a suite reads for each split of each task: the task's own, or the suite's stand-in."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from harness.errors import SpecError
from harness.specs.catalog import ResolvedSuite
from harness.specs.suite import SuiteSpec
from harness.specs.task import RETRIEVAL_TYPES, SplitName, SplitSpec, TaskSpec


@dataclass(frozen=True, kw_only=True)
class SplitUse:
    """The rows of one split as the suite reads them.

    Attributes:
        scored_as: the split whose rows these really are ("test", or what stands in for it).
        languages: of the rows.
        files: release files by language, relative to the data directory; empty for generated splits.
        why: the suite's words for a stand-in.
    """

    task: str
    split: SplitName
    scored_as: SplitName
    spec: SplitSpec
    languages: tuple[str, ...]
    files: dict[str, tuple[str, ...]] = field(default_factory=dict)
    why: str | None = None

    def to_json(self, digests: Mapping[str, str]) -> dict[str, Any]:
        """The form in stage parameters: formats and contents, never where the data directory lies."""
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
        return {"format": self.spec.format, "files": files}


def split_use(suite: SuiteSpec, task: TaskSpec, split: SplitName) -> SplitUse | None:
    """The rows a suite reads for a split, or None if the task has none."""
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
    languages: tuple[str, ...] = ("en",)
    if split == "test":
        languages = scored_languages(suite, task)
    elif task.type in RETRIEVAL_TYPES:
        languages = spec.languages or scored_languages(suite, task)
    files = {lang: _paths(task, spec, lang) for lang in languages} if spec.files else {}
    return SplitUse(
        task=task.name, split=split, scored_as=scored_as, spec=spec, languages=languages, files=files, why=why
    )


def translated_languages(suite: SuiteSpec, task: TaskSpec) -> tuple[str, ...]:
    """The languages in which ``+translated`` adds rows of a task, in the suite's order; none if it has none."""
    use = suite.translated
    if use is None or task.translated is None or (use.tasks is not None and task.name not in use.tasks):
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
        splits: Iterable[SplitName] = ("test",) if task.name in resolved.spec.targets else ()
        if task.role == "intermediate" or any(other.trained_on == task.name for other in resolved.tasks.values()):
            splits = (*splits, "train", "validation")
        elif task.type in RETRIEVAL_TYPES and splits:
            splits = (*splits, "validation")
        paths: dict[str, None] = {}
        for split in splits:
            use = split_use(resolved.spec, task, split)
            paths.update(dict.fromkeys(path for group in (use.files if use else {}).values() for path in group))
        if any(recipe.translated and task.name in recipe.tasks for recipe in resolved.recipes) and task.translated:
            use = translated_use(task, translated_languages(resolved.spec, task))
            paths.update(dict.fromkeys(path for group in use.files.values() for path in group))
        if paths:
            found[task.name] = list(paths)
    return found


def _paths(task: TaskSpec, spec: SplitSpec, language: str) -> tuple[str, ...]:
    code = task.codes.get(language, language)
    try:
        return tuple(pattern.format(lang=language, code=code) for pattern in spec.files)
    except (KeyError, IndexError) as error:
        raise SpecError(
            f"file pattern uses an unknown placeholder {error}",
            where=f"task {task.name}",
            remedy="only {lang} and {code} are filled in",
        ) from error
