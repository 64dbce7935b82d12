"""The pages: well-formed, linked, harmless, the same on each build, and put in place as a whole."""

from __future__ import annotations

import csv
import json
import os
import re
import shutil
import stat
import subprocess
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from leaderboard.names import row_id, row_page, slug, task_page
from leaderboard.published import published
from leaderboard.read import CellKey, read_results
from leaderboard.scores import build_board
from leaderboard.site import build_site
from tasks.errors import UserError

VOID = {"meta", "link", "br", "img", "input", "hr", "col"}
#: Pages beside the first, those of the targets and those of the rows.
TOPICS = 7


class Strict(HTMLParser):
    """Checks that tags balance, attributes are not doubled and ids are unique; keeps links, text and tables."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.ids: list[str] = []
        self.links: list[str] = []
        self.text: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = [name for name, _ in attrs]
        assert len(set(names)) == len(names), (tag, attrs)
        found = dict(attrs)
        self.tags.append((tag, found))
        if "id" in found:
            self.ids.append(found["id"] or "")
        self.links += [found[name] or "" for name in ("href", "src") if name in found]
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open, f"</{tag}> closes nothing"
        assert tag == self.open.pop(), f"</{tag}> does not close what is open"

    def handle_data(self, data: str) -> None:
        self.text.append(data)


def parse(path: Path) -> Strict:
    parser = Strict()
    parser.feed(path.read_text(encoding="utf-8"))
    parser.close()
    assert [] == parser.open, path.name
    assert len(set(parser.ids)) == len(parser.ids), path.name
    return parser


def text_of(page: Strict) -> str:
    return re.sub(r"\s+", " ", "".join(page.text))


@pytest.fixture
def site(results: Path, tmp_path: Path) -> Path:
    out = tmp_path / "site"
    build_site(results, out)
    return out


@pytest.fixture(scope="module")
def built(shared_results: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A site that tests only read."""
    out = tmp_path_factory.mktemp("built") / "site"
    build_site(shared_results, out)
    return out


@pytest.fixture(scope="module")
def pages(built: Path) -> dict[str, Strict]:
    found = {path.name: parse(path) for path in sorted(built.glob("*.html"))}
    assert "index.html" in found
    return found


def test_report(results: Path, tmp_path: Path) -> None:
    report = build_site(results, tmp_path / "site")
    assert (57, 3) == (report.cells, report.gaps)
    assert 1 + TOPICS + 2 * 4 + 15 == len(report.pages)
    assert set(report.pages) == {path.name for path in (tmp_path / "site").glob("*.html")}


def test_pages_are_balanced_and_hold_no_script_but_ours(pages: dict[str, Strict]) -> None:
    for page in pages.values():
        assert not {tag for tag, _ in page.tags} & {"img", "iframe", "object", "form"}
        assert [("script", {})] == [(tag, attributes) for tag, attributes in page.tags if tag == "script"]
        assert not [name for _, attributes in page.tags for name in attributes if name.startswith("on")]
        assert ("html", {"lang": "en"}) in page.tags
        assert 1 == sum(tag == "h1" for tag, _ in page.tags)


def test_hostile_text_is_shown_as_text(pages: dict[str, Strict]) -> None:
    text = text_of(pages["index.html"])
    assert "<script>alert(1)<script>'\"><img src=x onerror=alert(1)>" in text
    assert '</title></table><script>alert("title")</script>{{ 7*7 }}' in text
    assert 'CUDA ran out of memory </li><script>alert("reason")</script>' in text


def test_every_link_resolves(built: Path, pages: dict[str, Strict]) -> None:
    outside = {source.href for file in published() for source in file.sources.values()}
    outside |= {"https://example.org/paper", "https://arxiv.org/abs/2005.13013", "data:,"}
    assert all(page.links for page in pages.values())
    for name, page in pages.items():
        for link in page.links:
            if link in outside:
                continue
            file, _, anchor = link.partition("#")
            assert not re.match(r"[a-z]+:", link), link
            assert (built / (file or name)).is_file(), (name, link)
            if anchor and file.endswith((".html", "")):
                assert anchor in pages[file or name].ids, (name, link)


def test_nothing_is_fetched(built: Path) -> None:
    """All that a page loads lies beside it."""
    assert (built / "index.html").is_file()
    for path in built.glob("*.html"):
        loaded = re.findall(
            r"<(?:link|img|script|iframe|source)[^>]*?(?:href|src)=\"([^\"]*)\"", path.read_text("utf-8")
        )
        assert ["style.css", "data:,"] == loaded, path.name
    assert not re.search(r"url\(|@import", (built / "style.css").read_text(encoding="utf-8"))


def test_tables_have_caption_and_scopes(pages: dict[str, Strict]) -> None:
    assert any("table" == tag for tag, _ in pages["index.html"].tags)
    for page in pages.values():
        tags = [tag for tag, _ in page.tags]
        assert tags.count("table") == tags.count("caption")
        assert all("scope" in attributes for tag, attributes in page.tags if tag == "th")


def test_table_rows_are_equally_wide(built: Path) -> None:
    """Every row of a table spans as many columns as the others, with row and column spans counted."""
    tables = [
        (path.name, table)
        for path in built.glob("*.html")
        for table in re.findall(r"<table.*?</table>", path.read_text(encoding="utf-8"), flags=re.DOTALL)
    ]
    assert "index.html" in {name for name, _ in tables}
    for name, table in tables:
        assert 1 == len(set(widths(table))), (name, widths(table))


def widths(table: str) -> list[int]:
    found: list[int] = []
    hanging = 0
    for row in re.findall(r"<tr[ >].*?</tr>", table, flags=re.DOTALL):
        cells = re.findall(r"<t[hd]((?:\s[^>]*)?)>", row)
        spans = [int(span[1]) if (span := re.search(r'colspan="(\d+)"', cell)) else 1 for cell in cells]
        found.append(sum(spans) + hanging)
        hanging = sum('rowspan="2"' in cell for cell in cells)
    return found


def test_same_input_same_bytes(results: Path, tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    build_site(results, first)
    again = tmp_path / "copied results"
    shutil.copytree(results, again)
    build_site(again, second)
    build_site(again, second)
    contents = [{path.name: path.read_bytes() for path in folder.iterdir()} for folder in (first, second)]
    assert contents[0] == contents[1]


def test_gaps_are_dashes_with_causes(pages: dict[str, Strict]) -> None:
    index = pages["index.html"]
    text = text_of(index)
    assert "Failed at stage finetune (out-of-memory): CUDA ran out of memory" in text
    assert "No mean: 2 of 4 targets have a score. Without one: xnli, panx." in text
    assert {"gap-1", "gap-2", "gap-3", "scores-1-cause-1"} <= set(index.ids)
    assert "Absent: The results folder has neither a result nor a recorded cause." in text_of(index)
    assert "base+code / squad / xnli, seed 1" in text_of(index)


def test_numbers_on_the_index(shared_results: Path, built: Path) -> None:
    """The main table holds the points of the board, in the order of its columns."""
    board = build_board(read_results(shared_results))
    html = (built / "index.html").read_text(encoding="utf-8")
    scored = [row for row in board.rows if row.scores.average.value is not None]
    assert scored
    for row in scored:
        anchor = row_id(row.backbone.name, row.recipe.name)
        line = re.search(rf'<tr id="{re.escape(anchor)}"[^>]*>(.*?)</tr>', html, flags=re.DOTALL)
        assert line
        shown = re.findall(r"<td[^>]*>([\d.]+)", line[1])[1:]  # after the parameters
        values = [row.scores.average]
        for group, members in board.groups.items():
            values += [row.scores.groups[group], *(row.scores.targets[target.name] for target in members)]
        assert [f"{100 * (score.value or 0):.1f}" for score in values] == shown


def test_what_the_first_page_says(pages: dict[str, Strict]) -> None:
    text = text_of(pages["index.html"])
    assert "code minus text is" in text
    assert "without interval" in text
    assert "CodeSearchNet" in text
    assert "code side of matched pair base; initialised from base" in text
    badges = {attributes.get("class") for tag, attributes in pages["index.html"].tags if tag == "span"}
    assert "Published results, not run here" in text
    assert {"badge code", "badge text", "badge mixed"} <= badges


def test_banner_and_notes_on_every_page(pages: dict[str, Strict]) -> None:
    for page in pages.values():
        text = text_of(page)
        assert "Miniature suite." in text
        assert "The validation split stands in for the test split of XQUAD." in text
        assert "<b>Note</b> & more" in text


def test_no_banner_on_a_real_suite(results: Path, tmp_path: Path) -> None:
    path = results / "suite.json"
    path.write_text(path.read_text(encoding="utf-8").replace('"miniature": true', '"miniature": false'), "utf-8")
    build_site(results, tmp_path / "site")
    assert "Miniature suite" not in (tmp_path / "site" / "index.html").read_text(encoding="utf-8")


def test_marks_on_the_task_page(pages: dict[str, Strict]) -> None:
    text = text_of(pages["task-xnli.html"])
    assert "Over a fifth of the text's pieces are unknown to the tokenizer" in text
    assert "Not above the baseline of that language" in text
    assert "20.0§" in text
    assert "Own training data" in text_of(pages["task-xquad.html"])
    assert "validation (stands in for test)" in text_of(pages["task-xquad.html"])
    assert "no fine-tuning" in text_of(pages["task-tatoeba.html"])
    assert "XTREME also scores sw; this suite does not." in text
    assert "Units scored (paragraph)" in text


def test_row_page(pages: dict[str, Strict]) -> None:
    text = text_of(pages[row_page("base+code", "none")])
    assert "best_epoch" in text
    assert "layers[0].layer" in text
    assert "versions.torch" in text
    assert "keys.score" in text
    assert "codestilts run test --only" in text
    assert "CodeSearchNet" in text
    assert "Why there is a dash:" in text_of(pages[row_page("base+code", "squad")])


def test_seeds_on_the_pages(two_seeds: Path, tmp_path: Path) -> None:
    build_site(two_seeds, tmp_path / "site")
    text = text_of(parse(tmp_path / "site" / "index.html"))
    assert "the mean over seeds 1, 2." in text
    assert "sd is the standard deviation over them" in text
    assert re.search(r"\d\d\.\d sd \d", text)
    assert "1 of 2 seeds have a score. seed 2: Failed" in (tmp_path / "site" / "index.html").read_text("utf-8")
    for path in (tmp_path / "site").glob("*.html"):
        parse(path)


def csv_lines(site: Path) -> Iterator[dict[str, str]]:
    with (site / "scores.csv").open(encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file)


def test_csv_equals_the_results(shared_results: Path, built: Path) -> None:
    folder = read_results(shared_results)
    lines = list(csv_lines(built))
    keys = [(line["backbone"], line["recipe"], line["target"], int(line["seed"]), line["language"]) for line in lines]
    assert sorted(keys) == keys
    assert len(set(keys)) == len(keys)
    means: dict[CellKey, float] = {}
    languages: dict[tuple[CellKey, str], dict[str, Any]] = {}
    lost = set()
    for line, (*cell, language) in zip(lines, keys, strict=True):
        key = CellKey(*cell)
        if line["outcome"] != "scored":
            lost.add((key, line["outcome"]))
        elif language:
            languages[key, language] = {
                "score": float(line["score"]),
                "rows": int(line["rows"]),
                "units": int(line["units"]),
                "baseline": float(line["baseline"]) if line["baseline"] else None,
                "unknown": float(line["unknown"]),
                "truncated": float(line["truncated"]),
                "fertility": float(line["fertility"]),
                "metrics": {name[7:]: float(line[name]) for name in line if name.startswith("metric.")},
            }
        else:
            means[key] = float(line["score"])
    assert {key: result.score for key, result in folder.results.items()} == means
    assert languages == {
        (key, name): one.model_dump()
        for key, result in folder.results.items()
        for name, one in result.languages.items()
    }
    assert lost == {(missing.cell, missing.outcome) for missing in build_board(folder).missing()}


def test_json_equals_the_board(shared_results: Path, built: Path) -> None:
    folder = read_results(shared_results)
    record = json.loads((built / "scores.json").read_text(encoding="utf-8"))
    assert "codestilts.scores/1" == record["schema"]
    assert {(row.backbone.name, row.recipe.name): row.scores.average.value for row in build_board(folder).rows} == {
        (row["backbone"], row["recipe"]): row["average"]["value"] for row in record["rows"]
    }
    assert len(folder.results) == len(record["results"])
    assert 3 == len(record["gaps"])
    squad = next(row for row in record["pairs"][0]["recipes"] if row["recipe"] == "squad")
    assert squad["code_minus_text"]["average"] is None
    assert isinstance(squad["text_gain_over_none"]["average"], float)
    assert record["pairs"][0]["interval"] is None


def test_stale_pages_vanish(results: Path, site: Path) -> None:
    path = results / "suite.json"
    record = json.loads(path.read_text(encoding="utf-8"))
    record["backbones"] = record["backbones"][:1]
    path.write_text(json.dumps(record), encoding="utf-8")
    for folder in results.iterdir():
        if folder.is_dir() and folder.name != "base":
            shutil.rmtree(folder)
    (results / "gaps.json").unlink()
    before = {path.name for path in site.iterdir()}
    report = build_site(results, site)
    assert row_page("base+code", "none") in before
    assert {"index.html", "style.css"} <= {path.name for path in site.iterdir()}
    assert not (site / row_page("base+code", "none")).exists()
    assert 1 + TOPICS + 2 * 4 + 3 == len(report.pages)
    assert [results.name, site.name] == sorted(path.name for path in site.parent.iterdir())
    assert "has no complete matched pair" in text_of(parse(site / "index.html"))


def test_a_folder_that_is_not_ours_is_kept(results: Path, tmp_path: Path) -> None:
    out = tmp_path / "site"
    out.mkdir()
    (out / "thesis.tex").write_text("years of work", encoding="utf-8")
    with pytest.raises(UserError, match=r"not of a site built by codestilts \(thesis\.tex\)"):
        build_site(results, out)
    assert ["thesis.tex"] == [path.name for path in out.iterdir()]
    assert {"results", "site"} == {path.name for path in tmp_path.iterdir()}


def test_a_foreign_file_in_our_site_is_kept(results: Path, site: Path) -> None:
    """A person may have put CNAME or .git beside the pages."""
    (site / ".git").mkdir()
    with pytest.raises(UserError, match=r"\(\.git\)"):
        build_site(results, site)
    assert (site / ".git").is_dir()


def test_a_file_in_the_way(results: Path, tmp_path: Path) -> None:
    (tmp_path / "site").write_text("text", encoding="utf-8")
    with pytest.raises(UserError, match="it is a file"):
        build_site(results, tmp_path / "site")


def test_an_empty_folder_is_filled_and_readable(results: Path, tmp_path: Path) -> None:
    out = tmp_path / "deep" / "site"
    out.mkdir(parents=True)
    build_site(results, out)
    umask = os.umask(0)
    os.umask(umask)
    assert 0o777 & ~umask == stat.S_IMODE(out.stat().st_mode)


@pytest.mark.parametrize("place", [".", "base", "..", "new/site"])
def test_site_and_results_apart(results: Path, place: str) -> None:
    with pytest.raises(UserError, match="lie in each other"):
        build_site(results, results / place)


def test_bad_results_leave_the_old_site(results: Path, site: Path) -> None:
    before = (site / "index.html").read_bytes()
    (results / "gaps.json").write_text("{", encoding="utf-8")
    with pytest.raises(UserError):
        build_site(results, site)
    assert before == (site / "index.html").read_bytes()


def test_a_failing_build_leaves_nothing(results: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> str:
        raise OSError("disk full")

    monkeypatch.setattr("leaderboard.site.scores_csv", fail)
    with pytest.raises(OSError, match="disk full"):
        build_site(results, tmp_path / "site")
    assert ["results"] == [path.name for path in tmp_path.iterdir()]


def test_file_names() -> None:
    assert "minilm" == slug("minilm")
    assert re.fullmatch(r"minilm-code-[0-9a-f]{8}", slug("minilm+code"))
    assert slug("minilm+code") != slug("minilm code")
    assert slug("XLM-R") != slug("xlm-r")
    assert re.fullmatch(r"[0-9a-f]{8}", slug("بايثون"))
    assert row_page("a-b", "c") != row_page("a", "b-c")
    assert len(row_page("x" * 500, "y" * 500)) < 150
    assert re.fullmatch(r"task-[a-z0-9._-]+\.html", task_page('../"<x>'))


def test_two_names_of_one_page_are_refused(results: Path, tmp_path: Path) -> None:
    """A name that imitates the slug of another cannot take its page."""
    path = results / "suite.json"
    record = json.loads(path.read_text(encoding="utf-8"))
    record["backbones"].append({**record["backbones"][0], "name": slug("base+code")})
    path.write_text(json.dumps(record), encoding="utf-8")
    with pytest.raises(UserError, match="two pages would be called"):
        build_site(results, tmp_path / "site")


@pytest.mark.browser
def test_opens_from_disk(built: Path, tmp_path: Path, browser: Path) -> None:
    """The console is empty (a script that the page's policy holds back would show); no hostile text is an element."""
    for name in ("index.html", "task-xnli.html", row_page("base+code", "none")):
        done = subprocess.run(
            [
                str(browser), "--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking",
                "--no-first-run", "--enable-logging=stderr", "--v=0", f"--user-data-dir={tmp_path / 'profile'}",
                "--dump-dom", (built / name).as_uri(),
            ],
            capture_output=True, text=True, timeout=120, check=True,
        )  # fmt: skip
        assert "CONSOLE" not in done.stderr
        assert "</html>" in done.stdout
        elements = re.sub(r"=\"[^\"]*\"", "", done.stdout)
        assert 1 == elements.count("<script")  # ours
        assert "<img" not in elements
