"""GPUs leased to stages: each to one at a time, and one that failed a stage to the back of the queue."""

from __future__ import annotations

import threading
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager

from harness.plan.stage import Stage


def wants_gpu(stage: Stage) -> bool:
    """Whether a stage asked for a GPU; no other is shown one."""
    return stage.environment.device == "cuda"


class Leases:
    """The GPUs a runner may give away, by the ids its engine or driver knows them by."""

    def __init__(self, devices: Sequence[str]) -> None:
        self.devices = tuple(devices)
        self._free = list(devices)
        self._changed = threading.Condition()

    def has_room(self, stage: Stage, running: Collection[Stage]) -> bool:
        """Whether there is a GPU for the stage beside those that run; with none at all, the stage itself says so."""
        if not wants_gpu(stage) or not self.devices:
            return True
        return sum(wants_gpu(other) for other in running) < len(self.devices)

    @contextmanager
    def lease(self, stage: Stage) -> Iterator[str | None]:
        """A GPU for as long as the block lasts, or None for a stage that wants none; waits until one is free.

        They are given away first come first served, so that a stage that lost its GPU gets another one next time, where
        there is another.
        """
        if not wants_gpu(stage) or not self.devices:
            yield None
            return
        with self._changed:
            self._changed.wait_for(lambda: self._free)
            device = self._free.pop(0)
        try:
            yield device
        finally:
            with self._changed:
                self._free.append(device)
                self._changed.notify()
