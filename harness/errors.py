"""Errors with an exit code, each shown as one sentence: bad input is 2, a broken environment 3."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

from tasks.errors import UserError


class Diverged(RuntimeError):  # noqa: N818 (a state of the training, and the name of its error)
    """The loss or the gradient of an optimiser step is not a finite number.

    Attributes:
        step: the optimiser step, counted from 1.
    """

    def __init__(self, quantity: str, value: float, *, step: int) -> None:
        self.step = step
        super().__init__(f"the {quantity} is {value} at step {step}; lower the learning rate or train in fp32.")


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


class BadOutput(Exception):  # noqa: N818 - a state of a folder
    """A stage's output lacks something, or holds something that is never published."""

    failure_class = FailureClass.STAGE_ERROR


LONGEST_REASON = 4000  # characters of a failure's sentence


def printable(text: str, *, lines: bool = False) -> str:
    """A text as a terminal, a log or a file in UTF-8 may have it: control characters and lone surrogates are escaped.

    Args:
        text: of a stage, or of somebody's file.
        lines: it may have several lines; in one line, a line break is escaped as well.
    """
    if text.isprintable():
        return text
    return "".join(
        one if one.isprintable() or (lines and one in "\n\t") else one.encode("unicode_escape").decode("ascii")
        for one in text
    )


@dataclass(frozen=True, kw_only=True)
class Failure:
    """Why a stage has no artifact: its class, one printable line, and where to read more."""

    kind: FailureClass
    reason: str
    log: str | None = None

    def __post_init__(self) -> None:
        reason = self.reason
        if len(reason) > LONGEST_REASON:
            reason = f"{reason[:LONGEST_REASON]} ..."
        object.__setattr__(self, "reason", printable(reason))

    def to_json(self) -> dict[str, Any]:
        return {**asdict(self), "kind": self.kind.value}


def first_of(names: Sequence[object]) -> str:
    """The first of some things that a sentence is about, and how many more there are."""
    return f"{names[0]} and {len(names) - 1} more" if len(names) > 1 else str(names[0])


class SpecError(UserError):
    """A suite, task, backbone, corpus or training recipe does not say what it must."""


class UnknownNameError(SpecError):
    """A name that no spec has; the nearest known one is suggested."""

    def __init__(self, kind: str, name: str, known: Iterable[str], *, where: str | None = None) -> None:
        names = sorted(known)
        near = difflib.get_close_matches(name, names, n=1, cutoff=0.5)
        remedy = f"did you mean '{near[0]}'?" if near else f"known: {', '.join(names) or 'none'}"
        super().__init__(f"unknown {kind} '{name}'", where=where, remedy=remedy)


class EnvironmentFault(UserError):  # noqa: N818 - a fault of the machine, not an error of the user
    """The machine, not the work, is at fault: a full disk, a store that cannot be written, a missing engine."""

    exit_code = 3

    def __init__(
        self,
        what: str,
        *,
        where: str | None = None,
        remedy: str | None = None,
        failure_class: FailureClass = FailureClass.STAGE_ERROR,
    ) -> None:
        super().__init__(what, where=where, remedy=remedy)
        self.failure_class = failure_class


class StoreError(EnvironmentFault):
    """The store cannot be used as it is."""
