"""How much a stage has written to its output folder, looked at again and again while it runs: folders have no quota."""

from __future__ import annotations

import time
from contextlib import closing
from pathlib import Path

from harness.plan.stage import Stage
from harness.trees import MOST_LEVELS, walk

#: Seconds between two looks at least, and how many times what a look took: a folder of many files is looked at seldom.
_APART, _TIMES = 1.0, 10.0
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
        full = self._is_full()
        took = time.monotonic() - started
        self._next = started + took + max(_APART, _TIMES * took)
        return full

    def _is_full(self) -> bool:
        """Whether bytes on disk, or files and folders, are more than may be, or lie deeper than anybody looks."""
        size = 0
        with closing(walk(self._folder)) as things:
            for files, found in enumerate(things, start=1):
                size += found.on_disk
                if found.too_deep or size > self._limits.output or files > self._limits.files:
                    return True
        return False


def output_reason(stage: Stage) -> str:
    """One sentence about a stage that wrote more than it may, with what to do."""
    limit = f"{stage.limits.output / _GIB:.3g} GiB, {stage.limits.files:,} files, folders {MOST_LEVELS} deep"
    return (
        f"it wrote more to its output than it may ({limit}); what it wrote is gone; "
        "if it needs that much, give stages more with --stage-output."
    )
