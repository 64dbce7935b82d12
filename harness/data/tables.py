"""Which tables of the hub a suite or a task needs beyond the rows that are there already."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from harness.data.articles import LocatedArticles, located_articles
from harness.data.locate import filled
from harness.data.rows import TRANSLATIONS, SplitRows, task_rows
from harness.data.suite_rows import suite_rows
from harness.errors import UnknownNameError
from harness.specs.backbone import FLAGS
from harness.specs.catalog import Catalog
from harness.specs.corpus import ArticlesText
from harness.specs.resolve import resolved_suite
from harness.specs.task import HubTable


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


def needs(name: str, folder: Path) -> Needs:
    """What a suite (by name or file), a task or a corpus (by name) still needs below a data directory.

    Raises:
        SpecError: there is no suite, task or corpus of that name, or a spec is wrong.
    """
    catalog = Catalog()
    if name in catalog.corpus_files() and name not in {**catalog.suite_files(), **catalog.task_files()}:
        corpus = catalog.corpus(name)
        sources = [source for source in corpus.sources if isinstance(source, ArticlesText)]
        return _needs((), [(corpus.title, located_articles(source, folder)) for source in sources], folder)
    if is_task(name, catalog):
        return _needs(task_rows(catalog.task(name), catalog, folder), (), folder)
    resolved = resolved_suite(name, allowed=FLAGS)
    rows = suite_rows(resolved, folder)
    articles = [(resolved.corpora[corpus].title, located) for corpus, located in rows.articles.items()]
    return _needs(rows.lines, articles, folder)


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


def _needs(lines: Iterable[SplitRows], articles: Iterable[tuple[str, LocatedArticles]], folder: Path) -> Needs:
    tables: set[Table] = set()
    nowhere: dict[tuple[str, str], list[str]] = {}
    differing: dict[str, None] = {}
    here = 0
    for rows in lines:
        if rows.source is None:
            continue
        if rows.found and rows.differs is None:
            here += 1
            continue
        sources = sorted(
            (source for source in rows.spec.sources() if source.hub is not None),
            key=lambda source: source.differs is not None,
        )
        if not sources or (rows.found and sources[0].differs is not None):
            here += rows.found
            if not rows.found:
                nowhere.setdefault((rows.task.title, _why_nowhere(rows)), []).append(rows.split)
            continue
        if sources[0].differs is not None:
            differing[f"{rows.task.title}, {rows.split}: {sources[0].differs}"] = None
        assert sources[0].hub is not None, rows
        tables.update(_tables(sources[0].hub, rows.languages, rows.task.codes))
    told = [f"{title}, {' and '.join(splits)}: {why}" for (title, why), splits in nowhere.items()]
    for title, located in articles:
        source = located.source
        missing = [
            language
            for language, paths in located.paths.items()
            if not all((folder / path).is_file() for path in paths)
        ]
        here += len(located.paths) - len(missing)
        if missing and source.hub is not None:  # of each language the first files of its table
            wanted = missing if located.format == "hub_articles" else source.languages
            whole = _tables(source.hub, wanted, source.hub.codes)
            tables |= {dataclasses.replace(table, first=source.hub_files) for table in whole}
        elif missing:
            told.append(f"{title}: text in {', '.join(missing)} comes from files of your own")
    once = tuple(dict.fromkeys(told))
    return Needs(tables=tuple(sorted(tables)), here=here, nowhere=once, differing=tuple(differing))


def _why_nowhere(rows: SplitRows) -> str:
    """Why no table of the hub can be fetched for rows, and where they are from."""
    if rows.own:
        return f"the suite reads files of its own, which no table of the hub holds: {', '.join(rows.spec.files)}"
    if rows.split == TRANSLATIONS and rows.task.translated is not None and rows.task.translated.source:
        return f"no table of the hub holds them; their files come from {rows.task.translated.source}"
    return rows.task.optional or f"no table of the hub holds it; its files come from {rows.task.source}"


def _tables(table: HubTable, languages: Iterable[str], codes: Mapping[str, str]) -> Iterator[Table]:
    for language in languages:
        config = filled(table.config, language, table.codes or codes)
        yield from (Table(id=table.id, revision=table.revision, config=config, split=split) for split in table.splits)
