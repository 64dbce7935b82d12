"""Which images there are, and which one each phase runs in."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from harness.plan.build import LOCK_OF_PHASE
from harness.plan.stage import Phase


class Target(StrEnum):
    """The images that stages run in. Members are targets of ``images/Dockerfile`` and names of locks."""

    FETCH = "fetch"
    TRAIN = "train"
    RETRIEVE = "retrieve"
    REPORT = "report"

    @property
    def needs_torch(self) -> bool:
        """Whether it stands on a base with torch."""
        return self in (Target.TRAIN, Target.RETRIEVE)


#: An image holds exactly the lock that stands in its stages' keys; ``fetch`` has none in its keys, and one here.
TARGET_OF_PHASE: Mapping[Phase, Target] = {phase: Target(LOCK_OF_PHASE.get(phase, "fetch")) for phase in Phase}


def phases_of(target: Target) -> tuple[Phase, ...]:
    """The phases whose stages run in an image."""
    return tuple(phase for phase in Phase if TARGET_OF_PHASE[phase] is target)
