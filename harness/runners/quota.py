"""How much a stage has written to its output folder, looked at again and again while it runs: folders have no quota."""

from __future__ import annotations

import os
import time
from pathlib import Path

from harness.plan.stage import Stage

#: Seconds between two looks at least, and how many times what a look took: a folder of many files is looked at seldom.
_APART, _TIMES = 1.0, 10.0
_BLOCK = 512  # bytes; the kernel's unit of st_blocks, whatever the file system's
_GIB = 2**30


class Quota:
    """Watches one stage's output."""

    def __init__(self, folder: Path, stage: Stage) -> None:
        """Watch a folder.

        Args:
            folder: the stage's output.
            stage: its limits are held.
        """
        self._folder = folder
        self._limits = stage.limits
        self._next = 0.0

    def exceeded(self, *, now: bool = False) -> bool:
        """Whether there is more in it than may be; False, too, where it is not yet time for another look.

        Args:
            now: look, whatever the time.
        """
        started = time.monotonic()
        if started < self._next and not now:
            return False
        size, files = self._measured()
        took = time.monotonic() - started
        self._next = started + took + max(_APART, _TIMES * took)
        return size > self._limits.output or files > self._limits.files

    def _measured(self) -> tuple[int, int]:
        """Bytes on disk, and how many files and folders. Stops counting where a limit is passed."""
        size = files = 0
        waiting = [str(self._folder)]
        while waiting:
            try:
                with os.scandir(waiting.pop()) as entries:
                    for entry in entries:
                        files += 1
                        size += _on_disk(entry)
                        if size > self._limits.output or files > self._limits.files:
                            return size, files
                        if entry.is_dir(follow_symlinks=False):
                            waiting.append(entry.path)
            except OSError:  # a folder that has gone since, or that the stage has closed to others
                continue
        return size, files


def _on_disk(entry: os.DirEntry[str]) -> int:
    try:
        return entry.stat(follow_symlinks=False).st_blocks * _BLOCK
    except OSError:  # gone since
        return 0


def output_reason(stage: Stage) -> str:
    """One sentence about a stage that wrote more than it may, with what to do."""
    limit = f"{stage.limits.output / _GIB:.3g} GiB or {stage.limits.files:,} files"
    return (
        f"it wrote more to its output than it may ({limit}); what it wrote is gone; "
        "if it needs that much, give stages more with --stage-output."
    )
