"""Saved states of unfinished stages, for the next try.

Lies in ``STORE/unfinished/KEY``: the folder ``RESUME`` of the stage's output, with a mark of the inputs it was made
from. Never an artifact, and gone when the stage is done.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path

from harness.context import RESUME
from harness.files import digest

#: File that names the inputs: state made from others is worth nothing, even under the same key.
_INPUTS = "inputs"


class Unfinished:
    """The saved states of a store, by key of their stage. The caller holds the store's lock."""

    def __init__(self, root: Path) -> None:
        self._folder = root / "unfinished"
        self._tmp = root / "tmp"

    def __iter__(self) -> Iterator[Path]:
        """Folders of saved states, by key, sorted."""
        yield from sorted(self._folder.iterdir()) if self._folder.is_dir() else ()

    def folder(self, key: str) -> Path:
        """Where the saved state of a stage lies, if there is any."""
        return self._folder / key

    def hand_out(self, key: str, inputs: Mapping[str, str], out: Path, *, afresh: bool) -> None:
        """Copy an earlier try's saved state to an empty output folder, if its inputs (digests) were the same.

        ``afresh``: do away with it instead.
        """
        mark = digest(dict(inputs))
        kept, target = self._folder / key, out / RESUME
        if kept.is_dir() and not afresh and _mark(kept) == mark:
            kept.rename(target)
            return
        shutil.rmtree(kept, ignore_errors=True)
        target.mkdir()
        (target / _INPUTS).write_text(mark, encoding="ascii")

    def take_back(self, key: str, out: Path) -> None:
        """Keep the saved state, if any, in the output folder of an unfinished stage."""
        saved = out / RESUME
        if not saved.is_dir() or all(path.name == _INPUTS for path in saved.iterdir()):
            return
        self._folder.mkdir(exist_ok=True)
        shutil.rmtree(self._folder / key, ignore_errors=True)
        saved.rename(self._folder / key)

    def salvage(self) -> None:
        """Keep the saved states in the working folders (``tmp/RUN/KEY/out``) of killed runs."""
        for out in sorted(self._tmp.glob("*/*/out")):
            self.take_back(out.parent.name, out)


def _mark(folder: Path) -> str | None:
    try:
        return (folder / _INPUTS).read_text(encoding="ascii")
    except OSError:
        return None
