"""Which tables of the hub a suite or a task needs beyond the rows that are there already."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from harness.data.articles import located_articles
from harness.data.locate import filled, located_split
from harness.data.splits import languages_in_files, scored_languages, split_languages, splits_read
from harness.errors import UnknownNameError
from harness.specs.backbone import FLAGS
from harness.specs.catalog import Catalog
from harness.specs.corpus import ArticlesText, CorpusSpec
from harness.specs.resolve import ResolvedSuite, resolved_suite
from harness.specs.task import RETRIEVAL_TYPES, HubTable, JoinedTask, SplitName, SplitSpec, TaskSpec


@dataclass(frozen=True, kw_only=True, order=True)
class Table:
    """One split of one configuration of a data set on the hub, at one commit."""

    id: str
    revision: str
    config: str
    split: str
    first: int = 0  # so many of its first files alone; 0 is all

    @property
    def folder(self) -> str:
        """Where its files lie below the data directory."""
        return f"hub/{self.id.replace('/', '--')}/{self.revision}/{self.config}/{self.split}"


@dataclass(frozen=True, kw_only=True)
class Needs:
    """What is to be fetched, how many splits are there, and what no table holds, a sentence each."""

    tables: tuple[Table, ...]
    here: int
    nowhere: tuple[str, ...]
    differing: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """The rows of one split that a suite or a task reads.

    Attributes:
        languages: in which they are read.
        own: whether the suite itself names the files, in the place of the task's.
    """

    task: TaskSpec
    split: str
    spec: SplitSpec
    languages: tuple[str, ...]
    own: bool = False

    def why_nowhere(self) -> str:
        """Why no table of the hub can be fetched for them, and where they are from."""
        if self.own:
            return f"the suite reads files of its own, which no table of the hub holds: {', '.join(self.spec.files)}"
        if self.split == "translations" and self.task.translated is not None and self.task.translated.source:
            return f"no table of the hub holds them; their files come from {self.task.translated.source}"
        return self.task.optional or f"no table of the hub holds it; its files come from {self.task.source}"


def needs(name: str, folder: Path) -> Needs:
    """What a suite (by name or file), a task or a corpus (by name) still needs below a data directory.

    Raises:
        SpecError: there is no suite, task or corpus of that name, or a spec is wrong.
    """
    catalog = Catalog()
    if name in catalog.corpus_files() and name not in {**catalog.suite_files(), **catalog.task_files()}:
        return _with_articles(_needs((), folder), [catalog.corpus(name)], folder)
    if is_task(name, catalog):
        return _needs(wanted_of_task(catalog.task(name), catalog), folder)
    resolved = resolved_suite(name, allowed=FLAGS)
    return _with_articles(_needs(wanted_of_suite(resolved), folder), resolved.corpora.values(), folder)


def is_task(name: str, catalog: Catalog) -> bool:
    """Whether a name, or a path, is that of a task; else it is that of a suite.

    Raises:
        UnknownNameError: it is neither.
    """
    if name in catalog.suite_files() or name.endswith((".yaml", ".yml")) or "/" in name:
        return False
    if name not in catalog.task_files():
        raise UnknownNameError("suite or task", name, [*catalog.suite_files(), *catalog.task_files()])
    return True


def _needs(wanted: Iterable[Wanted], folder: Path) -> Needs:
    tables: dict[Table, None] = {}
    nowhere: dict[tuple[str, str], list[str]] = {}
    differing: dict[str, None] = {}
    here = 0
    for rows in wanted:
        if not rows.spec.files:
            continue
        found = located_split(rows.spec, rows.languages, rows.task.codes, folder)
        if found is not None and found.differs is None:
            here += 1
            continue
        sources = [source for source in rows.spec.sources() if source.hub is not None]
        sources.sort(key=lambda source: source.differs is not None)
        if not sources or (found is not None and sources[0].differs is not None):
            here += found is not None
            if found is None:
                nowhere.setdefault((rows.task.title, rows.why_nowhere()), []).append(rows.split)
            continue
        if sources[0].differs is not None:
            differing[f"{rows.task.title}, {rows.split}: {sources[0].differs}"] = None
        assert sources[0].hub is not None, rows
        tables.update(dict.fromkeys(_tables(sources[0].hub, rows.languages, rows.task.codes)))
    told = tuple(f"{title}, {' and '.join(splits)}: {why}" for (title, why), splits in nowhere.items())
    return Needs(tables=tuple(sorted(tables)), here=here, nowhere=told, differing=tuple(differing))


def _with_articles(found: Needs, corpora: Iterable[CorpusSpec], folder: Path) -> Needs:
    """What is needed, and the articles of corpora: of each language the first files of its table."""
    tables, here = set(found.tables), found.here
    nowhere = dict.fromkeys(found.nowhere)
    articles = [(corpus, source) for corpus in corpora for source in corpus.sources if isinstance(source, ArticlesText)]
    for corpus, source in articles:
        located = located_articles(source, folder)
        missing = [
            language
            for language, paths in located.paths.items()
            if not all((folder / path).is_file() for path in paths)
        ]
        here += len(located.paths) - len(missing)
        if missing and source.hub is not None:
            wanted = missing if located.format == "hub_articles" else source.languages
            whole = _tables(source.hub, wanted, source.hub.codes)
            tables |= {dataclasses.replace(table, first=source.hub_files) for table in whole}
        elif missing:
            nowhere[f"{corpus.title}: text in {', '.join(missing)} comes from files of your own"] = None
    return dataclasses.replace(found, tables=tuple(sorted(tables)), here=here, nowhere=tuple(nowhere))


def _tables(table: HubTable, languages: Iterable[str], codes: Mapping[str, str]) -> Iterator[Table]:
    for language in languages:
        config = filled(table.config, language, table.codes or codes)
        yield from (Table(id=table.id, revision=table.revision, config=config, split=split) for split in table.splits)


def wanted_of_task(task: TaskSpec, catalog: Catalog) -> Iterator[Wanted]:
    """All splits of a task in all its languages, and what trains it."""
    for part in task.parts if isinstance(task, JoinedTask) else (task,):
        for name, spec in part.splits.items():
            languages: tuple[str, ...] = ("en",)
            if name == "test" or part.type in RETRIEVAL_TYPES:
                languages = part.languages if name == "test" else spec.languages or part.languages
            yield Wanted(task=part, split=name, spec=spec, languages=languages)
    if task.trained_on is not None and task.trained_on != task.name:
        yield from wanted_of_task(catalog.task(task.trained_on), catalog)


def wanted_of_suite(resolved: ResolvedSuite) -> Iterator[Wanted]:
    """The splits that a suite reads, in its languages, stand-ins in the place of what they stand in for."""
    for task in resolved.tasks.values():
        for split in splits_read(resolved, task):
            parts = task.parts if isinstance(task, JoinedTask) else (task,)
            for part in parts:
                yield from _split_of_suite(resolved, part, split)
        translates = any(recipe.translated and task.name in recipe.tasks for recipe in resolved.recipes)
        languages = languages_in_files(resolved.spec, task)
        if translates and task.translated is not None and languages:
            yield Wanted(task=task, split="translations", spec=task.translated.split, languages=languages)


def _split_of_suite(resolved: ResolvedSuite, task: TaskSpec, split: SplitName) -> Iterator[Wanted]:
    stand_in = resolved.spec.stand_ins.get(task.name, {}).get(split)
    spec = task.splits.get(split)
    if stand_in is not None:
        spec = stand_in.split or task.splits.get(stand_in.use or split)
    if spec is not None:
        languages = (
            scored_languages(resolved.spec, task)
            if split == "test"
            else split_languages(resolved.spec, task, split, spec)
        )
        own = stand_in is not None and stand_in.split is not None
        yield Wanted(task=task, split=split, spec=spec, languages=languages, own=own)
