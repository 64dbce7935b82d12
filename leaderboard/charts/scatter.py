"""A scatter plot with its Pareto front: what a score costs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from leaderboard.charts.axes import BOTTOM, HEIGHT, LEFT, RIGHT, TOP, WIDTH, frame, spanning
from leaderboard.charts.labels import placed
from leaderboard.charts.svg import number, picture, shape, tag


@dataclass(frozen=True, kw_only=True)
class Dot:
    """One row: what it costs, what it scores, which series it belongs to, and what is said when it is pointed at."""

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

    Dots are named as far as there is room; what each is stands in its title, too.
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
