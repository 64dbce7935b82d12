"""Charts: the Pareto front, scales that hold their values, and hostile text as text."""

from __future__ import annotations

import re
from itertools import pairwise
from xml.etree import ElementTree as ET

import pytest

from leaderboard.charts.axes import spanning
from leaderboard.charts.lines import Series, line_chart
from leaderboard.charts.scatter import Dot, pareto, scatter

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


def dots(*places: tuple[float, float]) -> list[Dot]:
    return [
        Dot(cost=cost, score=score, series=number % 3, text=f"dot {number} {HOSTILE}", label=f"label {number}")
        for number, (cost, score) in enumerate(places)
    ]


def plotted(*places: tuple[float, float]) -> ET.Element:
    drawn = scatter(dots(*places), key="k", title=HOSTILE, about="About.", across="Hours", up="Score")
    return ET.fromstring(str(drawn))


def of_kind(root: ET.Element, tag: str, css: str = "") -> list[ET.Element]:
    found = [one for one in root.iter() if one.tag.rpartition("}")[2] == tag]
    return [one for one in found if not css or css in (one.get("class") or "").split()]


def test_a_scatter_rings_its_front_and_joins_it_by_steps() -> None:
    """The third costs more than the second for less, so it is drawn, but neither ringed nor joined."""
    root = plotted((1.0, 0.5), (10.0, 0.7), (50.0, 0.6), (100.0, 0.9))
    rings = [(float(one.get("cx", "")), float(one.get("cy", ""))) for one in of_kind(root, "circle", "ring")]
    assert 3 == len(rings)
    (line,) = of_kind(root, "polyline", "front")
    corners = [tuple(map(float, corner.split(","))) for corner in (line.get("points") or "").split()]
    assert 5 == len(corners)
    assert sorted(rings) == corners[::2]
    for (x, y), (next_x, next_y) in pairwise(corners):
        assert (x == next_x) != (y == next_y)
        assert x <= next_x
        assert y >= next_y


def test_a_scatters_costs_are_logarithmic_and_better_is_up() -> None:
    rings = of_kind(plotted((1.0, 0.5), (10.0, 0.7), (100.0, 0.9)), "circle", "ring")
    across = sorted(float(one.get("cx", "")) for one in rings)
    down = [float(one.get("cy", "")) for one in sorted(rings, key=lambda one: float(one.get("cx", "")))]
    assert pytest.approx(across[1] - across[0], abs=0.2) == across[2] - across[1]
    assert down == sorted(down, reverse=True)


def test_every_dot_says_what_it_is_and_the_front_lies_on_top() -> None:
    root = plotted((1.0, 0.5), (10.0, 0.4), (100.0, 0.9), (100.0, 0.9))
    groups = [one for one in of_kind(root, "g") if of_kind(one, "title")]
    titles = [of_kind(one, "title")[0].text for one in groups]
    assert sorted(titles, key=str) == [f"dot {number} {HOSTILE}" for number in range(4)]
    ringed = [bool(of_kind(one, "circle", "ring")) for one in groups]
    assert [False, True, True, True] == ringed
    assert {f"label {number}" for number in range(4)} <= {one.text for one in of_kind(root, "text")}


def boxes(root: ET.Element) -> list[tuple[float, float, float, float]]:
    """About what each label covers: left, top, right, bottom."""
    found = []
    for one in of_kind(root, "text", "label"):
        x, y, wide = float(one.get("x", "")), float(one.get("y", "")), 6.0 * len(one.text or "")
        left = x - wide if "end" in (one.get("class") or "").split() else x
        found.append((left, y - 9, left + wide, y + 2))
    return found


def test_no_label_hides_another_and_the_best_is_named() -> None:
    """Twenty dots almost on top of each other: some names are left out, the best one's is not."""
    crowd = [(1.0 + number / 1000, 0.5 + number / 1000) for number in range(20)]
    root = plotted((0.01, 0.0), *crowd, (100.0, 1.0))
    assert 22 == len(of_kind(root, "circle", "ring"))
    shown = [one.text for one in of_kind(root, "text", "label")]
    assert {"label 0", "label 20", "label 21"} <= set(shown)
    assert len(shown) < 22
    for place, one in enumerate(boxes(root)):
        for other in boxes(root)[:place]:
            assert one[0] >= other[2] or other[0] >= one[2] or one[1] >= other[3] or other[1] >= one[3]


def test_labels_stay_inside_the_picture() -> None:
    """Those on the right end at their dot instead of beginning there."""
    root = plotted((1.0, 0.5), (1000.0, 0.9))
    left, right = (one for one in of_kind(root, "text", "label"))
    assert "end" not in (left.get("class") or "").split()
    assert "end" in (right.get("class") or "").split()


@pytest.mark.parametrize("places", [[(1.0, 0.5)], [(2.0, 0.5), (2.0, 0.5)]])
def test_few_dots_are_drawn_too(places: list[tuple[float, float]]) -> None:
    root = plotted(*places)
    assert len(places) == len([one for one in of_kind(root, "g") if of_kind(one, "title")])
    assert not re.search(r"nan|inf", ET.tostring(root, encoding="unicode").replace(HOSTILE, ""))
