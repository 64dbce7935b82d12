"""Every place below a data directory where a spec looks for rows, and which files could belong there."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import PurePosixPath

from harness.data.locate import filled
from harness.data.rows import TRANSLATIONS, possible_languages
from harness.data.suite_rows import own_splits
from harness.specs.catalog import Catalog
from harness.specs.corpus import ArticlesText
from harness.specs.task import HubTable, SplitSpec, TaskSpec


@dataclass(frozen=True, kw_only=True)
class Slot:
    """The files of one source of one split in one language.

    Attributes:
        split: of the task; ``translations`` and ``labels`` are such, too.
        format: how they are read; None: they are no rows (labels).
        patterns: paths below the data directory, in reading order; ``*`` stands for any part of a name.
        published: how many rows the whole split has in this language, where somebody says.
        suite: whose own files they are; None: the task's.
    """

    task: TaskSpec
    split: str
    source: str
    language: str
    format: str | None
    patterns: tuple[str, ...]
    published: int | None = None
    suite: str | None = None

    @property
    def title(self) -> str:
        """The task and split in words."""
        suite = f" (suite {self.suite})" if self.suite else ""
        return f"{self.task.title}, {self.split}{suite}"


@dataclass(frozen=True, kw_only=True)
class Match:
    """A slot that a file could fill.

    Attributes:
        position: which of the slot's files it would be.
        target: where it would lie, below the data directory.
        common: how many parts at the end of its path are the target's.
        full: whether all of these are.
    """

    slot: Slot
    position: int
    target: str
    common: int
    full: bool

    @property
    def rank(self) -> tuple[bool, int]:
        """Which of several matches of a file is likelier: the greater."""
        return self.full, self.common


@dataclass(frozen=True, kw_only=True)
class TableUse:
    """One part of a table of the hub, and who reads it.

    Attributes:
        part: the hub's own split.
        folder: where it lies below the data directory.
    """

    task: TaskSpec
    split: str
    language: str
    hub: HubTable
    config: str
    part: str
    folder: str


class Slots:
    """All slots of all specs."""

    def __init__(self, catalog: Catalog) -> None:
        self.tasks = [catalog.task(name) for name in catalog.task_files()]
        self.tasks = [task for task in self.tasks if not task.miniature]
        self.all = [slot for task in self.tasks for slot in _of_task(task)]
        self.tables = [use for task in self.tasks for use in _tables(task)]
        for name in catalog.suite_files():
            for task_name, split, spec in own_splits(catalog.suite(name)):
                self.all += _of_split(catalog.task(task_name), split, spec, suite=name)
        self._unread = {pattern: f"{task.title}: {why}" for task in self.tasks for pattern, why in task.unread.items()}
        self._unread |= _texts(catalog)
        self._named: dict[str, list[tuple[Slot, int, tuple[str, ...]]]] = defaultdict(list)
        self._patterned: list[tuple[Slot, int, tuple[str, ...]]] = []
        for slot in self.all:
            for position, pattern in enumerate(slot.patterns):
                parts = PurePosixPath(pattern).parts
                if "*" in pattern:
                    self._patterned.append((slot, position, parts))
                else:
                    self._named[parts[-1]].append((slot, position, parts))

    def might_be(self, name: str) -> bool:
        """Whether a file of that name could fill any slot."""
        return name in self._named or any(fnmatchcase(name, parts[-1]) for _, _, parts in self._patterned)

    def matches(self, parts: tuple[str, ...]) -> list[Match]:
        """The slots that a file could fill, by the parts of its path, the likeliest first and none that are less so.

        A pattern with ``*``, whose first part alone says which release it is, must fit in full; so must files that a
        suite names.
        """
        found = []
        for slot, position, target in self._named.get(parts[-1], ()):
            common = 0
            for mine, its in zip(reversed(parts), reversed(target), strict=False):
                if mine != its:
                    break
                common += 1
            full = common == len(target)
            if full or slot.suite is None:
                name = "/".join(target)
                found.append(Match(slot=slot, position=position, target=name, common=common, full=full))
        for slot, position, pattern in self._patterned:
            last = parts[-len(pattern) :]
            if len(last) == len(pattern) and all(map(fnmatchcase, last, pattern)):
                found.append(Match(slot=slot, position=position, target="/".join(last), common=len(last), full=True))
        best = max((match.rank for match in found), default=None)
        return [match for match in found if match.rank == best]

    def why_unread(self, parts: tuple[str, ...]) -> str | None:
        """Why a file that looks like a task's rows, or a corpus's text, is not taken, where a spec says so."""
        for pattern, why in self._unread.items():
            wanted = PurePosixPath(pattern).parts
            last = parts[-len(wanted) :]
            if len(last) == len(wanted) and all(map(fnmatchcase, last, wanted)):
                return why
        return None

    def nearly(self, parts: tuple[str, ...]) -> str | None:
        """The pattern that a file's name fits while its folder does not, where both must."""
        return next(
            ("/".join(pattern) for _, _, pattern in self._patterned if fnmatchcase(parts[-1], pattern[-1])), None
        )


def _texts(catalog: Catalog) -> dict[str, str]:
    """Where corpora look for text of one's own: any file there is such, so a person must put it there."""
    return {
        filled(
            pattern, language, {}
        ): f"{corpus.title}: text is not imported; copy it to its place below --data yourself"
        for corpus in map(catalog.corpus, catalog.corpus_files())
        for source in corpus.sources
        if isinstance(source, ArticlesText)
        for pattern in source.files
        for language in source.languages
    }


def _splits(task: TaskSpec) -> Iterator[tuple[str, SplitSpec]]:
    yield from task.splits.items()
    if task.translated is not None:
        yield TRANSLATIONS, task.translated.split


def _of_task(task: TaskSpec) -> Iterator[Slot]:
    for name, spec in task.splits.items():
        yield from _of_split(task, name, spec)
    if task.translated is not None:
        yield from _of_split(task, TRANSLATIONS, task.translated.split)
    if task.labels_file is not None:
        yield Slot(
            task=task, split="labels", source=task.labels_file, language="en", format=None, patterns=(task.labels_file,)
        )


def _of_split(task: TaskSpec, split: str, spec: SplitSpec, suite: str | None = None) -> Iterator[Slot]:
    for source in spec.sources():
        for language in possible_languages(task, split, spec) if source.files else ():
            patterns = tuple(filled(pattern, language, task.codes) for pattern in source.files)
            yield Slot(
                task=task,
                split=split,
                source=source.files[0],
                language=language,
                format=source.format,
                patterns=patterns,
                published=None if suite else spec.published_rows.get(language),
                suite=suite,
            )


def _tables(task: TaskSpec) -> Iterator[TableUse]:
    for split, spec in _splits(task):
        for source in spec.sources():
            for language in possible_languages(task, split, spec) if source.hub is not None else ():
                assert source.hub is not None, task.name
                config = filled(source.hub.config, language, source.hub.codes or task.codes)
                for part in source.hub.splits:
                    yield TableUse(
                        task=task,
                        split=split,
                        language=language,
                        hub=source.hub,
                        config=config,
                        part=part,
                        folder=f"{source.hub.folder(config)}/{part}",
                    )
