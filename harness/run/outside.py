"""Phases done one after another outside a suite: in this process, or each in a container of its own."""

from __future__ import annotations

import importlib
import itertools
import os
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness import provenance
from harness.context import Progress, StageContext
from harness.data.release import ReleaseFiles
from harness.errors import EnvironmentFault, FailureClass
from harness.plan.stage import Environment, Limits, Phase, Plan, Stage
from harness.runners.base import Job, Runner, RunnerName, RunnerRequest
from harness.runners.hosts import host_for
from harness.runners.preflight import NotReady
from harness.runners.stage import write_spec
from harness.store.ledger import new_run_id
from tasks.errors import UserError

#: A week, and a terabyte: whoever starts a tool by hand sees for himself when it is stuck.
_SECONDS, _OUTPUT = 7 * 86400.0, 2**40
#: Phases that load a backbone, and with it packages of its own.
_LOADING = frozenset({Phase.RETRIEVE, Phase.CHECK})


@dataclass(frozen=True, kw_only=True)
class Work:
    """One phase, with what a stage of a plan would be given."""

    phase: Phase
    params: Mapping[str, Any]
    inputs: Mapping[str, Path]
    out: Path
    data: Path | None = None
    threads: int = 1
    device: str = "cpu"
    precision: str = "fp32"


Do = Callable[[Work, Progress], None]


def do_here(work: Work, progress: Progress) -> None:
    """Do it in this process."""
    importlib.import_module(f"harness.phases.{work.phase.value}").run(
        StageContext(
            params=work.params,
            inputs=work.inputs,
            data=work.data,
            out=work.out,
            progress=progress,
            threads=work.threads,
            device=work.device,
            precision=work.precision,
        )
    )


@contextmanager
def doing(runner: RunnerName, aside: Path, phases: Sequence[Phase], device: str, *, packages: str = "") -> Iterator[Do]:
    """How phases are to be done for as long as the block runs.

    Args:
        runner: ``local``: in this process; ``docker``: each in a container, closed in as in a run.
        aside: a folder that goes afterwards; containers are named by it, so that no run takes them for its own.
        phases: those that will be done.
        device: of those that have arithmetic: ``cpu`` or ``cuda``.
        packages: name of the packages that the backbone brings, which are in images of its own.

    Raises:
        NotReady: the engine, an image or a GPU is missing.
    """
    if runner == "local":
        yield do_here
        return
    store = aside / "containers"
    place = host_for(RunnerRequest(runner=runner))
    with closing(place):
        stages = tuple(
            _stage(
                Work(phase=phase, params={}, inputs={}, out=aside, device=device if _on_device(phase) else "cpu"),
                packages,
            )
            for phase in phases
        )
        if problems := place.problems(Plan(suite="retrieve", stages=stages, cells=()), ReleaseFiles()):
            raise NotReady(problems)
        store.mkdir(parents=True)
        with closing(place.runner(store, new_run_id(store))) as started:
            numbers = itertools.count()
            yield lambda work, progress: _do_contained(
                _stage(work, packages),
                work,
                progress,
                started,
                store / "jobs" / f"{next(numbers):02}-{work.phase.value}",
            )


def _do_contained(stage: Stage, work: Work, progress: Progress, runner: Runner, folder: Path) -> None:
    data = work.data.resolve() if work.data is not None else None
    inputs = {
        role: _readable(path.resolve(), folder / "inputs" / str(number))
        for number, (role, path) in enumerate(work.inputs.items())
    }
    write_spec(stage, folder / "spec", inputs, data)
    job = Job(stage=stage, spec=folder / "spec", inputs=inputs, data=data, out=work.out.resolve(), log=folder / "log")
    failure = runner.run(job, progress).failure
    if failure is None:
        return
    reason = failure.reason.rstrip(".")
    if failure.kind is FailureClass.BAD_INPUT:
        raise UserError(reason)
    raise EnvironmentFault(f"{work.phase.value} in a container: {reason}", failure_class=failure.kind)


def _readable(folder: Path, aside: Path) -> Path:
    """A folder that whoever a stage runs as can read: itself, or a copy where root calls and kept files to itself."""
    if os.getuid() != 0 or all(path.stat().st_mode & 0o004 for path in folder.rglob("*")):
        return folder
    shutil.copytree(folder, aside)
    for path in (aside, *aside.rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)
    return aside


def _stage(work: Work, packages: str) -> Stage:
    environment = Environment(base="", lock="", device=work.device, precision=work.precision, threads=work.threads)
    return Stage(
        phase=work.phase,
        name=f"{work.phase.value}/alone",
        version=0,
        environment=environment,
        params=work.params,
        needs_data=work.data is not None,
        adds=packages if work.phase in _LOADING else "",
        limits=Limits(memory=int(0.9 * provenance.memory_bytes()), seconds=_SECONDS, output=_OUTPUT),
    )


def _on_device(phase: Phase) -> bool:
    return phase is Phase.RETRIEVE
