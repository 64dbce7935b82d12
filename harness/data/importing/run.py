"""``codestilts data import``: look through a folder, and put what is recognised where specs look for it."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path

from harness.context import Progress
from harness.data.importing.gather import Candidate, gather
from harness.data.importing.hub import FoundTable, hub_tables
from harness.data.importing.recognise import Filled, recognise
from harness.data.importing.slots import Slots
from harness.data.locate import filled as filled_in
from harness.data.locate import hub_folder, source_files
from harness.data.receipts import RECEIPT, write_receipt
from harness.data.rows import possible_languages
from harness.errors import EnvironmentFault
from harness.files import atomic_path, file_digest
from harness.specs.catalog import Catalog
from harness.specs.task import RowsSource, SplitSpec, TaskSpec
from tasks.errors import DataError

_ASIDE = ".importing"
_LOOKING = 0.3  # of the time: finding out what files are


@dataclass(kw_only=True)
class PutFile:
    """A file that was recognised.

    Attributes:
        state: ``copied``, ``linked`` or ``unpacked`` (in a dry run: would be), ``there`` already, or ``differs`` from
            what is there, and is left alone.
    """

    source: str
    target: str
    state: str
    bytes: int


@dataclass(kw_only=True)
class SplitFound:
    """One split of a task after the import.

    Attributes:
        rows: by language, of those release files of this import that were read in full.
        languages: in which a source of it is there now.
        missing: the others of those that a run may read.
        sources: what this import found of it.
        lacking: files that a source needs beside those that were found.
        suites: those that name the files themselves; none: the task does.
    """

    task: str
    title: str
    split: str
    rows: dict[str, int] = field(default_factory=dict)
    languages: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    sources: list[str] = field(default_factory=list)
    lacking: list[str] = field(default_factory=list)
    suites: list[str] = field(default_factory=list)


@dataclass(kw_only=True)
class Imported:
    """What one call found and did.

    Attributes:
        unlabelled: files whose answers XTREME's scripts took out, by split; they are not taken.
        refused: what was recognised and could not be taken, a sentence each.
        unknown: files that nobody reads, with why where that can be said.
    """

    folder: str
    into: str
    dry_run: bool
    files: list[PutFile] = field(default_factory=list)
    splits: list[SplitFound] = field(default_factory=list)
    unlabelled: dict[str, list[str]] = field(default_factory=dict)
    refused: list[str] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)

    @property
    def complete(self) -> bool:
        """Whether everything that was recognised is in its place now."""
        return not self.refused


def import_folder(
    top: Path,
    into: Path,
    progress: Progress,
    *,
    link: bool = False,
    dry_run: bool = False,
    slots: Slots | None = None,
) -> Imported:
    """Put what is recognised in a folder, an archive or a file into its places below a data directory.

    Nothing there is ever overwritten: a file that differs is left alone, and told.

    Args:
        top: what somebody has.
        into: the data directory.
        progress: hears how far it is.
        link: make hard links where that is possible.
        dry_run: find out what would be done; write nothing below ``into``.
        slots: what specs look for; those of all shipped ones if None.

    Raises:
        DataError: there is no such folder.
        EnvironmentFault: there is no room.
    """
    if not top.exists():
        raise DataError("no such file or folder", where=str(top), remedy="name what you have downloaded")
    slots = slots or Slots(Catalog())
    done = Imported(folder=str(top), into=str(into), dry_run=dry_run)
    with _aside(into, dry_run=dry_run) as aside:

        def looking(fraction: float, note: str) -> None:
            progress(_LOOKING * fraction, note)

        inside = into.resolve()
        skip = inside if inside != top.resolve() else None
        found = gather(top, slots, aside / "unpacked", looking, skip=skip)
        tables = hub_tables(found.candidates, slots)
        rows = recognise(tables.rest, slots, aside / "read", looking)
        done.unlabelled = dict(rows.unlabelled)
        done.refused = [*found.refused, *tables.refused, *rows.refused]
        done.unknown = sorted([*rows.unknown, *tables.unknown, *found.foreign])
        wanted = {taken.target: taken.candidate for one in rows.filled for taken in one.files}
        for table in tables.tables:
            wanted |= {f"{table.folder}/{name}": one for name, one in table.files.items()}
        _put_all(wanted, into, done, progress, link=link)
        for table in tables.tables:
            _finish_table(table, into, done)
        done.splits = [*_splits(slots, rows.filled, tables.tables, into, set(wanted))]
    return done


@contextmanager
def _aside(into: Path, *, dry_run: bool) -> Iterator[Path]:
    """A folder for what is unpacked: where it is to be, so that it need not be copied again; else a passing one."""
    if dry_run:
        with tempfile.TemporaryDirectory() as folder:
            yield Path(folder)
        return
    into.mkdir(parents=True, exist_ok=True)
    folder_in = into / f"{_ASIDE}-{os.getpid()}"
    try:
        yield folder_in
    finally:
        shutil.rmtree(folder_in, ignore_errors=True)


def _put_all(wanted: Mapping[str, Candidate], into: Path, done: Imported, progress: Progress, *, link: bool) -> None:
    sizes = {target: one.path.stat().st_size for target, one in wanted.items()}
    needed = sum(size for target, size in sizes.items() if not wanted[target].packed and not link)
    if not done.dry_run and needed > (free := shutil.disk_usage(into).free):
        raise EnvironmentFault(
            f"{needed:,} bytes are to be copied, and {free:,} are free", where=str(into), remedy="make room, or --link"
        )
    before = 0
    for target in sorted(wanted):
        progress(_LOOKING + (1 - _LOOKING) * before / max(1, sum(sizes.values())), target)
        state = _put(wanted[target], into / target, done, link=link)
        if state == "differs":
            done.refused.append(
                f"{target} is there and differs from {wanted[target].shown}; remove the one that is wrong, and import "
                "again."
            )
        done.files.append(PutFile(source=wanted[target].shown, target=target, state=state, bytes=sizes[target]))
        before += sizes[target]


def _put(one: Candidate, target: Path, done: Imported, *, link: bool) -> str:
    if target.exists():
        return "there" if target.samefile(one.path) or file_digest(target) == file_digest(one.path) else "differs"
    state = "unpacked" if one.packed else "linked" if link else "copied"
    if done.dry_run:
        return state
    target.parent.mkdir(parents=True, exist_ok=True)
    with atomic_path(target) as part:
        if one.packed:
            one.path.rename(part)
        elif not (link and _linked(one.path, part)):
            state = "copied"
            shutil.copyfile(one.path, part)
    return state


def _linked(source: Path, target: Path) -> bool:
    """Whether a hard link could be made; it cannot between file systems."""
    try:
        target.hardlink_to(source.resolve())
    except OSError:
        return False
    return True


def _finish_table(table: FoundTable, into: Path, done: Imported) -> None:
    """The receipt, last, where every file of the table is there with its bytes."""
    states = {one.target: one.state for one in done.files}
    place = into / table.folder
    if done.dry_run or any(states[f"{table.folder}/{name}"] == "differs" for name in table.files):
        return
    if not (place / RECEIPT).is_file():
        digests = {name: file_digest(place / name) for name in table.files}
        hub = table.uses[0].hub
        write_receipt(place, repository=hub.id, revision=hub.revision, digests=digests)


# -- what there is now -------------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class _There:
    """What is below a data directory, or would be: files, and folders of tables of the hub."""

    into: Path
    planned: frozenset[str]
    folders: frozenset[str]

    def holds(self, task: TaskSpec, source: RowsSource, language: str) -> bool:
        """Whether a source of a task is there in a language."""
        if source_files(source, self.into, language, task.codes) is not None:
            return True
        if source.hub is not None:
            folder = hub_folder(source.hub, language, task.codes)
            return all(f"{folder}/{part}" in self.folders for part in source.hub.splits)
        names = [filled_in(pattern, language, task.codes) for pattern in source.files]
        return all(name in self.planned or any(fnmatchcase(one, name) for one in self.planned) for name in names)


def _splits(
    slots: Slots, filled: list[Filled], tables: list[FoundTable], into: Path, planned: set[str]
) -> Iterator[SplitFound]:
    """All splits that tasks read from files, in the order of the tasks; then those that suites name themselves."""
    there = _There(into=into, planned=frozenset(planned), folders=frozenset(table.folder for table in tables))
    for task in slots.tasks:
        splits: list[tuple[str, SplitSpec]] = list(task.splits.items())
        if task.translated is not None:
            splits.append(("translations", task.translated.split))
        yield from (_split(task, name, spec, filled, tables, there) for name, spec in splits if spec.files)
    yield from _of_suites(filled)


def _of_suites(filled: list[Filled]) -> Iterator[SplitFound]:
    """Files that suites alone name, in the place of a task's."""
    own = {taken.target for one in filled if one.slot.suite is None for taken in one.files}
    found: dict[tuple[str, str, str], SplitFound] = {}
    for one in filled:
        slot = one.slot
        if slot.suite is None or slot.language != "en" or all(taken.target in own for taken in one.files):
            continue
        rows = {} if one.rows is None else {"en": one.rows}
        new = SplitFound(
            task=slot.task.name,
            title=slot.task.title,
            split=slot.split,
            languages=["en"],
            rows=rows,
            sources=[slot.source],
            lacking=list(one.lacking),
        )
        found.setdefault((slot.task.name, slot.split, slot.source), new).suites.append(slot.suite)
    yield from found.values()


def _split(
    task: TaskSpec, name: str, spec: SplitSpec, filled: list[Filled], tables: list[FoundTable], held: _There
) -> SplitFound:
    own = [
        one for one in filled if one.slot.suite is None and (one.slot.task.name, one.slot.split) == (task.name, name)
    ]
    uses = [use for table in tables for use in table.uses if (use.task.name, use.split) == (task.name, name)]
    sources = dict.fromkeys([one.slot.source for one in own] + [f"{use.hub.id} ({use.hub.config})" for use in uses])
    every = possible_languages(task, name, spec)
    read = ("en",) if name == "train" or (name == "validation" and task.trained_on) else every
    there = [
        language
        for language in dict.fromkeys([*read, *every])
        if any(held.holds(task, source, language) for source in spec.sources())
    ]
    return SplitFound(
        task=task.name,
        title=task.title,
        split=name,
        rows={one.slot.language: one.rows for one in own if one.rows is not None and not one.lacking},
        languages=there,
        missing=[language for language in read if language not in there],
        sources=list(sources),
        lacking=list(dict.fromkeys(pattern for one in own for pattern in one.lacking)),
    )
