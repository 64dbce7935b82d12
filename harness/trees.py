"""Walking, measuring and removing folders that somebody else has filled: no recursion, no link followed."""

from __future__ import annotations

import os
import secrets
import shutil
import stat
from collections.abc import Generator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

#: Levels that a walk goes down, and characters of a path: every path it gives is one that the kernel takes.
MOST_LEVELS, _LONGEST_PATH = 32, 2000
_BLOCK = 512  # bytes; the kernel's unit of st_blocks, whatever the file system's
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW


@dataclass(frozen=True, kw_only=True)
class Found:
    """A file, a folder or something else below a folder.

    Attributes:
        path: relative, with slashes.
        status: of the thing itself, not of what a link points to.
        too_deep: a folder that a walk does not enter.
    """

    path: str
    status: os.stat_result
    too_deep: bool = False

    @property
    def is_folder(self) -> bool:
        return stat.S_ISDIR(self.status.st_mode)

    @property
    def is_file(self) -> bool:
        return stat.S_ISREG(self.status.st_mode)

    @property
    def on_disk(self) -> int:
        """Bytes that it takes there."""
        return self.status.st_blocks * _BLOCK


def walk(folder: Path, *, strict: bool = False) -> Generator[Found]:
    """Everything below a folder, each folder before it is entered; nothing below ``MOST_LEVELS``.

    Close it (``contextlib.closing``) where it may not come to its end: it holds a folder open.

    Args:
        folder: where to begin.
        strict: raise OSError for a folder that cannot be read; it is passed over otherwise.
    """
    waiting = [""]
    while waiting:
        above = waiting.pop()
        try:
            with os.scandir(folder / above) as entries:
                for entry in entries:
                    path = f"{above}/{entry.name}" if above else entry.name
                    try:
                        status = entry.stat(follow_symlinks=False)
                    except OSError:  # gone since
                        if strict:
                            raise
                        continue
                    too_deep = path.count("/") >= MOST_LEVELS or len(path) > _LONGEST_PATH
                    found = Found(path=path, status=status, too_deep=too_deep and stat.S_ISDIR(status.st_mode))
                    yield found
                    if found.is_folder and not found.too_deep:
                        waiting.append(path)
        except OSError:
            if strict:
                raise


def size_of(path: Path) -> int:
    """Bytes of a file, or of all files below a folder."""
    if path.is_file():
        return path.stat().st_size
    return sum(found.status.st_size for found in walk(path) if found.is_file)


def remove_tree(path: Path) -> None:
    """Remove a file, a link or a folder with all in it, however deep; what cannot be removed stays.

    The folders in a folder are moved to the top before it goes, so that the depth costs neither stack nor descriptors
    nor long paths.
    """
    with suppress(OSError):
        if not stat.S_ISDIR(path.lstat().st_mode):
            path.unlink()
            return
        top = _opened(str(path), None)
        try:
            _empty(top)
        finally:
            os.close(top)
        path.rmdir()


def _empty(top: int) -> None:
    mark, number = f".gone-{secrets.token_hex(8)}-", 0
    while folders := _without_files(top):
        removed = 0
        for name in folders:
            with suppress(OSError):
                child = _opened(name, top)
                try:
                    for inner in _without_files(child):
                        _move(inner, child, f"{mark}{number}", top)
                        number += 1
                finally:
                    os.close(child)
                os.rmdir(name, dir_fd=top)
                removed += 1
        if not removed:
            return


def _without_files(folder: int) -> list[str]:
    """Remove all that is in an open folder but for folders; their names."""
    folders = []
    with os.scandir(folder) as entries:
        found = list(entries)
    for entry in found:
        if entry.is_dir(follow_symlinks=False):
            folders.append(entry.name)
        else:
            with suppress(OSError):
                os.unlink(entry.name, dir_fd=folder)
    return folders


def _move(name: str, folder: int, target: str, top: int) -> None:
    """Move a folder up, or remove it where it cannot be moved (the lower layer of an overlay)."""
    try:
        os.close(_opened(name, folder))  # a folder that its owner may not write to cannot be moved
        os.rename(name, target, src_dir_fd=folder, dst_dir_fd=top)
    except OSError:
        with suppress(RecursionError):
            shutil.rmtree(name, ignore_errors=True, dir_fd=folder)


def _opened(name: str, above: int | None) -> int:
    """An open folder that its owner may read and change."""
    try:
        folder = os.open(name, _FOLDER, dir_fd=above)
    except PermissionError:
        os.chmod(name, stat.S_IRWXU, dir_fd=above)
        folder = os.open(name, _FOLDER, dir_fd=above)
    with suppress(OSError):  # somebody else's
        if os.fstat(folder).st_mode & stat.S_IRWXU != stat.S_IRWXU:
            os.fchmod(folder, stat.S_IRWXU)
    return folder
