"""What every runner must do: run one stage, tell how far it is, say how it ended."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Protocol

from harness.context import Progress
from harness.data.release import ReleaseFiles
from harness.errors import Failure
from harness.plan.stage import Plan, Stage
from harness.runners.preflight import Problem

RunnerName = Literal["local", "docker"]


@dataclass(frozen=True, kw_only=True)
class Job:
    """A stage with the folders it works on.

    Attributes:
        spec: folder that holds ``stage.json``, made by the caller.
        inputs: artifact folders by role.
        data: release files, for stages that read them.
        out: an empty folder; the only one the stage may write to.
        log: file that takes everything the stage prints.
    """

    stage: Stage
    spec: Path
    inputs: Mapping[str, Path]
    out: Path
    log: Path
    data: Path | None = None


@dataclass(frozen=True, kw_only=True)
class JobResult:
    """How a stage ended on its runner.

    Attributes:
        failure: None if it did what it should.
        seconds: wall time.
        peak_memory: largest resident set, in bytes, if known.
        surroundings: versions and hardware as the stage saw them.
    """

    failure: Failure | None
    seconds: float
    peak_memory: int | None = None
    provenance: Mapping[str, Any] = field(default_factory=dict)


class Runner(Protocol):
    """Runs stages, several at once from as many threads as it has slots."""

    name: str
    slots: int

    def has_room(self, stage: Stage, running: Collection[Stage]) -> bool:
        """Whether the stage can start beside those that run: a GPU is leased to one stage at a time."""
        ...

    def run(self, job: Job, progress: Progress) -> JobResult:
        """Run one stage to its end. Never raises for what goes wrong inside the stage."""
        ...

    def stop(self) -> None:
        """Kill what is running, at once. May be called from any thread."""
        ...

    def close(self) -> None:
        """Let go of everything the runner holds."""
        ...


#: In a store: containers may be left of a run that was killed. Made before the first, removed after the last.
MARK = "containers"


@dataclass(frozen=True, kw_only=True)
class RunnerRequest:
    """What a person asks for.

    Attributes:
        runner: which.
        workers: stages at once.
        gpus: the GPUs to use, by number or id; None: all.
    """

    runner: RunnerName = "local"
    workers: int = 1
    gpus: tuple[str, ...] | None = None


class Host(Protocol):
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


def timeout_reason(stage: Stage) -> str:
    """One sentence about a stage that ran past its deadline, with what to do."""
    hours = stage.limits.seconds / 3600
    return f"it ran past its deadline of {hours:.3g} hours; give stages more with --stage-hours, if it was not stuck."
