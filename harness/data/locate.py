"""Where the files of a source lie below ``--data``, and which of the sources that a split names is there."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from harness.data.receipts import read_receipt
from harness.errors import SpecError
from harness.specs.task import HubTable, RowsSource, SplitSpec


@dataclass(frozen=True, kw_only=True)
class SourceFiles:
    """A source with its files by language, relative to the data directory."""

    source: RowsSource
    files: Mapping[str, tuple[str, ...]]


def find_source(
    spec: SplitSpec, languages: Iterable[str], codes: Mapping[str, str], folder: Path
) -> SourceFiles | None:
    """The first source of a split that is there in all of some languages, one that differs last; None where none is."""
    wanted = tuple(languages)
    for source in sorted(spec.sources(), key=lambda source: source.differs is not None):
        files = {language: source_files(source, folder, language, codes) for language in wanted}
        whole = {language: paths for language, paths in files.items() if paths}
        if len(whole) == len(wanted):
            return SourceFiles(source=source, files=whole)
    return None


def source_files(source: RowsSource, folder: Path, language: str, codes: Mapping[str, str]) -> tuple[str, ...] | None:
    """The files of one source in one language, relative to the folder; None if not all of them are there.

    Raises:
        DataError: the receipt of a table of the hub is broken.
    """
    if source.hub is not None:
        return _hub_files(source.hub, folder, language, codes)
    files: list[str] = []
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
        files += matches
    return tuple(files)


def filled(pattern: str, language: str, codes: Mapping[str, str], where: str | None = None) -> str:
    """A pattern with its language.

    Raises:
        SpecError: it holds another placeholder.
    """
    try:
        return pattern.format(lang=language, code=codes.get(language, language))
    except (KeyError, IndexError) as error:
        raise SpecError(
            f"file pattern uses an unknown placeholder {error}",
            where=where or pattern,
            remedy="only {lang} and {code} are filled in",
        ) from error


def hub_folder(table: HubTable, language: str, codes: Mapping[str, str]) -> str:
    """Where the fetched files of a table in one language lie, relative to the data directory."""
    return table.folder(filled(table.config, language, table.codes or codes))


def _hub_files(table: HubTable, folder: Path, language: str, codes: Mapping[str, str]) -> tuple[str, ...] | None:
    top = hub_folder(table, language, codes)
    files: list[str] = []
    for split in table.splits:
        receipt = read_receipt(folder / top / split)
        if receipt is None:
            return None
        files += [f"{top}/{split}/{name}" for name in receipt.files]
    return tuple(files)


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
