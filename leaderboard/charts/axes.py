"""Scales, ticks and the frame that line charts and scatter plots share."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from markupsafe import Markup

from leaderboard.charts.svg import tag

WIDTH, HEIGHT = 560.0, 320.0
LEFT, RIGHT, TOP, BOTTOM = 54.0, 14.0, 12.0, 46.0
#: Steps between ticks, times a power of ten.
_STEPS = (1.0, 2.0, 2.5, 5.0, 10.0)


@dataclass(frozen=True, kw_only=True)
class Scale:
    """From values to places on the drawing."""

    low: float
    high: float
    start: float
    end: float
    log: bool = False

    def __call__(self, value: float) -> float:
        low, high = self._map(self.low), self._map(self.high)
        share = 0.5 if high == low else (self._map(value) - low) / (high - low)
        return self.start + share * (self.end - self.start)

    def _map(self, value: float) -> float:
        return math.log10(value) if self.log else value

    def ticks(self) -> tuple[float, ...]:
        """Round values in reach, at least one."""
        if self.log:
            powers = range(math.floor(math.log10(self.low)), math.ceil(math.log10(self.high)) + 1)
            found = tuple(
                value for power in powers for value in (10.0**power, 2 * 10.0**power, 5 * 10.0**power)
                if self.low <= value <= self.high
            )  # fmt: skip
            tens = tuple(value for value in found if math.log10(value).is_integer())
            return (tens if len(tens) > 2 else found) or (self.low,)  # noqa: PLR2004
        step = _step(self.high - self.low)
        first = math.ceil(self.low / step - 1e-9)
        return tuple(step * number for number in range(first, math.floor(self.high / step + 1e-9) + 1)) or (self.low,)


def _step(reach: float, wanted: int = 5) -> float:
    if reach <= 0:
        return 1.0
    power = 10.0 ** math.floor(math.log10(reach / wanted))
    return next(step * power for step in _STEPS if reach / (step * power) <= wanted)


def spanning(values: Iterable[float], start: float, end: float, *, log: bool = False, room: float = 0.06) -> Scale:
    """A scale that holds all values, with some room at both ends."""
    found = list(values)
    low, high = min(found), max(found)
    if log:
        return Scale(low=low / 1.25, high=high * 1.25, start=start, end=end, log=True)
    margin = (high - low) * room or 0.5
    return Scale(low=low - margin, high=high + margin, start=start, end=end)


def frame(across: Scale, up: Scale, across_title: str, up_title: str) -> list[Markup]:
    """Draw grid lines with their values, and the labels of both axes."""
    drawn = []
    for value in up.ticks():
        y = up(value)
        drawn += [
            tag("line", x1=LEFT, x2=WIDTH - RIGHT, y1=y, y2=y, class_="grid"),
            tag("text", plain(value), x=LEFT - 6, y=y + 4, class_="tick end"),
        ]
    for value in across.ticks():
        x = across(value)
        drawn += [
            tag("line", x1=x, x2=x, y1=HEIGHT - BOTTOM, y2=HEIGHT - BOTTOM + 4, class_="axis"),
            tag("text", plain(value), x=x, y=HEIGHT - BOTTOM + 17, class_="tick mid"),
        ]
    middle = (TOP + HEIGHT - BOTTOM) / 2
    return [
        *drawn,
        tag("line", x1=LEFT, x2=WIDTH - RIGHT, y1=HEIGHT - BOTTOM, y2=HEIGHT - BOTTOM, class_="axis"),
        tag("text", across_title, x=(LEFT + WIDTH - RIGHT) / 2, y=HEIGHT - 8, class_="name mid"),
        tag("text", up_title, x=0, y=0, class_="name mid", transform=f"translate(13 {middle:.0f}) rotate(-90)"),
    ]


def plain(value: float) -> str:
    """A tick's value."""
    text = f"{value:.4g}"
    return f"{value:,.0f}" if "e" in text and abs(value) >= 1 else text.replace("-", "\N{MINUS SIGN}")
