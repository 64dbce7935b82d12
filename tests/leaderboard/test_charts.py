"""Charts: the Pareto front, scales that hold their values, and hostile text as text."""

from __future__ import annotations

from xml.etree import ElementTree as ET

import pytest

from leaderboard.charts.axes import spanning
from leaderboard.charts.lines import Series, line_chart
from leaderboard.charts.scatter import pareto

HOSTILE = '</svg><script>alert("x")</script>&\''


@pytest.mark.parametrize(
    ("dots", "front"),
    [
        ([(1.0, 0.5), (2.0, 0.6), (3.0, 0.55)], {0, 1}),
        ([(1.0, 0.5), (1.0, 0.5), (2.0, 0.5)], {0, 1}),
        ([(2.0, 0.5), (1.0, 0.9)], {1}),
        ([], set()),
    ],
)
def test_the_front_holds_what_nothing_beats(dots: list[tuple[float, float]], front: set[int]) -> None:
    assert front == pareto(dots)


@pytest.mark.parametrize("log", [False, True])
@pytest.mark.parametrize("values", [[0.1, 0.1], [0.01, 3.0, 250.0]])
def test_scales_hold_all_values_and_ticks(values: list[float], *, log: bool) -> None:
    scale = spanning(values, 0.0, 100.0, log=log)
    assert all(0.0 <= scale(value) <= 100.0 for value in (*values, *scale.ticks()))


def test_a_chart_is_well_formed_and_names_are_text() -> None:
    series = [Series(name=HOSTILE, points=((0.0, 0.1), (1.0, 0.4)), ringed=1)]
    drawn = line_chart(series, key="k", title=HOSTILE, about="About.", across="Layer", up="Score")
    root = ET.fromstring(str(drawn))
    assert HOSTILE == root[0].text
    assert root.get("aria-labelledby") == "k-title k-about"
    assert 1 == sum(one.get("class") == "ring" for one in root.iter())
    assert not [one for one in root.iter() if one.tag.endswith("script")]
