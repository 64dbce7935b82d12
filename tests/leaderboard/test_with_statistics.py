"""Pages of a folder whose statistics were really computed: every number shown is the one that was found."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from leaderboard.site import build_site
from leaderboard.statistics import Statistics, read_statistics
from leaderboard.stats.compute import of_folder, write
from leaderboard.stats.settings import Settings
from leaderboard.words import DASH, points, signed
from tests.leaderboard.stats.boards import write_board
from tests.leaderboard.test_site import Strict, parse, text_of, widths

BACKBONES = ("a+code", "a+text", "b+code", "b+text", "c+code", "c+text")


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> tuple[Statistics, Path]:
    """The statistics, and the site built with them."""
    folder = tmp_path_factory.mktemp("drawn")
    results = write_board(folder / "results", backbones=BACKBONES, seeds=(1, 2, 3), units=200)
    write(*of_folder(results, Settings(resamples=300), lambda _share, _what: None), results)
    build_site(results, folder / "site")
    statistics = read_statistics(results)
    assert statistics is not None
    assert 3 == len(statistics.pairs)
    return statistics, folder / "site"


@pytest.fixture(scope="module")
def pages(found: tuple[Statistics, Path]) -> dict[str, Strict]:
    pages = {path.stem: parse(path) for path in sorted(found[1].glob("*.html"))}
    assert "index" in pages
    return pages


def rows_of(site: Path, page: str, caption: str) -> list[list[str]]:
    """The body rows of the table whose caption begins so, as text."""
    html = (site / f"{page}.html").read_text(encoding="utf-8")
    tables = re.findall(r"<table.*?</table>", html, flags=re.DOTALL)
    table = next(one for one in tables if caption in re.sub(r"<[^>]+>", "", one))
    body = table.partition("<tbody")[2]
    return [
        [
            re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", cell)).strip()
            for cell in re.findall(r"<t[dh].*?</t[dh]>", row, re.DOTALL)
        ]
        for row in re.findall(r"<tr.*?</tr>", body, flags=re.DOTALL)
    ]


def test_rows_stand_by_rank_with_ranges_groups_and_intervals(found: tuple[Statistics, Path]) -> None:
    statistics, site = found
    ranking = statistics.ranks.average
    assert ranking is not None
    estimates = {(row.backbone, row.recipe): row.scores.average for row in statistics.rows}
    shown = rows_of(site, "index", "Scores in points by backbone and recipe")
    assert len(ranking.rows) == len(shown)
    for row, cells in zip(ranking.rows, shown, strict=True):
        span = str(row.low) if row.low == row.high else f"{row.low}{DASH}{row.high}"
        estimate = estimates[row.backbone, row.recipe]
        assert estimate is not None
        assert estimate.low is not None
        assert estimate.high is not None
        interval = f"{points(estimate.value)} {points(estimate.low)} to {points(estimate.high)}"
        assert [span, str(row.group), row.backbone] == cells[:3]
        assert row.recipe in cells[:7]
        assert interval in cells
    assert len({row.group for row in ranking.rows}) > 1


def test_separable_neighbours_are_counted(found: tuple[Statistics, Path], pages: dict[str, Strict]) -> None:
    ranking = found[0].ranks.average
    assert ranking is not None
    assert f"{ranking.separable} of {ranking.neighbours} neighbouring pairs" in text_of(pages["index"])
    assert "test items and training seeds" in text_of(pages["index"])


def test_sentences_hold_the_contrast_with_its_interval(
    found: tuple[Statistics, Path], pages: dict[str, Strict]
) -> None:
    text = text_of(pages["index"])
    for pair in found[0].pairs:
        effect = pair.contrasts[0].effects.average
        assert effect is not None
        assert effect.low is not None
        assert effect.high is not None
        assert f"{signed(effect.value)} points (95% interval {signed(effect.low)} to {signed(effect.high)})" in text


def test_the_first_page_answers_by_intermediate_task(found: tuple[Statistics, Path]) -> None:
    """A table a matched pair: the difference and what code adds to the gain, each with its interval and star."""
    statistics, site = found
    for pair in statistics.pairs:
        shown = {
            row[0]: row[1:] for row in rows_of(site, "index", f"{pair.code} against {pair.text} (matched pair), on")
        }
        assert [one.recipe for one in pair.contrasts] == list(shown)
        assert DASH == shown["none"][1]
        for column, effects in enumerate((pair.contrasts, pair.interactions)):
            for one in effects:
                effect = one.effects.average
                assert effect is not None
                assert effect.low is not None
                assert effect.high is not None
                cell = shown[one.recipe][column]
                assert cell.endswith(f" {signed(effect.low)} to {signed(effect.high)}")
                assert cell.startswith(signed(effect.value))
                assert ("*" in cell) == (effect.decision == "significant")


def test_gains_carry_stars_and_own_data_marks(found: tuple[Statistics, Path]) -> None:
    statistics, site = found
    for gain in statistics.gains:
        cells = next(row for row in rows_of(site, "gains", f"{gain.backbone} with each") if row[0] == gain.recipe)
        average = gain.effects.average
        assert average is not None
        star = {"significant": r"\*{1,3}", "not-detected": "○", "untested": ""}[average.decision]
        assert re.match(rf"{re.escape(signed(average.value))}{star} ", cells[1]), (gain, cells)
        assert bool(gain.own_training_data) == any("†" in cell for cell in cells)
    assert {"significant", "not-detected"} <= {
        one.effects.average.decision for one in statistics.gains if one.effects.average
    }


def test_own_training_data_is_marked_in_every_matrix(found: tuple[Statistics, Path]) -> None:
    """What code adds to a gain that is more training on the target is no transfer either."""
    for caption in ("Gain of a+code minus gain of a+text", "a+code minus a+text under the same recipe"):
        rows = rows_of(found[1], "gains", caption)
        assert {"mnli", "squad"} <= {recipe for recipe, *_ in rows}
        for recipe, *cells in rows:
            assert (recipe in {"mnli", "squad"}) == any("†" in cell for cell in cells), (caption, recipe)


def test_rough_intervals_are_called_rough_where_they_stand(found: tuple[Statistics, Path], tmp_path: Path) -> None:
    results = write_board(tmp_path / "results", targets=("xnli", "panx"), units=12)
    write(*of_folder(results, Settings(resamples=200), lambda _share, _what: None), results)
    build_site(results, tmp_path / "site")
    pages = {path.stem: path.read_text(encoding="utf-8") for path in (tmp_path / "site").glob("*.html")}
    row = next(stem for stem in pages if stem.startswith("row-"))

    for stem, tables in (("index", 2), ("gains", 5), (row, 1)):
        sentences = tables + (stem == "index")  # beneath the tables, and in the pair's own words
        assert pages[stem].count("Intervals and tests of xnli, panx, and of means over them, are approximate") == tables
        assert pages[stem].count("Intervals and tests are over test items only") == sentences
    for stem, tables in (("task-xnli", 2), ("languages-xnli", 1)):
        assert pages[stem].count("Intervals and tests are over test items only") == tables
        assert pages[stem].count("Fewer than 60 units count anything in en, de") == tables
    three = "".join(path.read_text(encoding="utf-8") for path in found[1].glob("*.html"))
    assert "are approximate" not in three
    assert "test items only" not in three


def test_three_pairs_are_pooled(found: tuple[Statistics, Path]) -> None:
    statistics, site = found
    pooled = next(one for one in statistics.pooled if (one.measure, one.recipe) == ("interaction", "mnli"))
    average = pooled.effects.average
    assert average is not None
    shown = rows_of(site, "gains", "Effect of code on the gain, mean over matched pairs")
    row = next(one for one in shown if one[0] == "mnli")
    assert ["mnli", "3", f"{signed(average.value)} {signed(average.low)} to {signed(average.high)}"] == row[:3]


def test_best_recipes_are_those_of_validation(found: tuple[Statistics, Path]) -> None:
    statistics, site = found
    shown = {(row[0], row[1]): row[2:] for row in rows_of(site, "gains", "Best recipe per target")}
    assert statistics.best
    for best in statistics.best:
        assert best.gain is not None
        assert shown[best.backbone, "mean over all targets"][-1].startswith(signed(best.gain.value))
        for target, choice in best.targets.items():
            cells = shown[best.backbone, target]
            assert [choice.recipe, str(choice.candidates), points(choice.validation)] == cells[:3]
            assert cells[3].startswith(points(choice.score.value))


def test_every_family_of_tests_is_listed(found: tuple[Statistics, Path]) -> None:
    statistics, site = found
    listed = rows_of(site, "gains", "Families of tests")
    assert [[one.words, str(one.tests), one.method] for one in statistics.families.values() if one.tests] == listed


def test_tables_are_even_and_no_text_is_broken(found: tuple[Statistics, Path], pages: dict[str, Strict]) -> None:
    tables = [
        (stem, table)
        for stem in pages
        for table in re.findall(r"<table.*?</table>", (found[1] / f"{stem}.html").read_text("utf-8"), flags=re.DOTALL)
    ]
    assert {"index", "gains"} <= {stem for stem, _ in tables}
    for stem, table in tables:
        assert 1 == len(set(widths(table))), stem
    for name, page in pages.items():
        assert not re.search(r"\b(nan|inf)\b", text_of(page)), name
