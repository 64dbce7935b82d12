"""The rows of one split: the form they are read in, their files by language, and what is there of a task alone."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from harness.data.locate import filled, find_source, source_files
from harness.specs.catalog import Catalog
from harness.specs.task import RETRIEVAL_TYPES, JoinedTask, RowsSource, SplitName, SplitSpec, TaskSpec
from tasks.errors import UserError

Tuning = Literal["none", "sample", "scored"]
#: The name of a task's translated training rows among its splits.
TRANSLATIONS = "translations"


@dataclass(frozen=True, kw_only=True)
class SplitRows:
    """The rows of one split of a task, as they are read.

    Attributes:
        task: whose rows they are.
        split: what they are read as: ``train``, ``validation``, ``test`` or ``translations``.
        scored_as: the split whose rows these really are (``test``, or what stands in for it).
        languages: in which they are read.
        source: the form of the release that is read; None where rows are generated or taken from the training rows.
        files: by language, relative to the data directory; of rows that are not there those that are looked for first.
        found: whether all files are there.
        own: whether the suite itself names the files, in the place of the task's.
        why: the suite's words for a stand-in.
        parts: of a task that joins others, the same of each of these.
    """

    task: TaskSpec
    split: str
    scored_as: str
    spec: SplitSpec
    languages: tuple[str, ...]
    source: RowsSource | None = None
    files: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    found: bool = False
    own: bool = False
    why: str | None = None
    parts: tuple[SplitRows, ...] = ()

    @property
    def lines(self) -> tuple[SplitRows, ...]:
        """The rows of each part; those of a task that joins none are one."""
        return self.parts or (self,)

    @property
    def paths(self) -> list[str]:
        """All files, each once."""
        return list(dict.fromkeys(path for line in self.lines for group in line.files.values() for path in group))

    @property
    def differs(self) -> str | None:
        """What the rows that are read have otherwise than the published ones."""
        return self.source.differs if self.source is not None and self.found else None

    def to_json(self, digests: Mapping[str, str]) -> dict[str, Any]:
        """The form in stage parameters: formats and contents, never where the data directory lies."""
        if self.parts:
            return {"join": [{"task": part.task.name, **part.to_json(digests)} for part in self.parts]}
        if self.spec.from_train is not None:
            return {"from_train": self.spec.from_train}
        if self.source is None:
            return {
                "generator": self.spec.generator,
                "task": self.task.name,
                "split": self.scored_as,
                "rows": self.spec.rows,
            }
        files = {
            lang: [{"path": path, "sha256": digests[path]} for path in paths] for lang, paths in self.files.items()
        }
        part = {} if self.spec.part is None else {"part": self.spec.part.model_dump()}
        return {"format": self.source.format, "files": files, **part}


def located(rows: SplitRows, languages: Iterable[str], folder: Path | None) -> SplitRows:
    """The rows of one task with their files, from a source that is there in all of some languages, theirs included."""
    sources = rows.spec.sources()
    if not sources:
        return dataclasses.replace(rows, found=True)
    found = None if folder is None else find_source(rows.spec, languages, rows.task.codes, folder)
    if found is not None:
        files = {language: found.files[language] for language in rows.languages}
        return dataclasses.replace(rows, source=found.source, files=files, found=True)
    files = {language: first_files(rows.task, rows.spec, language) for language in rows.languages}
    return dataclasses.replace(rows, source=sources[0], files=files)


def first_files(task: TaskSpec, spec: SplitSpec, language: str) -> tuple[str, ...]:
    """Where the files of a split in a language are looked for first.

    Raises:
        SpecError: a pattern holds an unknown placeholder.
    """
    return tuple(filled(pattern, language, task.codes, where=f"task {task.name}") for pattern in spec.files)


def split_rows(task: TaskSpec, split: SplitName, languages: Iterable[str], folder: Path | None) -> SplitRows:
    """A task's own split in some languages."""
    rows = SplitRows(task=task, split=split, scored_as=split, spec=task.splits[split], languages=tuple(languages))
    return located(rows, rows.languages, folder)


def task_rows(task: TaskSpec, catalog: Catalog, folder: Path | None) -> Iterator[SplitRows]:
    """All splits of a task in all its languages, and those of what trains it."""
    for part in task.parts if isinstance(task, JoinedTask) else (task,):
        for name, spec in part.splits.items():
            languages: tuple[str, ...] = ("en",)
            if name == "test" or part.type in RETRIEVAL_TYPES:
                languages = part.languages if name == "test" else spec.languages or part.languages
            yield split_rows(part, name, languages, folder)
    if task.trained_on is not None and task.trained_on != task.name:
        yield from task_rows(catalog.task(task.trained_on), catalog, folder)


def tuning(scored: SplitRows | None, sample: SplitRows | None) -> Tuning:
    """What retrieval is tuned on: a sample of its own, nothing, or the very rows that are scored.

    The last is so where a suite lets one split stand in for both; its result is an oracle's.
    """
    if sample is None or scored is None:
        return "none"
    if sample.spec.generator:
        same = sample.scored_as == scored.scored_as
    else:
        same = not set(sample.paths).isdisjoint(scored.paths)
    return "scored" if same else "sample"


def possible_languages(task: TaskSpec, split: str, spec: SplitSpec) -> tuple[str, ...]:
    """The languages in which a split can be there, whether anything reads it in them or not."""
    if split == TRANSLATIONS:
        return task.translated.languages if task.translated is not None else ()
    return spec.languages or task.languages


def partly_there(task: TaskSpec, folder: Path) -> bool:
    """Whether some source of every split of a task is there in some language."""
    return all(
        any(
            source_files(source, folder, language, task.codes)
            for source in spec.sources()
            for language in possible_languages(task, name, spec)
        )
        for name, spec in task.splits.items()
        if spec.files
    )


def retrieval_rows(task: TaskSpec, folder: Path, languages: Sequence[str]) -> tuple[SplitRows, SplitRows | None]:
    """What can be scored of a target without training, and the sample that it is tuned on, as far as they are there.

    Of several sources of a split the one with the most languages counts, then the first. Where only one of the two
    splits is there, and the sample has no languages of its own, it is read as both.

    Args:
        task: the target.
        folder: the data directory.
        languages: those to score; all that have files if empty.

    Raises:
        UserError: a language is none of the task's, or has no files.
    """
    unknown = [language for language in languages if language not in task.languages]
    if unknown:
        raise UserError(
            f"'{unknown[0]}' is no language of {task.name}",
            where="--languages",
            remedy=f"use some of {', '.join(task.languages)}",
        )
    own = task.splits["validation"].languages
    test, sample = _most(task, "test", task.languages, folder), _most(task, "validation", own or task.languages, folder)
    if own is None and not test.files and sample.files:
        test = sample
    elif own is None and not set(languages or test.files) <= set(sample.files):
        sample = test
    scored = [name for name in task.languages if name in test.files and name in (languages or test.files)]
    lost = [language for language in languages if language not in test.files]
    if lost or not scored:
        wanted = task.splits["test"].files[0]
        missing = f"there are no files of '{lost[0]}'" if lost else f"there are no files of {task.name}"
        raise UserError(missing, where=str(folder), remedy=f"they are named like {wanted}")
    return _within(test, scored), _within(sample, sample.files if own else scored) if sample.files else None


def _most(task: TaskSpec, split: SplitName, languages: Iterable[str], folder: Path) -> SplitRows:
    """A split in one form of the release, in the languages that it is there in; without files where there is none."""
    spec = task.splits[split]
    rows = SplitRows(task=task, split=split, scored_as=split, spec=spec, languages=())
    for source in spec.sources():
        looked = {language: source_files(source, folder, language, task.codes) for language in languages}
        files = {language: paths for language, paths in looked.items() if paths}
        if len(files) > len(rows.files):
            rows = dataclasses.replace(rows, source=source, languages=tuple(files), files=files, found=True)
    return rows


def _within(rows: SplitRows, languages: Iterable[str]) -> SplitRows:
    kept = tuple(languages)
    return dataclasses.replace(rows, languages=kept, files={language: rows.files[language] for language in kept})
