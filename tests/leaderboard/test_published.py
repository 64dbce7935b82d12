"""Published figures: only such as were verified, each with a source."""

from __future__ import annotations

from pathlib import Path

import yaml

from leaderboard import published as package
from leaderboard.published import published


def test_every_number_has_a_mark_and_a_source() -> None:
    assert published()
    for path in sorted(Path(package.__file__).parent.glob("*.yaml")):
        record = yaml.safe_load(path.read_text(encoding="utf-8"))
        numbers = [number for row in record["rows"] for kind in ("numbers", "groups") for number in row.get(kind, ())]
        numbers += record.get("sizes", [])
        assert numbers
        assert {"V", "V2"} >= {number["mark"] for number in numbers}
        assert record["sources"].keys() >= {number["source"] for number in numbers}
        assert all(source["title"] for source in record["sources"].values())


def test_every_source_is_used() -> None:
    assert published()
    for one in published():
        used = {number.source for row in one.rows for number in (*row.numbers, *row.groups)}
        assert one.sources.keys() == used | {size.source for size in one.sizes}
