"""Which images there are, and which one each stage runs in.

Beside the four that the Dockerfile names there may be images of a backbone's own, called ``TARGET+ADDITION``: a phase's
image with more packages (``train+mine``), or that of ``fetch`` with a backbone's files (``fetch+mine``).
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated

from pydantic import Field

from harness.plan.stage import Phase, Stage
from harness.plan.stage_list import LOCK_OF_PHASE

#: ``train``, or ``train+mine``.
ImageName = Annotated[str, Field(pattern=r"^(fetch|train|retrieve|report)(\+[\w.+-]+)?$")]


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


def image_of(stage: Stage) -> str:
    """The image that a stage runs in."""
    target = TARGET_OF_PHASE[stage.phase].value
    return f"{target}+{stage.adds}" if stage.adds else target


def target_of(image: str) -> Target:
    """The phase's image that an image is, or stands on."""
    return Target(image.partition("+")[0])


def addition_of(image: str) -> str:
    """What an image adds to its phase's, by name; empty for a phase's own."""
    return image.partition("+")[2]
