"""Walking through somebody's folder, and into the archives in it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from harness.context import Progress
from harness.data.importing import archives
from harness.data.importing.slots import Slots
from harness.data.receipts import RECEIPT
from tasks.errors import DataError

#: Archives in archives are looked into so deep: WikiANN's release holds one for each language.
_DEPTH = 3
_NOT_ENTERED = frozenset({".git", "__MACOSX", "__pycache__", ".svn"})
_OF_HUB = ("README.md", RECEIPT)


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """A file that may hold rows.

    Attributes:
        path: where it can be read.
        parts: of its path, archives counting as folders.
        shown: its path for people.
        packed: whether it was unpacked from an archive.
    """

    path: Path
    parts: tuple[str, ...]
    shown: str
    packed: bool = False


@dataclass(kw_only=True)
class Gathered:
    """All files of a folder.

    Attributes:
        candidates: those whose names say something.
        foreign: those whose names say nothing, by path.
        refused: what cannot be read, and why, a sentence each.
    """

    candidates: list[Candidate] = field(default_factory=list)
    foreign: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)


def gather(top: Path, slots: Slots, aside: Path, progress: Progress, skip: Path | None = None) -> Gathered:
    """All files in a folder and in its archives; or one archive, or one file.

    Args:
        top: where to look.
        slots: say which names are worth unpacking.
        aside: an empty folder for what is unpacked.
        progress: hears which archive is read.
        skip: a folder that is not entered.
    """
    found = Gathered()
    for number, path in enumerate(_files(top, skip, found)):
        parts = path.absolute().parts
        shown = path.name if path == top else path.relative_to(top).as_posix()
        if archives.stem(path.name) is None:
            _add(Candidate(path=path, parts=parts, shown=shown), slots, found)
            continue
        progress(0.0, f"reading {shown}")
        _open(Candidate(path=path, parts=parts, shown=shown), slots, aside / str(number), found, 1)
    return found


def _files(top: Path, skip: Path | None, found: Gathered) -> Iterator[Path]:
    if top.is_file():
        yield top
        return

    def refuse(error: OSError) -> None:
        found.refused.append(f"{error.filename}: {error.strerror}; check its permissions.")

    for folder, names, files in os.walk(top, onerror=refuse):
        here = Path(folder)
        names[:] = [
            name
            for name in sorted(names)
            if name not in _NOT_ENTERED and (skip is None or (here / name).resolve() != skip)
        ]
        for name in list(names):
            if (here / name).is_symlink():
                found.foreign.append(f"{(here / name).relative_to(top).as_posix()}/ (a link to a folder, not followed)")
        for name in sorted(files):
            path = here / name
            if path.is_file() and os.access(path, os.R_OK):
                yield path
            else:
                reason = "a link to nothing" if path.is_symlink() else "cannot be read"
                found.refused.append(f"{path}: {reason}; check its permissions.")


def _add(candidate: Candidate, slots: Slots, found: Gathered) -> None:
    if _is_wanted(candidate.parts, slots):
        found.candidates.append(candidate)
    else:
        found.foreign.append(_foreign(candidate.shown, candidate.parts, slots))


def _foreign(shown: str, parts: tuple[str, ...], slots: Slots) -> str:
    why = slots.why_unread(parts)
    return f"{shown} ({why})" if why else shown


def _is_wanted(parts: tuple[str, ...], slots: Slots) -> bool:
    name = parts[-1]
    return (
        slots.might_be(name)
        or name.endswith((".parquet", ".parquet.metadata"))
        or (name in _OF_HUB and ("hub" in parts or "snapshots" in parts or name == "README.md"))
    )


def _open(archive: Candidate, slots: Slots, aside: Path, found: Gathered, depth: int) -> None:
    """The files of an archive, and of the archives in it."""
    name = archive.parts[-1]
    base = archive.parts[:-1] if archives.is_single(name) else (*archive.parts[:-1], archives.stem(name) or name)
    seen: list[tuple[str, ...]] = []

    def wanted(parts: tuple[str, ...]) -> bool:
        if "__MACOSX" in parts:
            return False
        inner = archives.stem(parts[-1]) is not None and depth < _DEPTH
        if inner or _is_wanted((*base, *parts), slots):
            return True
        seen.append(parts)
        return False

    try:
        unpacked = archives.unpack(archive.path, wanted, aside)
    except DataError as error:
        where = archive.shown if archive.packed else error.where
        found.refused.append(str(DataError(error.what, where=where, remedy=error.remedy)))
        return
    found.foreign += [
        _foreign(f"{archive.shown}: {'/'.join(parts)}", (*archive.parts[:-1], *parts), slots) for parts in seen
    ]
    for parts, path in unpacked:
        inner = Candidate(path=path, parts=(*base, *parts), shown=f"{archive.shown}: {'/'.join(parts)}", packed=True)
        if archives.stem(parts[-1]) is None:
            _add(inner, slots, found)
        else:
            named = path.with_name(f"{path.name}-{parts[-1]}")  # how it is read hangs on its name
            path.rename(named)
            inner = Candidate(path=named, parts=inner.parts, shown=inner.shown, packed=True)
            _open(inner, slots, path.with_name(f"{path.name}.open"), found, depth + 1)
