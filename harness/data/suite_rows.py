"""Which rows a suite reads: the files of every split by language, whether they are there, and notes on them."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from harness.data.articles import LocatedArticles, located_articles
from harness.data.locate import read_labels
from harness.data.rows import TRANSLATIONS, SplitRows, Tuning, first_files, located, tuning
from harness.errors import SpecError
from harness.specs.corpus import ArticlesText
from harness.specs.resolve import ResolvedSuite
from harness.specs.suite import RecipeSpec, SuiteSpec
from harness.specs.task import RETRIEVAL_TYPES, TRANSLATABLE_TYPES, JoinedTask, SplitName, SplitSpec, TaskSpec
from tasks.errors import DataError


@dataclass(frozen=True, kw_only=True)
class SuiteRows:
    """All rows that a suite reads.

    Attributes:
        asked: the suite as its specs have it.
        folder: the data directory; None where none was looked into.
        splits: by the names of a task and of its split.
        articles: by the name of a corpus.
    """

    asked: ResolvedSuite
    folder: Path | None
    splits: Mapping[tuple[str, str], SplitRows]
    articles: Mapping[str, LocatedArticles]

    @property
    def lines(self) -> tuple[SplitRows, ...]:
        """The rows of every split of every task or part, those of tasks that are left out, too."""
        return tuple(line for rows in self.splits.values() for line in rows.lines)

    def split(self, task: str, split: str) -> SplitRows | None:
        """The rows of a split, or None if the task has none."""
        return self.splits.get((task, split))

    def required(self, task: str, split: str) -> SplitRows:
        """The rows of a split.

        Raises:
            SpecError: the task has none, and nothing stands in for them.
        """
        rows = self.split(task, split)
        if rows is None:
            raise SpecError(
                f"'{task}' has no rows for '{split}'",
                where=f"suite {self.asked.spec.name}",
                remedy=f"give it one under stand_ins.{task}.{split}",
            )
        return rows

    @cached_property
    def left_out(self) -> tuple[TaskSpec, ...]:
        """Tasks that need not be there, and are not."""
        return tuple(task for task in self.asked.tasks.values() if task.optional and not self._found(task))

    def _found(self, task: TaskSpec) -> bool:
        if self.folder is None:
            return True
        lines = [line for line in self.lines if line.task.name == task.name and line.source is not None]
        labels = task.labels_file is None or (self.folder / task.labels_file).is_file()
        return labels and all(line.found for line in lines)

    @cached_property
    def resolved(self) -> ResolvedSuite:
        """The suite as it runs on these rows: without the tasks that are left out, with the labels in the folder.

        Raises:
            DataError: no recipe is left, or a file of labels is not one label a line.
        """
        gone = {task.name for task in self.left_out}
        recipes = tuple(kept for recipe in self.asked.recipes if (kept := self._kept(recipe, gone)) is not None)
        if not recipes:
            raise DataError(
                f"no recipe is left without {', '.join(sorted(gone))}",
                where=str(self.folder),
                remedy=self.left_out[0].optional,
            )
        tasks = {name: self._labelled(task) for name, task in self.asked.tasks.items() if name not in gone}
        return dataclasses.replace(self.asked, recipes=recipes, tasks=tasks)

    def _kept(self, recipe: RecipeSpec, gone: set[str]) -> RecipeSpec | None:
        tasks = tuple(name for name in recipe.tasks if name not in gone)
        if tasks == recipe.tasks:
            return recipe
        without = ", ".join(task.title for task in self.left_out if task.name in recipe.tasks)
        title = f"{recipe.title or recipe.name}, without {without}"
        return RecipeSpec(**{**dict(recipe), "tasks": tasks, "title": title}) if tasks else None

    def _labelled(self, task: TaskSpec) -> TaskSpec:
        if self.folder is None or task.labels_file is None or not (self.folder / task.labels_file).is_file():
            return task
        return type(task)(**{**dict(task), "labels": read_labels(self.folder / task.labels_file)})

    @property
    def notes(self) -> tuple[str, ...]:
        """What is left out, and where rows differ from the published ones."""
        kept = [line for (task, _), rows in self.splits.items() if task in self.resolved.tasks for line in rows.lines]
        differing = [f"{line.task.title}, {line.split}: {line.differs}" for line in kept if line.differs]
        return (*(f"Without {task.title}: {task.optional}" for task in self.left_out), *dict.fromkeys(differing))

    @property
    def stand_in_notes(self) -> tuple[str, ...]:
        """The suite's own words for every stand-in."""
        return tuple(
            f"{self.asked.tasks[name].title}, {split}: {stand_in.why}"
            for name, entries in self.asked.spec.stand_ins.items()
            for split, stand_in in entries.items()
        )

    @property
    def files(self) -> dict[str, list[str]]:
        """Every release file that the suite reads, by task or corpus."""
        read: dict[str, dict[str, None]] = {}
        for (task, _), rows in self.splits.items():
            if task in self.resolved.tasks and rows.paths:
                read.setdefault(task, {}).update(dict.fromkeys(rows.paths))
        for corpus, articles in self.articles.items():
            read[f"corpus {corpus}"] = dict.fromkeys(path for paths in articles.paths.values() for path in paths)
        return {name: list(paths) for name, paths in read.items()}

    @cached_property
    def foreign(self) -> dict[str, str]:
        """Files of rows in other languages than English, with the language: none of them may train or select."""
        found: dict[str, str] = {}
        for task in self.asked.tasks.values():
            for spec in task.splits.values():
                english = set(first_files(task, spec, "en"))  # a reader tells the languages of one file apart
                for language in (*task.languages, *(spec.languages or ())):
                    found.update({path: language for path in first_files(task, spec, language) if path not in english})
        for line in self.lines:
            if not line.own and line.split != TRANSLATIONS:
                english = set(line.files.get("en", ()))
                for language, paths in line.files.items():
                    found.update({path: language for path in paths if path not in english and language != "en"})
        return found

    def tuning(self, task: str) -> Tuning:
        """What retrieval is tuned on; see :func:`tuning`."""
        return tuning(self.split(task, "test"), self.split(task, "validation"))


def suite_rows(resolved: ResolvedSuite, folder: Path | None = None) -> SuiteRows:
    """The rows that a suite reads, and where they are below a data directory.

    Of several sources of a split the first that is there in every language read counts; one that differs in its rows
    counts only where none that does not is there. Splits that take each other's place are read from one source.

    Raises:
        SpecError: a stand-in that cannot stand in for its split, or a file pattern with an unknown placeholder.
        DataError: what ``data fetch`` has left in the folder is broken.
    """
    here = folder if folder is not None and folder.is_dir() else None
    uses: dict[tuple[str, str], SplitRows] = {}
    for task in resolved.tasks.values():
        for split in _splits_read(resolved, task):
            if (rows := _use(resolved.spec, task, split)) is not None:
                uses[task.name, split] = rows
        languages = _languages_in_files(resolved.spec, task)
        if languages and task.translated is not None and _translates(resolved, task):
            uses[task.name, TRANSLATIONS] = SplitRows(
                task=task, split=TRANSLATIONS, scored_as="train", spec=task.translated.split, languages=languages
            )
    together: dict[tuple[str, str, bool], dict[str, None]] = {}
    for rows in uses.values():
        for line in rows.lines:
            together.setdefault(_shared(line), {}).update(dict.fromkeys(line.languages))
    splits = {name: _located(rows, together, here) for name, rows in uses.items()}
    articles = {
        name: located_articles(source, here)
        for name, corpus in resolved.corpora.items()
        for source in corpus.sources
        if isinstance(source, ArticlesText)
    }
    return SuiteRows(asked=resolved, folder=here, splits=splits, articles=articles)


def scored_languages(suite: SuiteSpec, task: TaskSpec) -> tuple[str, ...]:
    """The languages the suite scores, in the task's order."""
    limits = suite.task_limits.get(task.name)
    if limits is None or limits.languages is None:
        return task.languages
    return tuple(language for language in task.languages if language in limits.languages)


def translated_languages(suite: SuiteSpec, task: TaskSpec) -> tuple[str, ...]:
    """The languages in which ``+translated`` adds rows of a task, in the suite's order; none if it has none."""
    use = suite.translated
    if use is None or (use.tasks is not None and task.name not in use.tasks):
        return ()
    if use.by is not None:
        return use.languages if task.type in TRANSLATABLE_TYPES else ()
    return tuple(name for name in use.languages if task.translated and name in task.translated.languages)


def own_splits(suite: SuiteSpec) -> Iterator[tuple[str, SplitName, SplitSpec]]:
    """Splits that a suite names files of its own for, with their tasks."""
    for name, entries in suite.stand_ins.items():
        for split, stand_in in entries.items():
            if stand_in.split is not None:
                yield name, split, stand_in.split


# -- which splits, in which languages ----------------------------------------------------------------------------------


def _splits_read(resolved: ResolvedSuite, task: TaskSpec) -> tuple[SplitName, ...]:
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


def _use(suite: SuiteSpec, task: TaskSpec, split: SplitName) -> SplitRows | None:
    """The rows a suite reads for a split, not looked for yet; None if the task has none."""
    stand_in = suite.stand_ins.get(task.name, {}).get(split)
    if isinstance(task, JoinedTask) and stand_in is None:
        parts = [use for part in task.parts if (use := _use(suite, part, split)) is not None]
        if not parts:
            return None
        return dataclasses.replace(parts[0], task=task, scored_as=split, own=False, why=None, parts=tuple(parts))
    scored_as, spec = split, task.splits.get(split)
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
    return SplitRows(
        task=task,
        split=split,
        scored_as=scored_as,
        spec=spec,
        languages=_split_languages(suite, task, split, spec),
        own=stand_in is not None and stand_in.split is not None,
        why=stand_in.why if stand_in else None,
    )


def _split_languages(suite: SuiteSpec, task: TaskSpec, split: SplitName, spec: SplitSpec) -> tuple[str, ...]:
    """What trains or selects is English, whatever languages a task has."""
    if split == "test":
        return scored_languages(suite, task)
    if task.type in RETRIEVAL_TYPES:
        return spec.languages or scored_languages(suite, task)
    return ("en",)


def _translates(resolved: ResolvedSuite, task: TaskSpec) -> bool:
    return any(recipe.translated and task.name in recipe.tasks for recipe in resolved.recipes)


def _languages_in_files(suite: SuiteSpec, task: TaskSpec) -> tuple[str, ...]:
    """Languages of translations that are read from files and not made."""
    made = suite.translated is None or suite.translated.by is not None
    return () if made else translated_languages(suite, task)


# -- which files -------------------------------------------------------------------------------------------------------


def _shared(line: SplitRows) -> tuple[str, str, bool]:
    """Of lines with equal ones the rows are the same, and come from one source."""
    return line.task.name, line.split if line.own or line.split == TRANSLATIONS else line.scored_as, line.own


def _located(
    rows: SplitRows, together: Mapping[tuple[str, str, bool], Iterable[str]], folder: Path | None
) -> SplitRows:
    """The rows with their files, from a source that is there in all languages in which anything reads them."""
    if not rows.parts:
        return located(rows, together[_shared(rows)], folder)
    parts = tuple(_located(part, together, folder) for part in rows.parts)
    return dataclasses.replace(rows, parts=parts, found=all(part.found for part in parts))
