"""A scatter plot of score against cost with its Pareto front."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from leaderboard.charts.axes import BOTTOM, HEIGHT, LEFT, RIGHT, TOP, WIDTH, frame, spanning
from leaderboard.charts.svg import number, picture, shape, tag

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


@dataclass(frozen=True, kw_only=True)
class Dot:
    """One row: cost, score, series, and the text of its tooltip."""

    cost: float
    score: float
    series: int
    text: str
    label: str = ""


def pareto(dots: Sequence[tuple[float, float]]) -> frozenset[int]:
    """Places of the points that no other beats: none is as cheap and better, none cheaper and as good."""
    best = float("-inf")
    front: set[int] = set()
    last: tuple[float, float] | None = None
    for place in sorted(range(len(dots)), key=lambda place: (dots[place][0], -dots[place][1], place)):
        cost, score = dots[place]
        if score > best:
            front.add(place)
            best, last = score, (cost, score)
        elif last == (cost, score):
            front.add(place)
    return frozenset(front)


def scatter(dots: Sequence[Dot], *, key: str, title: str, about: str, across: str, up: str) -> Markup:
    """Draw it: cost to the right on a logarithmic scale, score upwards, the front joined by steps and ringed.

    Dots are labelled as far as there is room; each also has a tooltip.
    """
    x_scale = spanning((dot.cost for dot in dots), LEFT, WIDTH - RIGHT, log=True)
    y_scale = spanning((dot.score for dot in dots), HEIGHT - BOTTOM, TOP)
    front = pareto([(dot.cost, dot.score) for dot in dots])
    drawn = frame(x_scale, y_scale, across, up)
    corners: list[str] = []
    for place in sorted(front, key=lambda place: (dots[place].cost, place)):
        x, y = x_scale(dots[place].cost), y_scale(dots[place].score)
        if corners:
            corners.append(f"{number(x)},{corners[-1].split(',')[1]}")
        corners.append(f"{number(x)},{number(y)}")
    drawn.append(tag("polyline", points=" ".join(corners), class_="front"))
    spots = [(x_scale(dot.cost), y_scale(dot.score)) for dot in dots]
    wanted = [place for place in sorted(front, key=lambda place: (-dots[place].score, place)) if dots[place].label]
    wanted += [place for place, dot in enumerate(dots) if dot.label and place not in front]
    names = placed(spots, [dot.label for dot in dots], wanted)
    # The front is drawn last, so that no other point lies upon it.
    for place in sorted(range(len(dots)), key=lambda place: (place in front, place)):
        dot = dots[place]
        x, y = spots[place]
        ring = [tag("circle", cx=x, cy=y, r=8, class_="ring")] if place in front else []
        drawn.append(tag("g", tag("title", dot.text), *ring, shape(dot.series, x, y)))
        if (name := names.get(place)) is not None:
            drawn.append(tag("text", dot.label, x=name.x, y=name.y, class_="label end" if name.end else "label"))
    return picture(drawn, key=key, title=title, about=about, width=WIDTH, height=HEIGHT)
