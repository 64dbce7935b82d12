"""The numbered list of gaps: cells without a result that share one cause share one number, the same on every page."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from leaderboard.scores import Board, Missing
from leaderboard.words import OUTCOMES, cause, plural

#: More cells than this are folded away.
FEW = 6

_Cause = tuple[str, str, str, str]


@dataclass(frozen=True, kw_only=True)
class GapNote:
    """One cause with the cells that it left without a result."""

    number: int
    outcome: str
    stage: str
    failure: str
    text: str
    count: str
    cells: tuple[str, ...]
    folded: bool


class GapNotes:
    """Numbers causes in the order of the page."""

    def __init__(self, board: Board) -> None:
        self._numbers: dict[_Cause, int] = {}
        for missing in board.missing():
            self._numbers.setdefault(_cause(missing), len(self._numbers) + 1)

    def numbers(self, cells: Iterable[Missing]) -> tuple[int, ...]:
        """The notes that explain these cells, ascending."""
        return tuple(sorted({self._numbers[_cause(missing)] for missing in cells}))

    def notes(self, cells: Iterable[Missing]) -> tuple[GapNote, ...]:
        """The notes of a page on which these cells are missing, by number."""
        by_cause: dict[_Cause, list[Missing]] = {}
        for missing in cells:
            by_cause.setdefault(_cause(missing), []).append(missing)
        found = [self._note(self._numbers[key], members) for key, members in by_cause.items()]
        return tuple(sorted(found, key=lambda note: note.number))

    @staticmethod
    def _note(number: int, members: list[Missing]) -> GapNote:
        first = members[0]
        return GapNote(
            number=number,
            outcome=OUTCOMES[first.outcome],
            stage=first.stage,
            failure=first.failure,
            text=cause(first),
            count=plural(len(members), "cell"),
            cells=tuple(str(missing.cell) for missing in members),
            folded=len(members) > FEW,
        )


def _cause(missing: Missing) -> _Cause:
    """Return the key that cells with a common note share. Cells that were not requested have no faulty stage."""
    at_fault = "" if missing.outcome == "not-run" else missing.stage
    return (missing.outcome, at_fault, missing.failure, missing.reason)
