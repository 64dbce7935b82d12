"""GPUs leased to stages: each to one at a time, and one that failed a stage to the back of the queue."""

from __future__ import annotations

import os
import threading
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager

from harness import provenance
from harness.errors import SpecError
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


def local_gpus(wanted: tuple[str, ...] | None) -> tuple[str, ...]:
    """The GPUs of this machine to lease, as ``CUDA_VISIBLE_DEVICES`` names them: those asked for, else the visible."""
    if wanted is not None:
        return wanted
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    if visible is not None:
        return tuple(name.strip() for name in visible.split(",") if name.strip())
    return tuple(str(number) for number in range(len(provenance.gpus())))


def chosen_gpus(wanted: tuple[str, ...] | None, there: Sequence[str]) -> tuple[str, ...]:
    """Of the GPUs that are there, by id, those asked for by number or by the beginning of their id.

    Raises:
        SpecError: one that was asked for is not there.
    """
    if wanted is None:
        return tuple(there)
    found = []
    for name in wanted:
        matching = [there[int(name)]] if name.isdigit() and int(name) < len(there) else []
        matching += [device for device in there if device.startswith(name) and not name.isdigit()]
        if len(matching) != 1:
            raise SpecError(
                f"there is no one GPU '{name}'", where="--gpus", remedy=f"there are {len(there)}, counted from 0"
            )
        found += matching
    return tuple(dict.fromkeys(found))
