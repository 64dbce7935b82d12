"""What a stage reports: one small typed line at a time, read as the words of a stranger.

A report says how a stage fares and which versions and hardware it has seen. Who ran it, when and how long is known to
the runner, which writes it itself; a field that is none of a report's own makes the report malformed.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, TypeAdapter, ValidationError

from harness.context import Progress
from harness.errors import FailureClass, printable

LONGEST_LINE = 2**20  # bytes
_BEGINNING = b'{"event":'

#: What a stage may say of its own end; all else is seen from outside alone.
_OWN = frozenset(
    {
        FailureClass.BAD_INPUT,
        FailureClass.STAGE_ERROR,
        FailureClass.DIVERGED,
        FailureClass.OUT_OF_MEMORY,
        FailureClass.DISK_FULL,
        FailureClass.NETWORK,
        FailureClass.OUTPUT,
        FailureClass.GPU_LOST,
    }
)


def _own_class(value: object) -> FailureClass:
    """The class that a stage names; an error of its own where it names none that it can know."""
    return next((kind for kind in _OWN if kind == value), FailureClass.STAGE_ERROR)


_Word = Annotated[str, Field(max_length=300)]


class _Typed(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


class Surroundings(_Typed):
    """Versions and hardware, as the stage sees them: the fields of ``harness.provenance.describe_process``."""

    versions: dict[_Word, _Word] = Field(max_length=100)
    cpu: _Word
    cores: int | None = Field(ge=1, le=2**20)
    platform: _Word
    host: _Word
    cpu_capability: _Word | None = None
    gpu: _Word | None = None


class Advance(_Typed):
    """How far a stage is."""

    event: Literal["progress"]
    fraction: float
    note: str = Field(max_length=10_000)


class Done(_Typed):
    """It has done what it should."""

    event: Literal["done"]
    peak_memory: int = Field(ge=0, le=2**60)
    provenance: Surroundings

    def seen(self) -> dict[str, Any]:
        """The surroundings, every text of them printable."""
        found = self.provenance.model_dump(exclude_none=True)
        versions = {printable(name): printable(version) for name, version in found.pop("versions").items()}
        return {
            "versions": versions,
            **{name: printable(value) if isinstance(value, str) else value for name, value in found.items()},
        }


class Ended(_Typed):
    """It has failed."""

    event: Literal["error"]
    kind: Annotated[FailureClass, BeforeValidator(_own_class)]
    reason: str = Field(max_length=100_000)


_REPORT: TypeAdapter[Advance | Done | Ended] = TypeAdapter(
    Annotated[Advance | Done | Ended, Field(discriminator="event")]
)


class Reports:
    """Takes the lines of one stage, one after the other; ``last`` is its last word, once there is one."""

    def __init__(self, progress: Progress, log: Callable[[bytes], None]) -> None:
        """Nothing is said yet.

        Args:
            progress: told how far the stage is.
            log: given the lines that are no reports.
        """
        self.last: Done | Ended | None = None
        self.malformed = False
        self._progress = progress
        self._log = log

    def take(self, line: bytes) -> None:
        """Take a line. After a last word, or a report that is malformed, nothing more counts."""
        if self.last is not None or not line.startswith(_BEGINNING):
            self._log(line)
            return
        try:
            report = _REPORT.validate_json(line)
        except (ValidationError, ValueError, RecursionError) as error:
            self._log(line[:1000])
            self.malformed = True
            reason = f"its report is not as a stage's must be ({_fault(error)})"
            self.last = Ended(event="error", kind=FailureClass.STAGE_ERROR, reason=f"{reason}.")
            return
        if isinstance(report, Advance):
            self._progress(min(1.0, max(0.0, report.fraction)), printable(report.note))
        else:
            self.last = report


def _fault(error: Exception) -> str:
    if not isinstance(error, ValidationError):
        return type(error).__name__
    first = error.errors(include_url=False, include_context=False, include_input=False)[0]
    place = ".".join(str(part) for part in first["loc"][1:])
    return f"{place[:200]}: {first['msg']}" if place else first["msg"]
