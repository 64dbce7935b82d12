"""Published figures: only such as were verified, each with a source; and how ours are set beside them."""

from __future__ import annotations

from pathlib import Path

import yaml

from leaderboard import published as package
from leaderboard.lookup import lookup
from leaderboard.published import Number, Published, PublishedRow, Source, published
from leaderboard.read import read_results
from leaderboard.reproduction import TOLERANCE, Compared, compare
from leaderboard.scores import build_board
from tests.harness.stats.boards import write_board


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
    for one in published():
        used = {number.source for row in one.rows for number in (*row.numbers, *row.groups)}
        assert one.sources.keys() == used | {size.source for size in one.sizes}


def beside(folder: Path, metric_points: float, *, backbone: str = "plain", metric: str = "any") -> Compared:
    results = write_board(folder / "results", backbones=("plain",), targets=("xnli",))
    found = read_results(results)
    board = build_board(found)
    number = Number.model_construct(target="xnli", metric=metric, points=metric_points, mark="V", source="paper")
    row = PublishedRow.model_construct(
        name="P", title="P", family="text", backbone=backbone, recipe="none", numbers=(number,), groups=()
    )
    file = Published.model_construct(sources={"paper": Source(title="Paper")}, rows=(row,), sizes=())
    (compared,) = compare(board, found, lookup(None, None, board), (file,))
    return compared


def ours(folder: Path) -> float:
    found = beside(folder, 50.0).ours
    assert found is not None
    return found


def test_within_the_tolerance_it_matches(tmp_path: Path) -> None:
    value = ours(tmp_path)
    near, far = (beside(tmp_path, value + gap * TOLERANCE) for gap in (0.9, 1.1))
    assert ("matches", "differs") == (near.status, far.status)
    assert "1.1 points apart" in far.why


def test_what_cannot_be_compared_says_why(tmp_path: Path) -> None:
    stranger = beside(tmp_path, 50.0, backbone="xlm-roberta-large")
    assert ("cannot be compared", None) == (stranger.status, stranger.ours)
    assert "no backbone of this suite is xlm-roberta-large" == stranger.why
    other = beside(tmp_path, 50.0, metric="exact_match")
    assert "cannot be compared" == other.status
    assert "has this metric" in other.why
