"""Published and reproduced numbers: every status there is, with its reason and its numbers."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from leaderboard.lookup import Place, lookup
from leaderboard.pages.reproduction import BEST_PER_TARGET, TOLERANCE, Compared, compare
from leaderboard.published import Number, Published, PublishedRow, Size, Source, published
from leaderboard.read import read_results
from leaderboard.scores import build_board
from leaderboard.site import build_site
from leaderboard.statistics import read_statistics
from leaderboard.stats.compute import of_folder, write
from leaderboard.stats.settings import Settings
from tests.leaderboard.stats.boards import write_board

Record = dict[str, Any]
SOURCE = Source(title="Paper")
UNITS = 80  # of four rows each


@pytest.fixture
def board(tmp_path: Path) -> Path:
    return write_board(tmp_path / "results", backbones=("plain",), targets=("xnli",), seeds=(1, 2), units=UNITS)


def edit(board: Path, how: Callable[[Record], Any], name: str = "suite.json") -> None:
    record = json.loads((board / name).read_text(encoding="utf-8"))
    how(record)
    (board / name).write_text(json.dumps(record), encoding="utf-8")


def beside(board: Path, number: float = 50.0, *, metric: str = "any", recipe: str = "none", backbone: str = "plain",
           target: str = "xnli", sizes: tuple[Size, ...] = ()) -> Compared:  # fmt: skip
    """One published number beside what the board has."""
    one = Number.model_construct(target=target, metric=metric, points=number, mark="V", source="paper")
    row = PublishedRow.model_construct(
        name="P", title="P", family="text", backbone=backbone, recipe=recipe, numbers=(one,), groups=()
    )
    folder = read_results(board)
    built = build_board(folder)
    file = Published.model_construct(sources={"paper": SOURCE}, rows=(row,), sizes=sizes)
    (found,) = compare(built, folder, lookup(read_statistics(board), None, built), (file,))
    return found


def ours(board: Path, **more: Any) -> float:
    found = beside(board, **more).ours
    assert found is not None
    return found


def test_ours_is_the_mean_over_seeds_and_languages_of_the_published_metric(board: Path) -> None:
    results = [json.loads((board / "plain" / "none" / f"xnli-s{seed}.json").read_text("utf-8")) for seed in (1, 2)]
    values = [one["metrics"]["any"] for result in results for one in result["languages"].values()]
    assert pytest.approx(100 * sum(values) / len(values)) == ours(board)
    for seed in (1, 2):
        name = f"plain/none/xnli-s{seed}.json"
        edit(board, lambda record: [one["metrics"].update(f1=0.25) for one in record["languages"].values()], name)
    assert pytest.approx(25.0) == ours(board, metric="f1")


@pytest.mark.parametrize(("gap", "status"), [(0.9, "matches"), (-0.9, "matches"), (1.1, "differs"), (-1.1, "differs")])
def test_within_the_tolerance_it_matches(board: Path, gap: float, status: str) -> None:
    found = beside(board, ours(board) + gap * TOLERANCE)
    assert (status, TOLERANCE) == (found.status, found.tolerance)
    assert f"they are {abs(gap):.1f} points apart; allowed are 1.0 for other code and hardware" == found.why


def test_an_interval_of_ours_widens_the_tolerance_by_its_half(board: Path) -> None:
    write(*of_folder(board, Settings(resamples=200), lambda _share, _what: None), board)
    folder = read_results(board)
    built = build_board(folder)
    estimate = lookup(read_statistics(board), None, built).estimate("plain", "none", Place("target", "xnli"))
    assert estimate is not None
    assert estimate.low is not None
    assert estimate.high is not None
    half = 50 * (estimate.high - estimate.low)
    near, far = (beside(board, ours(board) + TOLERANCE + half + more) for more in (-0.01, 0.01))
    assert ("matches", "differs") == (near.status, far.status)
    assert pytest.approx(TOLERANCE + half) == near.tolerance
    assert near.why.endswith(f"and {half:.1f} for the choice of test items")


def generated(record: Record) -> None:
    record["targets"][0]["miniature"] = True


def other_split(record: Record) -> None:
    record["targets"][0]["scored_split"] = "validation"


def more_languages(record: Record) -> None:
    record["targets"][0]["all_languages"] += ["sw", "ur"]


@pytest.mark.parametrize(
    ("how", "why"),
    [
        (generated, "ours is of generated data"),
        (other_split, "ours is of split validation, not of the test split"),
        (more_languages, "ours lacks 2 of 4 languages"),
    ],
)
def test_another_measurement_cannot_be_compared_but_is_shown(
    board: Path, how: Callable[[Record], None], why: str
) -> None:
    edit(board, how)
    value = ours(board)
    found = beside(board, value)
    assert ("cannot be compared", why, value) == (found.status, found.why, found.ours)


def test_other_rows_than_published_cannot_be_compared(board: Path) -> None:
    def size(least: int, most: int, target: str = "xnli") -> tuple[Size, ...]:
        return (Size(target=target, least=least, most=most, mark="V", source="paper"),)

    value = ours(board)
    few = beside(board, value, sizes=size(5010, 5010))
    assert ("cannot be compared", "ours is of 320 rows in en; published are 5,010 to 5,010") == (few.status, few.why)
    assert "cannot be compared" == beside(board, value, sizes=size(1, 319)).status
    for same in (size(320, 320), size(300, 400), size(5010, 5010, "pawsx")):
        assert "matches" == beside(board, value, sizes=same).status
    edit(board, lambda record: record["languages"]["de"].update(rows=319), "plain/none/xnli-s2.json")
    assert "ours is of 319 rows in de; published are 320 to 320" == beside(board, value, sizes=size(320, 320)).why


@pytest.mark.parametrize(
    ("what", "why"),
    [
        ({"backbone": "xlm-roberta-large"}, "no backbone of this suite is xlm-roberta-large"),
        ({"target": "pawsx"}, "the suite does not score pawsx"),
        ({"recipe": "hellaswag"}, "the suite has no recipe hellaswag for it"),
        ({"recipe": BEST_PER_TARGET}, "the suite has no recipe best per target for it"),
        ({"metric": "exact_match"}, "not every seed of ours has this metric"),
    ],
)
def test_what_is_not_there_is_not_compared(board: Path, what: dict[str, Any], why: str) -> None:
    found = beside(board, **what)
    assert ("cannot be compared", why, None) == (found.status, found.why, found.ours)


def test_a_missing_seed_is_no_mean_over_the_others(board: Path) -> None:
    for path in (board / "plain" / "none").glob("xnli-s2*"):
        path.unlink()
    found = beside(board)
    assert ("cannot be compared", None) == (found.status, found.ours)


def test_a_backbone_is_known_by_its_hub_name_but_a_pairs_side_is_not_it(board: Path) -> None:
    def source(record: Record) -> None:
        record["backbones"][0]["source"] = "FacebookAI/xlm-roberta-large at 1a2b3c"

    edit(board, source)
    for name in ("xlm-roberta-large", "facebookai/xlm-roberta-large"):
        assert beside(board, backbone=name).ours is not None
    assert beside(board, backbone="roberta-large").ours is None
    edit(board, lambda record: record["backbones"][0].update(pair={"name": "p", "side": "text"}))
    assert "no backbone of this suite is xlm-roberta-large" == beside(board, backbone="xlm-roberta-large").why


def test_the_best_recipe_is_the_one_chosen_on_validation(board: Path) -> None:
    write(*of_folder(board, Settings(resamples=200), lambda _share, _what: None), board)
    assert ours(board, recipe="mnli") == ours(board, recipe=BEST_PER_TARGET) != ours(board)


def test_the_page_says_all_this(board: Path, tmp_path: Path) -> None:
    """Real published numbers, a board that claims their backbone: one matches, one differs, others cannot be."""
    (row, number) = next(
        (row, number)
        for file in published() for row in file.rows for number in row.numbers
        if number.target == "xnli" and row.recipe == "none"
    )  # fmt: skip
    (size,) = [size for file in published() for size in file.sizes if size.target == "xnli"] or [None]

    def claim(record: Record) -> None:
        record["backbones"][0]["source"] = f"someone/{row.backbone} at 1"

    edit(board, claim)

    def pages(points: float) -> str:
        def score(record: Record) -> None:
            record["score"] = points / 100
            for one in record["languages"].values():
                one.update(score=points / 100, metrics={number.metric: points / 100}, rows=size.least if size else 1)

        for seed in (1, 2):
            edit(board, score, f"plain/none/xnli-s{seed}.json")
        build_site(board, tmp_path / "site")
        html = (tmp_path / "site" / "reproduction.html").read_text(encoding="utf-8")
        lines = re.findall(r"<tr>.*?</tr>", html)
        return next(line for line in lines if row.name in line and ">xnli<" in re.sub(r"</?bdi[^>]*>", "", line))

    assert "✓ matches" in pages(number.points - 0.5)
    line = pages(number.points - 5.0)
    assert "✗ differs" in line
    assert "they are 5.0 points apart" in line
    assert "\N{MINUS SIGN}5.0" in line
    html = (tmp_path / "site" / "reproduction.html").read_text(encoding="utf-8")
    assert "\N{EN DASH} cannot be compared" in html
    assert "numbers: cannot be compared" in html
