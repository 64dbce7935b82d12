"""A wheelhouse: a folder of wheels that images are built from where there is no network."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import cached_property
from pathlib import Path

from harness.canonical import file_digest
from harness.errors import SpecError

_SHOWN = 4  # names of missing packages


class Wheelhouse:
    """A folder of wheels, known by their hashes."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        if not folder.is_dir():
            raise SpecError("no such folder", where=str(folder), remedy="give --wheelhouse a folder of wheels")

    @cached_property
    def by_hash(self) -> dict[str, Path]:
        """Wheels by SHA-256."""
        return {file_digest(path): path for path in sorted(self.folder.glob("*.whl"))}

    def wheels_for(self, files: Mapping[str, Path]) -> tuple[Path, ...]:
        """The wheels that a build's locks name.

        Raises:
            SpecError: a locked package has no wheel here.
        """
        found: list[Path] = []
        missing: list[str] = []
        for path in (path for name, path in files.items() if name.startswith("locks/")):
            for name, hashes in _hashes(path.read_text(encoding="utf-8")):
                here = [self.by_hash[value] for value in hashes if value in self.by_hash]
                found += here
                if not here and path.name != "torch-cuda.txt":  # which torch's CPU builds do without
                    missing.append(name)
        if missing:
            some = ", ".join(missing[:_SHOWN]) + (f" and {len(missing) - _SHOWN} more" if len(missing) > _SHOWN else "")
            raise SpecError(
                f"holds no wheel with a locked hash of {some}",
                where=str(self.folder),
                remedy="fill it: codestilts images wheelhouse DIR",
            )
        return tuple(sorted(set(found)))


def _hashes(lock: str) -> Iterable[tuple[str, list[str]]]:
    """Packages of a lock with the hashes of their files."""
    for block in re.split(r"(?m)^(?=[a-z0-9])", lock)[1:]:
        yield re.split(r"[=\s]", block, maxsplit=1)[0], re.findall(r"--hash=sha256:([0-9a-f]{64})", block)
