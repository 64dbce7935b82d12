"""A built board in Chromium, from disk: links, sorting and filters, without script, on a phone and a desk, for axe."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit
from urllib.request import url2pathname

import pytest

from leaderboard.site import build_site
from tests.leaderboard.conftest import write_results
from tests.leaderboard.example_statistics import write_statistics
from tests.leaderboard.test_reading import DETAILS, MINED

TOOLS = Path(__file__).resolve().parents[1] / "browser"
#: Numbers as the tables print them; a dash or nothing is no number and stays last.
NUMBER = re.compile(r"[+-]?\d+(\.\d+)?")
Rows = list[dict[str, Any]]


@pytest.fixture(scope="module")
def board(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two seeds, gaps, hostile names, readings, and statistics: every kind of page with all that it can hold."""
    folder = tmp_path_factory.mktemp("board")
    results = write_results(folder / "results", seeds=(1, 2))
    for path in results.glob("*/none/tatoeba-s?.json"):
        record = json.loads(path.read_text(encoding="utf-8"))
        path.write_text(json.dumps(record | {"details": DETAILS | MINED}), encoding="utf-8")
    write_statistics(results)
    build_site(results, folder / "site")
    return folder / "site"


def names(board: Path, *, rows: int | None = None) -> list[str]:
    """The pages, those of so many rows among them."""
    found = sorted(path.name for path in board.glob("*.html"))
    of_rows = [name for name in found if name.startswith("row-")]
    return [name for name in found if not name.startswith("row-")] + of_rows[:rows]


def ask(browser: Path, task: str, board: Path, pages: list[str]) -> Any:
    """What the browser finds."""
    command = ["node", str(TOOLS / "look.mjs"), str(browser), task, str(board), *pages]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def acted(browser: Path, board: Path) -> dict[str, Any]:
    """The main table of the first page, sorted by every column and filtered by every choice."""
    found: dict[str, Any] = ask(browser, "act", board, ["index.html"])
    return found


@pytest.mark.browser
@pytest.mark.node
def test_every_link_leads_somewhere(browser: Path, board: Path) -> None:
    pages = names(board)
    found = ask(browser, "links", board, pages)
    assert [] == found["noise"]
    ids = {name: set(page["ids"]) for name, page in found["pages"].items()}
    checked = anchors = 0
    for name, page in found["pages"].items():
        for link in page["links"]:
            parts = urlsplit(link)
            if parts.scheme != "file":
                assert parts.scheme in ("https", "http") or link == "data:,", (name, link)
                continue
            path = Path(url2pathname(parts.path))
            assert path.is_file(), (name, link)
            assert path.parent == board, (name, link)
            if parts.fragment:
                assert unquote(parts.fragment) in ids[path.name], (name, link)
                anchors += 1
            checked += 1
    assert checked > 10 * len(pages)
    assert anchors > len(pages)


@pytest.mark.browser
@pytest.mark.node
def test_every_column_sorts_both_ways(acted: dict[str, Any]) -> None:
    """By a click and by the keyboard; numbers as numbers, gaps last; no row is lost."""
    assert [] == acted["noise"]
    before = acted["before"]
    columns = len(before[0]["cells"])
    assert 2 * columns == len(acted["sorts"])
    assert 1 == acted["marked"]
    for sort, then in zip(acted["sorts"][::2], acted["sorts"][1::2], strict=True):
        assert sort["column"] == then["column"]
        assert {"ascending", "descending"} == {sort["order"], then["order"]}
    for sort in acted["sorts"]:
        assert multiset(before) == multiset(sort["rows"])
        cells = [row["cells"][sort["column"]] for row in sort["rows"]]
        held = [cell for cell in cells if cell not in ("", "\N{EN DASH}")]
        assert held == cells[: len(held)], "a gap stands before a score"
        values = [found[0] for cell in held if (found := NUMBER.match(cell.replace("\N{MINUS SIGN}", "-")))]
        if len(values) == len(held):
            numbers = [float(value) for value in values]
            assert sorted(numbers, reverse=sort["order"] == "descending") == numbers, sort["column"]


@pytest.mark.browser
@pytest.mark.node
def test_filters_leave_what_they_say(acted: dict[str, Any]) -> None:
    before = acted["before"]
    assert all(row["shown"] for row in before)
    assert {"family", "recipe", "gaps"} == {one["by"] for one in acted["filters"]}
    for one in acted["filters"]:
        if one["by"] == "gaps":
            wanted = [row for row in one["rows"] if row["data"].get("gaps") != "1"]
            assert all("\N{EN DASH}" not in row["cells"] for row in wanted)
        else:
            wanted = [row for row in one["rows"] if row["data"][one["by"]] == one["value"]]
        assert 0 < len(wanted) < len(before)
        assert wanted == [row for row in one["rows"] if row["shown"]]
        assert f"{len(wanted)} of {len(before)} rows" == one["count"]
    assert all(row["shown"] for row in acted["after"])


@pytest.mark.browser
@pytest.mark.node
def test_nothing_is_missing_without_script(browser: Path, board: Path) -> None:
    """The same words in the same tables; no control that would do nothing."""
    pages = names(board, rows=2)
    found = ask(browser, "script", board, pages)
    assert [] == found.pop("noise", [])
    assert set(pages) == set(found)
    for name, (scripted, plain) in found.items():
        assert scripted["words"] == plain["words"], name
        assert plain["controls"] == 0, name
    assert found["index.html"][0]["controls"] > 0


@pytest.mark.browser
@pytest.mark.node
def test_pages_fit_and_are_accessible(browser: Path, board: Path) -> None:
    """No sideways scrolling at 390 and 1440 px, dark and light; nothing serious or critical for axe-core."""
    found = ask(browser, "look", board, names(board, rows=1))
    assert [] == found["wrong"]


@pytest.mark.node
def test_markup_is_valid(board: Path) -> None:
    """By html-validate, but for two rules, each for a reason.

    ``long-title``: a page is titled after its row, and whoever names a backbone decides how long that is.
    ``prefer-native-element``: a box that scrolls sideways is a region so that the keyboard reaches it, not a section
    with a heading of its own; what a filter leaves is a status, not the output of a form.
    """
    config = json.loads((TOOLS / "html-validate.json").read_text(encoding="utf-8"))
    assert {"long-title": "off", "prefer-native-element": "off"} == config["rules"]
    command = ["node", str(TOOLS / "node_modules" / "html-validate" / "bin" / "html-validate.mjs")]
    command += ["--config", str(TOOLS / "html-validate.json"), "--formatter", "text", "--max-warnings", "0"]
    done = subprocess.run(
        [*command, *map(str, sorted(board.glob("*.html")))], capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def multiset(rows: Rows) -> list[list[str]]:
    return sorted(row["cells"] for row in rows)
