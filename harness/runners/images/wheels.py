"""A wheelhouse: a folder of wheels that images are built from where there is no network."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from pathlib import Path

from harness.errors import SpecError
from harness.files import file_digest
from harness.specs.packages import pins_of

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

    def wheels_for(self, locks: Mapping[str, str]) -> tuple[Path, ...]:
        """The wheels that a build's locks (their text, by name) ask for.

        Raises:
            SpecError: a locked package has no wheel here.
        """
        found: list[Path] = []
        missing: list[str] = []
        for lock, text in locks.items():
            for pin in pins_of(text):
                here = [self.by_hash[value] for value in pin.hashes if value in self.by_hash]
                found += here
                if not here and lock != "locks/torch-cuda.txt":  # which torch's CPU builds do without
                    missing.append(pin.name)
        if missing:
            some = ", ".join(missing[:_SHOWN]) + (f" and {len(missing) - _SHOWN} more" if len(missing) > _SHOWN else "")
            raise SpecError(
                f"holds no wheel with a locked hash of {some}",
                where=str(self.folder),
                remedy="fill it: codestilts images wheelhouse DIR",
            )
        return tuple(sorted(set(found)))
