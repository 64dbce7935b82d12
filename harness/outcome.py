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
    OUT_OF_MEMORY = "out-of-memory"  # of the machine, of the stage's own limit, or of the GPU
    KILLED = "killed"  # the worker died of a signal
    WORKER_DIED = "worker-died"  # the worker ended without a word
    DISK_FULL = "disk-full"
    NETWORK = "network"  # fetch only
    OUTPUT = "output-limit"  # it wrote more to its output than it may
    TIMEOUT = "timeout"  # it ran past its deadline
    GPU_LOST = "gpu-lost"  # the device went away, or is not there at all
    ENGINE_GONE = "engine-gone"  # the container engine does not answer, or was restarted under the stage
    ENGINE_REFUSED = "engine-refused"  # it answers, and would not run the stage
    IMAGE = "image"  # the stage's image is missing, or not the one of the lock
    INTERRUPTED = "interrupted"
    BLOCKED = "blocked"  # something it stands on failed

    @property
    def environmental(self) -> bool:
        """Whether the machine rather than the work is at fault."""
        return self not in (
            FailureClass.BAD_INPUT,
            FailureClass.STAGE_ERROR,
            FailureClass.DIVERGED,
            FailureClass.OUTPUT,  # what it has written without end is nothing to go on from
            FailureClass.BLOCKED,
        )

    @property
    def passing(self) -> bool:
        """Whether the fault may be gone in a moment, so that the same stage is worth starting again.

        A limit on memory or time would only be run into once more, and a missing image does not come by itself.
        """
        return self in _PASSING


_PASSING = frozenset(
    {
        FailureClass.KILLED,
        FailureClass.WORKER_DIED,
        FailureClass.DISK_FULL,
        FailureClass.NETWORK,
        FailureClass.GPU_LOST,
        FailureClass.ENGINE_GONE,
        FailureClass.ENGINE_REFUSED,
    }
)


@dataclass(frozen=True, kw_only=True)
class Failure:
    """Why a stage has no artifact: its class, one sentence, and where to read more."""

    kind: FailureClass
    reason: str
    log: str | None = None

    def to_json(self) -> dict[str, Any]:
        return {**asdict(self), "kind": self.kind.value}
