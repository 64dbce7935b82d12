"""What verifying found: claims that do not hold, each with its file and field, and what could not be looked at."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from tasks.errors import UserError

#: Stands for a value that one side does not have; values themselves are written as Python does, so no text equals it.
ABSENT = "nothing"


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One claim that does not hold.

    Attributes:
        file: that makes it, relative to what was verified.
        field: in the file; empty for the file as a whole.
        claimed: what it says; None where the file itself is the trouble.
        found: what is so.
    """

    file: str
    field: str
    claimed: str | None
    found: str

    def __str__(self) -> str:
        where = f"{self.file}, field {self.field}" if self.field else self.file
        return (
            f"{where}: claimed {self.claimed}, found {self.found}"
            if self.claimed is not None
            else f"{where}: {self.found}"
        )

    def to_json(self) -> dict[str, str | None]:
        return {"file": self.file, "field": self.field, "claimed": self.claimed, "found": self.found}


@dataclass(kw_only=True)
class Verdict:
    """What was found of one results folder or submission.

    Attributes:
        path: what was verified.
        results: results looked at.
        rescored: of those, the ones scored again from their predictions.
        findings: claims that do not hold.
        references: by target where its labels are from.
        unchecked: what was taken on trust, in words.
        missing: results that rows of it lack; no claim is made of these.
    """

    path: str
    results: int = 0
    rescored: int = 0
    findings: list[Finding] = field(default_factory=list)
    references: dict[str, str] = field(default_factory=dict)
    unchecked: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)

    @property
    def holds(self) -> bool:
        """Whether every claim that was looked at holds."""
        return not self.findings

    def to_json(self) -> dict[str, Any]:
        """All of it."""
        return {
            "path": self.path,
            "holds": self.holds,
            "results": self.results,
            "rescored_from_predictions": self.rescored,
            "findings": [finding.to_json() for finding in self.findings],
            "references": self.references,
            "unchecked": self.unchecked,
            "missing": self.missing,
        }

    def trust(self, what: str) -> None:
        """Say once that something was taken on trust."""
        if what not in self.unchecked:
            self.unchecked.append(what)


def refused(error: UserError) -> Finding:
    """A file that cannot be read as what it should be."""
    file, _, name = (error.where or "").partition(", field ")
    return Finding(file=file, field=name, claimed=None, found=error.what)


def compare(file: str, claimed: Any, found: Any, at: str = "") -> Iterator[Finding]:
    """Every place in which two JSON values differ."""
    if isinstance(claimed, Mapping) and isinstance(found, Mapping):
        for name in sorted(claimed.keys() | found.keys()):
            inner = f"{at}.{name}" if at else str(name)
            if name not in claimed or name not in found:
                sides = (_shown(side[name]) if name in side else ABSENT for side in (claimed, found))
                yield Finding(file=file, field=inner, claimed=next(sides), found=next(sides))
            else:
                yield from compare(file, claimed[name], found[name], inner)
    elif isinstance(claimed, list | tuple) and isinstance(found, list | tuple) and len(claimed) == len(found):
        for number, (one, other) in enumerate(zip(claimed, found, strict=True)):
            yield from compare(file, one, other, f"{at}.{number}" if at else str(number))
    elif claimed != found or isinstance(claimed, bool) != isinstance(found, bool):
        yield Finding(file=file, field=at, claimed=_shown(claimed), found=_shown(found))


def _shown(value: Any) -> str:
    text = repr(value) if not isinstance(value, list | tuple | Mapping) else f"{len(value)} entries: {value!r}"
    return text if len(text) <= 100 else f"{text[:80]}..."  # noqa: PLR2004 - a line of a terminal
