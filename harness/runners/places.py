"""Where stages run, from a person's wish to a runner: sweep what dead runs left, look at the machine, then work."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Literal, Protocol

from harness import machine
from harness.data import ReleaseFiles
from harness.errors import EnvironmentFault, SpecError, first_of
from harness.plan.stage import Phase, Plan
from harness.preflight import Problem, require_hardware
from harness.runners.base import Runner
from harness.runners.local import LocalRunner
from harness.specs.packages import Pin, read_packages

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

    def problems(self, plan: Plan, release: ReleaseFiles) -> list[Problem]:
        """Everything that keeps these stages from running here, on the release files that the plan reads."""
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

    def problems(self, plan: Plan, release: ReleaseFiles) -> list[Problem]:
        """Whether backbones' own packages are installed, and torch finds the device and the precision.

        Processes see release files as we do.
        """
        del release
        found = _package_problems(plan)
        try:
            require_hardware(plan)
        except EnvironmentFault as fault:
            found.append(
                Problem(what=f"{fault.where}: {fault.what}" if fault.where else fault.what, remedy=fault.remedy or "")
            )
        return found

    def runner(self, store: Path, run: str) -> Runner:
        """Warm worker processes."""
        del store, run
        return LocalRunner(self._wish.workers, local_gpus(self._wish.gpus))

    def close(self) -> None:
        """Nothing is held."""


def _package_problems(plan: Plan) -> list[Problem]:
    """Packages of backbones' own that are not installed here, or in other versions than locked."""
    found = []
    names = {stage.adds for stage in plan.stages if stage.adds and stage.phase is not Phase.FETCH}
    for name in sorted(names):
        packages = read_packages(f"{name}.txt", where=f"packages '{name}'")
        lacking = [said for pin in packages.pins if (said := _lacking(pin))]
        if lacking:
            install = f"{sys.executable} -m pip install --no-deps --require-hashes -r {packages.path}"
            found.append(
                Problem(
                    what=f"a backbone needs the packages of {packages.path.name} here, and {first_of(lacking)}",
                    remedy=f"install them ({install}), or run in containers (--runner docker)",
                )
            )
    return found


def _lacking(pin: Pin) -> str:
    """What is wrong with an installed package beside its pin; empty where nothing is."""
    try:
        version = metadata.version(pin.name)
    except metadata.PackageNotFoundError:
        return f"{pin.name} {pin.version} is not installed"
    # An installed CPU build calls itself 2.0+cpu.
    return "" if pin.version in (version, version.partition("+")[0]) else f"{pin.name} is {version}, not {pin.version}"


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
