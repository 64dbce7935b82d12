"""How a row's page tells what a result of retrieval was read from, and where an oracle's number is marked."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from leaderboard.pages.reading import reading_view
from leaderboard.site import build_site
from leaderboard.text import summary

DETAILS: dict[str, Any] = {
    "layer": 1,
    "layers": 2,
    "pooling": "mean",
    "rule": "dev",
    "chosen_on": {"languages": 76, "score": 0.25},
    "curve": {"mean": [0.125, 0.25, 0.0], "first": [0.0, 0.25, 0.0]},
}


def test_the_curve_has_its_chosen_point() -> None:
    view = reading_view(3, DETAILS)
    assert view is not None

    assert view.sentence.startswith(
        "Read from hidden state 1 of 2, pooled by mean: the best mean on samples in 76 lang"
    )
    assert ("3", (0, 1, 2)) == (view.seed, view.layers)
    assert ["12.5", "25.0", "0.0"] == [point.text for point in dict(view.curve)["mean"]]
    assert [("mean", 1)] == [
        (name, layer) for name, points in view.curve for layer, point in enumerate(points) if point.chosen
    ]


def test_where_nothing_was_chosen_there_is_no_curve() -> None:
    view = reading_view(1, {"layer": 14, "layers": 24, "pooling": "mean", "rule": "depth-scaled"})
    assert view is not None
    assert ((), ()) == (view.layers, view.curve)
    assert "no sample to choose by" in view.sentence
    assert reading_view(1, {"max_length": 128}) is None


@pytest.fixture
def oracle(results: Path) -> Path:
    """The results, of which one target's are retrieved, and carry the mark."""
    for path in results.glob("*/*/tatoeba-s*.json"):
        record = json.loads(path.read_text(encoding="utf-8"))
        if "languages" in record and "score" in record:
            record |= {"marks": ["oracle-threshold"], "details": DETAILS}
            path.write_text(json.dumps(record), encoding="utf-8")
    return results


def test_an_oracles_number_is_marked_wherever_it_counts(oracle: Path, tmp_path: Path) -> None:
    """On the number, its group's mean and the average, in the terminal and on the pages; not on other numbers."""
    text = summary(oracle, 200)
    line = next(line for line in text.splitlines() if line.startswith("  none"))
    marked = [cell.endswith("¶") for cell in line.split()[1:]]

    # average, pair classification, tagging, QA, retrieval, then the targets: xnli, panx, xquad, tatoeba
    assert [True, False, False, False, True, False, False, False, True] == marked
    assert "¶ Oracle threshold" in text
    site = tmp_path / "site"
    build_site(oracle, site)
    page = (site / "index.html").read_text(encoding="utf-8")
    assert "tuned on the very pairs that are scored" in page
    rows = [path.read_text(encoding="utf-8") for path in sorted(site.glob("row-*.html"))]
    assert all("Read from hidden state 1 of 2" in row for row in rows if "oracle threshold" in row)
    assert any('<td class="mean">25.0</td>' in row for row in rows)
