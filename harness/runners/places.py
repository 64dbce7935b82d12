"""Where stages run, from a person's wish to a runner: sweep what dead runs left, look at the machine, then work."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

from harness import machine
from harness.errors import EnvironmentFault, SpecError
from harness.plan.stage import Plan
from harness.preflight import Problem, require_hardware
from harness.runners.base import Runner
from harness.runners.local import LocalRunner

RunnerName = Literal["local", "docker"]

#: In a store: containers may be left of a run that was killed. Made before the first, removed after the last.
MARK = "containers"


@dataclass(frozen=True, kw_only=True)
class Wish:
    """What a person asks for.

    Attributes:
        runner: which.
        workers: stages at once.
        gpus: the GPUs to use, by number or id; None: all.
    """

    runner: RunnerName = "local"
    workers: int = 1
    gpus: tuple[str, ...] | None = None


class Place(Protocol):
    """Somewhere stages can run. The caller holds the store's lock."""

    def sweep(self, store: Path) -> None:
        """End and remove what runs left that were killed outright."""
        ...

    def problems(self, plan: Plan, links: Sequence[str]) -> list[Problem]:
        """Everything that keeps these stages from running here; ``links`` are release files that lie elsewhere."""
        ...

    def runner(self, store: Path, run: str) -> Runner:
        """A runner for one run."""
        ...

    def close(self) -> None:
        """Let go of what was reached for."""
        ...


def place_for(wish: Wish) -> Place:
    """The place that was asked for; nothing is reached for yet."""
    if wish.runner == "docker":
        from harness.runners.docker.place import DockerPlace

        return DockerPlace(wish)
    return LocalPlace(wish)


def bases(runner: RunnerName) -> Mapping[str, str]:
    """What keys say of the base image of each dependency lock; empty where stages run in no image.

    Raises:
        SpecError: there is no lock of images.
    """
    if runner == "local":
        return {}
    from harness.images.lockfile import read_lock
    from harness.images.targets import Target

    lock = read_lock()
    return {target.value: lock.environment(target) for target in Target}


class LocalPlace:
    """This machine, in processes."""

    def __init__(self, wish: Wish) -> None:
        self._wish = wish

    def sweep(self, store: Path) -> None:
        """Workers go with their orchestrator; containers of an earlier run in this store may be left, though."""
        if (store / MARK).exists():
            containers = place_for(Wish(runner="docker"))
            containers.sweep(store)
            containers.close()

    def problems(self, plan: Plan, links: Sequence[str]) -> list[Problem]:
        """Whether torch here finds the device and the precision. Processes see links as we do."""
        del links
        try:
            require_hardware(plan)
        except EnvironmentFault as fault:
            return [
                Problem(what=f"{fault.where}: {fault.what}" if fault.where else fault.what, remedy=fault.remedy or "")
            ]
        return []

    def runner(self, store: Path, run: str) -> Runner:
        """Warm worker processes."""
        del store, run
        return LocalRunner(self._wish.workers, local_gpus(self._wish.gpus))

    def close(self) -> None:
        """Nothing is held."""


def local_gpus(wanted: tuple[str, ...] | None) -> tuple[str, ...]:
    """The GPUs of this machine to lease, as ``CUDA_VISIBLE_DEVICES`` names them: those asked for, else the visible."""
    if wanted is not None:
        return wanted
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    if visible is not None:
        return tuple(name.strip() for name in visible.split(",") if name.strip())
    return tuple(str(number) for number in range(len(machine.gpus())))


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
