"""Training rows that stages have encoded, kept for the next stage with the same rows and the same tokenizer.

Lies in ``STORE/encoded/DIGEST``, where the digest covers its inputs (``harness.training.encoded``). Not an
artifact: no result hangs on whether it is there, and ``store gc`` removes it.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from harness.context import ENCODED
from harness.trees import remove_tree

_NAME = re.compile(r"[0-9a-f]{64}")


class Encodings:
    """The encoded rows of a store. The caller holds the store's lock."""

    def __init__(self, root: Path) -> None:
        self._folder = root / "encoded"
        self._taking = threading.Lock()

    def __iter__(self) -> Iterator[Path]:
        """Their folders, sorted."""
        yield from sorted(self._folder.iterdir()) if self._folder.is_dir() else ()

    def folder(self) -> Path:
        """The folder of all of them, to be read by stages."""
        self._folder.mkdir(exist_ok=True)
        return self._folder

    def take(self, out: Path) -> None:
        """Move new encodings (plain files only) from the output folder of a finished stage to the store.

        One that is there already was of no use to the stage, so it is replaced; who has mapped its files keeps them.
        Two stages that have encoded the same rows may end at once. Encodings that cannot be stored fail no stage.
        """
        made = out / ENCODED
        if made.is_symlink() or not made.is_dir():
            return
        with self._taking:
            for found in sorted(made.iterdir()):
                if _NAME.fullmatch(found.name) and _plain(found):
                    with suppress(OSError):
                        target = self.folder() / found.name
                        remove_tree(target)
                        found.rename(target)
        remove_tree(made)


def _plain(folder: Path) -> bool:
    """Whether it is a folder of plain files and nothing else."""
    return (
        not folder.is_symlink()
        and folder.is_dir()
        and all(path.is_file() and not path.is_symlink() for path in folder.iterdir())
    )
