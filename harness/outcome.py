"""How a stage ended, and why it failed if it did. Closed sets, with their own words for people."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any


class Outcome(StrEnum):
    """How a stage ended in one run."""

    DONE = "done"
    CACHED = "cached"
    FAILED = "failed"
    BLOCKED = "blocked"
    NOT_RUN = "not-run"

    @property
    def satisfied(self) -> bool:
        """Whether what stands on the stage may run."""
        return self in (Outcome.DONE, Outcome.CACHED)


class FailureClass(StrEnum):
    """What is at fault. None of these ever becomes a score."""

    BAD_INPUT = "bad-input"  # the user's data or spec
    STAGE_ERROR = "stage-error"  # the stage's own code
    DIVERGED = "diverged"  # a loss or a gradient of the training is no finite number
    OUT_OF_MEMORY = "out-of-memory"
    KILLED = "killed"  # the worker died of a signal
    WORKER_DIED = "worker-died"  # the worker ended without a word
    DISK_FULL = "disk-full"
    NETWORK = "network"  # fetch only
    INTERRUPTED = "interrupted"
    BLOCKED = "blocked"  # something it stands on failed

    @property
    def environmental(self) -> bool:
        """Whether the machine rather than the work is at fault."""
        return self not in (
            FailureClass.BAD_INPUT,
            FailureClass.STAGE_ERROR,
            FailureClass.DIVERGED,
            FailureClass.BLOCKED,
        )


@dataclass(frozen=True, kw_only=True)
class Failure:
    """Why a stage has no artifact: its class, one sentence, and where to read more."""

    kind: FailureClass
    reason: str
    log: str | None = None

    def to_json(self) -> dict[str, Any]:
        return {**asdict(self), "kind": self.kind.value}
