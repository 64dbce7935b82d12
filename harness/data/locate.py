"""Which of the sources that a task names for its rows are really there, below ``--data``.

A split can be read from several forms of its release, or from tables of the hub. The first in the spec that is there in
every language wanted counts; one that differs in its rows counts only where none that does not is there.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from pathlib import Path

from harness.data.articles import located_corpus
from harness.data.receipts import read_receipt
from harness.data.splits import languages_in_files, scored_languages, split_languages, splits_read
from harness.errors import SpecError
from harness.specs.resolve import ResolvedSuite
from harness.specs.suite import StandIn, SuiteSpec
from harness.specs.task import HubTable, JoinedTask, LocatedSplit, RowsSource, SplitName, SplitSpec, TaskSpec
from tasks.errors import DataError


def source_files(source: RowsSource, folder: Path, language: str, codes: Mapping[str, str]) -> tuple[str, ...] | None:
    """The files of one source in one language, relative to the folder; None if not all of them are there."""
    if source.hub is not None:
        return _hub_files(source.hub, folder, language, codes)
    found: list[str] = []
    for pattern in source.files:
        name = filled(pattern, language, codes)
        if "*" not in name:
            matches = [name] if (folder / name).is_file() else []
        else:  # by the files' own names: what orders them is the release, not the folders it was unpacked into
            matches = [
                path.relative_to(folder).as_posix()
                for path in sorted(folder.glob(name), key=lambda path: (path.name, path))
                if path.is_file()
            ]
        if not matches:
            return None
        found += matches
    return tuple(found)


def filled(pattern: str, language: str, codes: Mapping[str, str]) -> str:
    """A pattern with its language.

    Raises:
        SpecError: it holds another placeholder.
    """
    try:
        return pattern.format(lang=language, code=codes.get(language, language))
    except (KeyError, IndexError) as error:
        raise SpecError(
            f"file pattern uses an unknown placeholder {error}",
            where=pattern,
            remedy="only {lang} and {code} are filled in",
        ) from error


def hub_folder(table: HubTable, language: str, codes: Mapping[str, str]) -> str:
    """Where the fetched files of a table in one language lie, relative to the data directory."""
    return table.folder(filled(table.config, language, table.codes or codes))


def _hub_files(table: HubTable, folder: Path, language: str, codes: Mapping[str, str]) -> tuple[str, ...] | None:
    top = hub_folder(table, language, codes)
    found: list[str] = []
    for split in table.splits:
        receipt = read_receipt(folder / top / split)
        if receipt is None:
            return None
        found += [f"{top}/{split}/{name}" for name in receipt.files]
    return tuple(found)


def located_split(
    spec: SplitSpec, languages: Iterable[str], codes: Mapping[str, str], folder: Path
) -> LocatedSplit | None:
    """The split as it is there in all of some languages; None where no source of it is."""
    wanted = tuple(languages)
    sources = spec.sources()
    for source in sorted(sources, key=lambda one: one.differs is not None):
        paths = {language: source_files(source, folder, language, codes) for language in wanted}
        if all(paths.values()):
            return LocatedSplit(
                format=source.format,
                files=spec.files,
                part=spec.part,
                published_rows=spec.published_rows,
                languages=spec.languages,
                differs=source.differs,
                paths={language: found for language, found in paths.items() if found},
            )
    return None


def locate(resolved: ResolvedSuite, folder: Path | None) -> ResolvedSuite:
    """The suite with the sources that are there. What is nowhere is left as its spec has it, to be missed by name.

    Tasks whose files may be missing, and are, go from the recipes. The suite's notes say so, and where rows differ from
    the published ones.
    """
    if folder is None or not folder.is_dir():
        return resolved
    tasks = {name: _located_task(task, resolved.spec, folder) for name, task in resolved.tasks.items()}
    spec = resolved.spec.model_copy(update={"stand_ins": _located_stand_ins(resolved.spec, tasks, folder)})
    corpora = {name: located_corpus(corpus, folder) for name, corpus in resolved.corpora.items()}
    found = dataclasses.replace(resolved, spec=spec, tasks=tasks, corpora=corpora)
    return _with_differences(_without_missing(found, folder))


def _located_task(task: TaskSpec, suite: SuiteSpec, folder: Path) -> TaskSpec:
    splits: dict[SplitName, SplitSpec] = {}
    for name, spec in task.splits.items():
        languages = list(split_languages(suite, task, name, spec))
        if any(other.use == name for other in suite.stand_ins.get(task.name, {}).values()):
            languages += [language for language in scored_languages(suite, task) if language not in languages]
        found = located_split(spec, languages, task.codes, folder)
        splits[name] = spec if found is None else found
    updates: dict[str, object] = {"splits": splits}
    if isinstance(task, JoinedTask):
        updates["parts"] = tuple(_located_task(part, suite, folder) for part in task.parts)
    wanted = languages_in_files(suite, task)
    if task.translated is not None and wanted:
        found = located_split(task.translated.split, wanted, task.codes, folder)
        if found is not None:
            updates["translated"] = task.translated.model_copy(update={"split": found})
    if task.labels_file is not None and (folder / task.labels_file).is_file():
        updates["labels"] = read_labels(folder / task.labels_file)
    return task.model_copy(update=updates)


def read_labels(path: Path) -> tuple[str, ...]:
    """The labels of a task that are read with its data: one a line, in the file's order.

    Raises:
        DataError: a line is empty, holds white space or comes again.
    """
    from tasks.readers.base import fail, read_lines

    found: dict[str, int] = {}
    for number, line in enumerate(read_lines(path), start=1):
        label = line.strip()
        if not label or len(label.split()) != 1:
            fail("not one label a line", path, number)
        if label in found:
            fail(f"the label {label!r} has come before", path, number)
        found[label] = number
    return tuple(found)


def _located_stand_ins(
    suite: SuiteSpec, tasks: Mapping[str, TaskSpec], folder: Path
) -> dict[str, dict[SplitName, StandIn]]:
    stand_ins: dict[str, dict[SplitName, StandIn]] = {}
    for name, entries in suite.stand_ins.items():
        stand_ins[name] = dict(entries)
        for split, stand_in in entries.items():
            task = tasks[name]
            if stand_in.split is None:
                continue
            languages = split_languages(suite, task, split, stand_in.split)
            found = located_split(stand_in.split, languages, task.codes, folder)
            if found is not None:
                stand_ins[name][split] = stand_in.model_copy(update={"split": found})
    return stand_ins


def _without_missing(resolved: ResolvedSuite, folder: Path) -> ResolvedSuite:
    """The suite without the tasks that need not be there and are not."""
    missing = [task for task in resolved.tasks.values() if task.optional and not _there(task, folder)]
    if not missing:
        return resolved
    names = {task.name for task in missing}
    recipes = []
    for recipe in resolved.recipes:
        kept = tuple(name for name in recipe.tasks if name not in names)
        if kept == recipe.tasks:
            recipes.append(recipe)
        elif kept:
            left = ", ".join(task.title for task in missing if task.name in recipe.tasks)
            title = f"{recipe.title or recipe.name}, without {left}"
            recipes.append(recipe.model_copy(update={"tasks": kept, "title": title}))
    if not recipes:
        raise DataError(
            f"no recipe is left without {', '.join(sorted(names))}",
            where=str(folder),
            remedy=missing[0].optional,
        )
    notes = tuple(f"Without {task.title}: {task.optional}" for task in missing)
    spec = resolved.spec.model_copy(update={"notes": (*resolved.spec.notes, *notes)})
    kept_tasks = {name: task for name, task in resolved.tasks.items() if name not in names}
    return dataclasses.replace(resolved, spec=spec, recipes=tuple(recipes), tasks=kept_tasks)


def _there(task: TaskSpec, folder: Path) -> bool:
    located = all(isinstance(spec, LocatedSplit) for spec in task.splits.values() if spec.files)
    return located and (task.labels_file is None or (folder / task.labels_file).is_file())


def _with_differences(resolved: ResolvedSuite) -> ResolvedSuite:
    """The suite, whose notes say what the rows it reads have otherwise than the published ones."""
    told: dict[str, None] = {}
    for task in resolved.tasks.values():
        for split in splits_read(resolved, task):
            for part in task.parts if isinstance(task, JoinedTask) else (task,):
                stand_in = resolved.spec.stand_ins.get(part.name, {}).get(split)
                spec = part.splits.get(split)
                if stand_in is not None:
                    spec = stand_in.split or part.splits.get(stand_in.use or split)
                told.update(_difference(part, split, spec))
        if languages_in_files(resolved.spec, task) and any(
            recipe.translated and task.name in recipe.tasks for recipe in resolved.recipes
        ):
            assert task.translated is not None, task.name
            told.update(_difference(task, "translations", task.translated.split))
    if not told:
        return resolved
    spec_with = resolved.spec.model_copy(update={"notes": (*resolved.spec.notes, *told)})
    return dataclasses.replace(resolved, spec=spec_with)


def _difference(task: TaskSpec, name: str, spec: SplitSpec | None) -> dict[str, None]:
    if isinstance(spec, LocatedSplit) and spec.differs:
        return {f"{task.title}, {name}: {spec.differs}": None}
    return {}
