"""What every runner must do: run one stage, tell how far it is, say how it ended."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from harness.context import Progress
from harness.outcome import Failure
from harness.plan.stage import Stage


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
class Ended:
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
    surroundings: Mapping[str, Any] = field(default_factory=dict)


class Runner(Protocol):
    """Runs stages, several at once from as many threads as it has slots."""

    name: str
    slots: int

    def has_room(self, stage: Stage, running: Collection[Stage]) -> bool:
        """Whether the stage can start beside those that run: a GPU is leased to one stage at a time."""
        ...

    def run(self, job: Job, progress: Progress) -> Ended:
        """Run one stage to its end. Never raises for what goes wrong inside the stage."""
        ...

    def stop(self) -> None:
        """Kill what is running, at once. May be called from any thread."""
        ...

    def close(self) -> None:
        """Let go of everything the runner holds."""
        ...


def timeout_reason(stage: Stage) -> str:
    """One sentence about a stage that ran past its deadline, with what to do."""
    hours = stage.limits.seconds / 3600
    return f"it ran past its deadline of {hours:.3g} hours; give stages more with --stage-hours, if it was not stuck."
