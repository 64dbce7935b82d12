"""Names beside dots, where there is room for them: a name that would hide another, or a dot, is left out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from leaderboard.charts.axes import BOTTOM, HEIGHT, LEFT, RIGHT, TOP, WIDTH

#: Of a letter, about, in the drawing's units at the size of labels; and of a line of them.
_LETTER, _LINE = 6.4, 13.0
#: From a dot to its name, past its ring.
_GAP = 11.0
#: Whether a name ends at its dot, and how far below the dot it stands; first where no step of the front runs, which
#: leaves its dots to the right and comes to them from below.
_PLACES = ((True, 4.0), (False, -9.5), (True, -9.5), (False, 4.0), (True, 17.5), (False, 17.5))


@dataclass(frozen=True, kw_only=True)
class Name:
    """Where a name stands: its anchor, and whether it ends there."""

    x: float
    y: float
    end: bool


@dataclass(frozen=True)
class _Box:
    left: float
    top: float
    right: float
    bottom: float

    def meets(self, other: _Box) -> bool:
        across = self.left < other.right and other.left < self.right
        return across and self.top < other.bottom and other.top < self.bottom


def placed(dots: Sequence[tuple[float, float]], names: Sequence[str], wanted: Sequence[int]) -> dict[int, Name]:
    """Places for names, in the order in which they are wanted.

    Args:
        dots: where all dots are.
        names: theirs.
        wanted: which of them to name, the most important first.

    Returns:
        by dot; one without room is not there.
    """
    # Rings are wider than the dots, and only what is wanted has one.
    taken = [_around(dots[place], 9.0) for place in wanted]
    found: dict[int, Name] = {}
    for place in wanted:
        x, y = dots[place]
        wide = _LETTER * len(names[place])
        for end, drop in _PLACES:
            at = x - _GAP if end else x + _GAP
            left = at - wide if end else at
            box = _Box(left, y + drop - _LINE + 3, left + wide, y + drop + 3)
            if _inside(box) and not any(box.meets(other) for other in taken):
                found[place] = Name(x=at, y=y + drop, end=end)
                taken.append(box)
                break
    return found


def _around(dot: tuple[float, float], reach: float) -> _Box:
    x, y = dot
    return _Box(x - reach, y - reach, x + reach, y + reach)


def _inside(box: _Box) -> bool:
    return box.left >= LEFT and box.right <= WIDTH - RIGHT + 6 and box.top >= TOP - 6 and box.bottom <= HEIGHT - BOTTOM
