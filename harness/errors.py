"""Errors with an exit code, each shown as one sentence: bad input is 2, a broken environment 3."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence

from harness.outcome import FailureClass
from tasks.errors import UserError


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
