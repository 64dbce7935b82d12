"""What the page says of the method is what the simulation in docs/statistics.md found."""

from __future__ import annotations

from pathlib import Path

import pytest

from leaderboard.stats.settings import Settings
from leaderboard.stats.words import FEW_UNITS, of_method

PAGE = Path(__file__).parents[3] / "docs" / "statistics.md"


def lines(units: set[str], seeds: int) -> list[list[str]]:
    """The cells of the simulation's table for boards of such sizes."""
    found = [
        [field.strip() for field in line.strip().strip("|").split("|")]
        for line in PAGE.read_text(encoding="utf-8").splitlines()
    ]
    return [fields for fields in found if len(fields) == 9 and fields[0] in units and fields[1] == str(seeds)]


@pytest.mark.parametrize("seeds", [1, 3])
def test_where_no_caution_is_given_no_bar_is_clearly_missed(seeds: int) -> None:
    found = lines({"60", "300"}, seeds)

    assert len(found) >= 14
    assert not any("(!)" in field for fields in found for field in fields)


def test_where_units_are_few_a_bar_is_missed_and_a_caution_given() -> None:
    assert any("(!)" in field for fields in lines({"20"}, 1) for field in fields)
    assert FEW_UNITS == 60


def test_with_one_seed_nothing_is_said_of_training() -> None:
    assert "nothing is said of training again" in " ".join(of_method(Settings(), seeds=1))
    assert "between seeds" in " ".join(of_method(Settings(), seeds=3))
