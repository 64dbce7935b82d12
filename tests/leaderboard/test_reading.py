"""How a row's page tells what a result of retrieval was read from, and where an oracle's number is marked."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from leaderboard.pages.blocks import Section, parts
from leaderboard.pages.reading import reading_blocks
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
_THRESHOLD = {"threshold": 1.2, "dev_oracle": {"precision": 0.5, "recall": 0.5, "f1": 0.5}}
MINED: dict[str, Any] = {
    "languages": {
        "de": _THRESHOLD
        | {
            "around": {
                "threshold": [1.0 + step / 10 for step in range(5)],
                "precision": [step / 4 for step in range(5)],
                "recall": [1 - step / 4 for step in range(5)],
                "f1": [0.5] * 5,
            }
        },
        "fr": _THRESHOLD,
    }
}


def html(details: dict[str, Any]) -> str:
    (part,) = parts([Section(id="x", title="x", blocks=reading_blocks(details, "Tatoeba", "key", miniature=False))])
    return str(part.html)


def test_the_curve_has_its_chosen_point() -> None:
    text = html(DETAILS)

    assert (
        "Tatoeba: read from hidden state 1 of 2, pooled by mean: the best mean on unscored samples in 76 lang" in text
    )
    assert "<td>12.5</td><td>25.0<sup>*</sup></td><td>0.0</td>" in text
    assert text.count("<sup>*</sup>") == 1
    assert text.count('class="ring"') == 1
    assert "<title>mean (chosen: hidden state 1): 1, 25</title>" in text


def test_where_nothing_was_chosen_there_is_no_curve() -> None:
    text = html({"layer": 14, "layers": 24, "pooling": "mean", "rule": "depth-scaled"})

    assert "no unscored sample is available" in text
    assert "<svg" not in text
    assert () == reading_blocks({"max_length": 128}, "XNLI", "key", miniature=False)


def test_precision_and_recall_around_the_threshold() -> None:
    text = html(DETAILS | MINED)

    assert "the vertical line marks the chosen one, 1.2000" in text
    assert text.count("Around the threshold of Tatoeba, de") >= 1
    assert "Around the threshold of Tatoeba, fr" not in text
    assert '<td>1.2000</td><td class="first">50.0</td>' in text or "<td>1.2000</td><td>50.0</td>" in text


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
    assert "tuned on the scored pairs" in page
    rows = [path.read_text(encoding="utf-8") for path in sorted(site.glob("row-*.html"))]
    assert all("read from hidden state 1 of 2" in row for row in rows if "¶ Oracle threshold" in row)
    assert any("<td>25.0<sup>*</sup></td>" in row for row in rows)
