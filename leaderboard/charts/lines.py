"""A line chart: a value along an ordered axis, such as the layers of an encoder."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from leaderboard.charts.axes import BOTTOM, HEIGHT, LEFT, RIGHT, TOP, WIDTH, frame, plain, spanning
from leaderboard.charts.svg import DASHES, number, picture, shape, tag


@dataclass(frozen=True, kw_only=True)
class Series:
    """One line: its name, its points from left to right, and the place of a point to ring, if any."""

    name: str
    points: tuple[tuple[float, float], ...]
    ringed: int | None = None


def line_chart(
    series: Sequence[Series], *, key: str, title: str, about: str, across: str, up: str, at: float | None = None
) -> Markup:
    """Draw it. Lines differ by colour, dashes and the shape of their points.

    Args:
        series: at least one, each with a point.
        key: makes its ids the page's only ones.
        title: title of the chart.
        about: description in one sentence.
        across: label of the horizontal axis.
        up: label of the vertical axis.
        at: where an upright line stands, such as a threshold.
    """
    places = [point for one in series for point in one.points]
    x_scale = spanning((x for x, _ in places), LEFT, WIDTH - RIGHT, room=0.03)
    y_scale = spanning((y for _, y in places), HEIGHT - BOTTOM, TOP)
    drawn = frame(x_scale, y_scale, across, up)
    if at is not None:
        x = x_scale(at)
        drawn.append(tag("line", x1=x, x2=x, y1=TOP, y2=HEIGHT - BOTTOM, class_="at"))
    for place, one in enumerate(series):
        line = " ".join(f"{number(x_scale(x))},{number(y_scale(y))}" for x, y in one.points)
        drawn.append(
            tag(
                "polyline",
                points=line,
                class_=f"line c{place % 6}",
                stroke_dasharray=DASHES[place % len(DASHES)] or "0",
            )
        )
        for count, (x, y) in enumerate(one.points):
            if one.ringed == count:
                drawn.append(tag("circle", cx=x_scale(x), cy=y_scale(y), r=9, class_="ring"))
            drawn.append(_told(shape(place, x_scale(x), y_scale(y)), f"{one.name}: {plain(x)}, {plain(y)}"))
    return picture(drawn, key=key, title=title, about=about, width=WIDTH, height=HEIGHT)


def _told(mark: Markup, text: str) -> Markup:
    return tag("g", tag("title", text), mark)


def key_entry(place: int) -> Markup:
    """The line and shape of a series, small, for the list that names them."""
    return tag(
        "svg",
        tag("line", x1=1, x2=31, y1=7, y2=7, class_=f"line c{place % 6}", stroke_dasharray=DASHES[place % 6] or "0"),
        shape(place, 16, 7),
        viewBox="0 0 32 14",
        class_="key",
        aria_hidden="true",
    )
