"""What the page says of the method is what the simulation in docs/statistics.md found."""

from __future__ import annotations

import re
from pathlib import Path

from harness.stats.settings import Settings
from harness.stats.words import of_method

PAGE = Path(__file__).parents[3] / "docs" / "statistics.md"


def rates(seeds: int) -> tuple[float, float]:
    """The largest shares of false findings at 60 units or more: of single languages, and of targets and averages."""
    found: dict[bool, list[float]] = {True: [], False: []}
    for line in PAGE.read_text(encoding="utf-8").splitlines():
        fields = [field.strip() for field in line.strip().strip("|").split("|")]
        if len(fields) == 8 and fields[0] in {"60", "300"} and fields[1] == str(seeds):
            shares = [float(field.split()[0]) for field in fields[6:]]
            found["one language" in fields[2]] += shares
    return max(found[True]), max(found[False])


def test_with_three_seeds_the_missed_bar_is_told_with_its_size() -> None:
    said = " ".join(of_method(Settings(), seeds=3))
    assert [*map(str, rates(3))] == re.findall(r"up to (\d\.\d) of 100", said)


def test_with_one_seed_no_bar_is_missed_and_none_is_told() -> None:
    assert max(rates(1)) <= 5.5
    assert "simulations" not in " ".join(of_method(Settings(), seeds=1))
