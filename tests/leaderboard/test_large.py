"""A page that would be too heavy goes on in a second one, and hostile names do no harm in exported files."""

from __future__ import annotations

import csv
import json
import re
from pathlib import Path

import pytest

from leaderboard.names import row_id
from leaderboard.pages.blocks import parts
from leaderboard.read import read_results
from leaderboard.scores import build_board
from leaderboard.site import build_site
from tests.leaderboard.conftest import HOSTILE
from tests.leaderboard.test_site import parse, widths


@pytest.fixture
def cut(shared_results: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The site with room for little on a page."""
    monkeypatch.setattr("leaderboard.writer.parts", lambda sections: parts(sections, 6000))
    build_site(shared_results, tmp_path / "site")
    return tmp_path / "site"


def test_pages_are_cut_between_rows_and_lose_none(shared_results: Path, cut: Path) -> None:
    pieces = sorted(cut.glob("index*.html"))
    assert len(pieces) > 1
    ids = [anchor for path in pieces for anchor in parse(path).ids]
    for row in build_board(read_results(shared_results)).rows:
        assert 1 == ids.count(row_id(row.backbone.name, row.recipe.name))
    for path in cut.glob("*.html"):
        for table in re.findall(r"<table.*?</table>", path.read_text(encoding="utf-8"), flags=re.DOTALL):
            assert 1 == len(set(widths(table))), path.name
            assert "<thead>" in table or 'class="facts"' in table


def test_links_between_cut_pages_resolve(cut: Path) -> None:
    pages = {path.name: parse(path) for path in cut.glob("*.html")}
    assert len([name for name in pages if name.startswith("index")]) > 1
    assert any(page.links for page in pages.values())
    for name, page in pages.items():
        for link in page.links:
            file, _, anchor = link.partition("#")
            if re.match(r"[a-z]+:", link) or (file and not file.endswith(".html")):
                continue
            assert (file or name) in pages, (name, link)
            assert not anchor or anchor in pages[file or name].ids, (name, link)


def test_hostile_names_in_exported_files(shared_results: Path, tmp_path: Path) -> None:
    site = tmp_path / "site"
    build_site(shared_results, site)
    names = [path.name for path in site.iterdir()]
    assert all(re.fullmatch(r"[A-Za-z0-9._-]+", name) for name in names)
    for path in site.glob("*.json"):
        json.loads(path.read_text(encoding="utf-8"))
    for path in site.glob("*.csv"):
        with path.open(encoding="utf-8", newline="") as file:
            lines = [line for line in csv.reader(file) if line and not line[0].startswith("#")]
        assert 1 == len({len(line) for line in lines}), path.name
    assert HOSTILE in (site / "leaderboard.csv").read_text(encoding="utf-8").replace('""', '"')
    assert any(HOSTILE in json.dumps(row, ensure_ascii=False).replace('\\"', '"')
               for row in json.loads((site / "leaderboard.json").read_text(encoding="utf-8"))["rows"])  # fmt: skip
