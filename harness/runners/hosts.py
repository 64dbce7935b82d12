"""Where stages run, from a person's wish to a runner: sweep what dead runs left, look at the machine, then work."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from importlib import metadata
from pathlib import Path

from harness.data.release import ReleaseFiles
from harness.errors import EnvironmentFault, first_of
from harness.plan.stage import Phase, Plan
from harness.runners.base import MARK, Host, Runner, RunnerName, RunnerRequest
from harness.runners.gpus import local_gpus
from harness.runners.local import LocalRunner
from harness.runners.preflight import Problem, require_hardware
from harness.specs.packages import Pin, read_packages


def host_for(wish: RunnerRequest) -> Host:
    """The place that was asked for; nothing is reached for yet."""
    if wish.runner == "docker":
        from harness.runners.docker.host import DockerHost

        return DockerHost(wish)
    return LocalHost(wish)


def bases(runner: RunnerName) -> Mapping[str, str]:
    """What keys say of the base image of each dependency lock; empty where stages run in no image.

    Raises:
        SpecError: there is no lock of images.
    """
    if runner == "local":
        return {}
    from harness.runners.images.lockfile import read_lock
    from harness.runners.images.targets import Target

    lock = read_lock()
    return {target.value: lock.environment(target) for target in Target}


class LocalHost:
    """This machine, in processes."""

    def __init__(self, wish: RunnerRequest) -> None:
        self._request = wish

    def sweep(self, store: Path) -> None:
        """Workers go with their orchestrator; containers of an earlier run in this store may be left, though."""
        if (store / MARK).exists():
            containers = host_for(RunnerRequest(runner="docker"))
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
        return LocalRunner(self._request.workers, local_gpus(self._request.gpus))

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
