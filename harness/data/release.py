"""Finding release files below ``--data`` and what is in them, before anything is planned or run."""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from harness.data.hub.snapshot import needed_files
from harness.errors import SpecError
from harness.files import file_digest, read_json, write_json
from tasks.errors import DataError

if TYPE_CHECKING:  # the doctor loads this, and must stay light
    from harness.specs.source import FolderSource

DATA_VARIABLE = "CODESTILTS_DATA"


def data_folder(given: Path | None) -> Path | None:
    """The folder of release files: as given, or as the environment says."""
    if given is not None:
        return given
    named = os.environ.get(DATA_VARIABLE)
    return Path(named) if named else None


def existing_folder(given: Path | None) -> Path:
    """The folder of release files, which must be there.

    Raises:
        DataError: none is named, or there is no such folder.
    """
    folder = data_folder(given)
    if folder is None:
        raise DataError("no folder of rows is named", remedy="give one with --data DIR")
    if not folder.is_dir():
        raise DataError("no such folder", where=str(folder), remedy="give the folder of release files with --data DIR")
    return folder


class MissingRowsError(DataError):
    """Release files that a suite reads are not there. What is wrong is the folder, not the suite."""


def digests(
    files: Mapping[str, list[str]], folder: Path | None, cache: Path | None = None, *, suite: str = "SUITE"
) -> dict[str, str]:
    """SHA-256 of every file, by path relative to the folder; ``files`` are the paths by task.

    Known files (same path, size and modification time) are not read again: ``cache`` remembers them.

    Raises:
        MissingRowsError: files are missing; all of them are named, with where they were looked for and how to get them.
        DataError: there is no such folder.
    """
    if not files:
        return {}
    fetch = f"'codestilts data fetch {suite} --data DIR' fetches what the hub has"
    if folder is None:
        raise MissingRowsError(
            f"suite reads release files of {', '.join(files)}",
            remedy=f"{fetch}; then give their folder with --data DIR",
        )
    if not folder.is_dir():
        raise DataError("no such folder", where=str(folder), remedy="give the folder of release files with --data DIR")
    missing = [f"{path} ({task})" for task, paths in files.items() for path in paths if not (folder / path).is_file()]
    if missing:
        shown = ", ".join(missing[:4]) + (f" and {len(missing) - 4} more" if len(missing) > 4 else "")  # noqa: PLR2004
        raise MissingRowsError(
            f"missing: {shown}",
            where=str(folder),
            remedy=f"put the original release files there ('codestilts tasks show NAME' has the layout); {fetch}",
        )
    memory = _read_memory(cache)
    found = {path: _digest(folder / path, memory) for paths in files.values() for path in paths}
    _write_memory(cache, memory)
    return found


@dataclass(frozen=True, kw_only=True)
class ReleaseFiles:
    """Release files that a plan reads: their folder, and their paths below it."""

    folder: Path | None = None
    paths: tuple[str, ...] = ()

    def leading_out(self) -> list[str]:
        """Those that are links, or lie behind some, to somewhere outside the folder."""
        if self.folder is None:
            return []
        root = self.folder.resolve()
        return [path for path in self.paths if not (root / path).resolve().is_relative_to(root)]


def folder_digests(
    source: FolderSource, where: str, cache: Path | None = None, *, baked: bool = False
) -> dict[str, str]:
    """SHA-256 of the files that are taken of a backbone's folder: those its spec names, or those the rule picks.

    Args:
        source: the folder, and its files if the spec names them.
        where: whose it is, for people.
        cache: remembers digests of files that have not changed.
        baked: an image holds the files; where the folder is not on this machine, what the spec records counts.

    Raises:
        SpecError: the folder or a file is missing, or a file has other bytes than its spec records.
    """
    folder = Path(source.path)
    if not folder.is_dir():
        if baked and source.files and all(source.files.values()):
            return {name: sha256 for name, sha256 in sorted(source.files.items()) if sha256 is not None}
        raise SpecError(f"there is no folder {folder}", where=where, remedy="correct 'source.path'")
    here = [path.relative_to(folder).as_posix() for path in sorted(folder.rglob("*")) if path.is_file()]
    names = sorted(source.files) if source.files is not None else needed_files(here, where=str(folder))
    missing = [name for name in names if name not in here]
    if missing:
        raise SpecError(f"there is no file '{missing[0]}' in {folder}", where=where, remedy="correct 'source.files'")
    memory = _read_memory(cache)
    found = {name: _digest(folder / name, memory) for name in names}
    _write_memory(cache, memory)
    for name, sha256 in found.items():
        recorded = (source.files or {}).get(name)
        if recorded not in (None, sha256):
            raise SpecError(
                f"'{name}' in {folder} has SHA-256 {sha256}, recorded is {recorded}",
                where=where,
                remedy="do not go on with other bytes; find out which is right",
            )
    return found


def _digest(path: Path, memory: dict[str, list[object]]) -> str:
    state = path.stat()
    known = memory.get(str(path.resolve()))
    if known and known[:2] == [state.st_size, state.st_mtime_ns]:
        return str(known[2])
    value = file_digest(path)
    memory[str(path.resolve())] = [state.st_size, state.st_mtime_ns, value]
    return value


def _read_memory(cache: Path | None) -> dict[str, list[object]]:
    if cache is None:
        return {}
    try:
        memory = read_json(cache)
    except (OSError, ValueError):
        return {}
    return memory if isinstance(memory, dict) else {}


def _write_memory(cache: Path | None, memory: dict[str, list[object]]) -> None:
    if cache is None or not cache.parent.is_dir():
        return
    with suppress(OSError):  # a memory that cannot be kept costs time, nothing else
        write_json(cache, memory, indent=None)
