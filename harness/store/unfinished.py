"""Saved states of unfinished stages, for the next try.

Lies in ``STORE/unfinished/KEY``: the folder ``RESUME`` of the stage's output, with a mark of the inputs it was made
from. Never an artifact, and gone when the stage is done.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path

from harness.context import RESUME
from harness.files import digest
from harness.trees import remove_tree

#: File that names the inputs: state made from others is worth nothing, even under the same key.
_INPUTS = "inputs"
_LONGEST_MARK = 100  # bytes; a digest has 64


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
        remove_tree(kept)
        target.mkdir()
        (target / _INPUTS).write_text(mark, encoding="ascii")

    def take_back(self, key: str, out: Path) -> None:
        """Keep the saved state, if any, in the output folder of an unfinished stage."""
        saved = out / RESUME
        if saved.is_symlink() or not saved.is_dir() or all(path.name == _INPUTS for path in saved.iterdir()):
            return
        self._folder.mkdir(exist_ok=True)
        remove_tree(self._folder / key)
        saved.rename(self._folder / key)

    def salvage(self) -> None:
        """Keep the saved states in the working folders (``tmp/RUN/KEY/out``) of killed runs."""
        for out in sorted(self._tmp.glob("*/*/out")):
            self.take_back(out.parent.name, out)


def _mark(folder: Path) -> str | None:
    """The digest that the mark holds; the stage could write there, so it may be anything, a pipe among others."""
    try:
        descriptor = os.open(folder / _INPUTS, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return None
    try:
        plain = stat.S_ISREG(os.fstat(descriptor).st_mode)
        return os.read(descriptor, _LONGEST_MARK).decode("ascii", "replace") if plain else None
    finally:
        os.close(descriptor)
