"""From a results folder to static pages. The same results, over the same log, give the same bytes."""

from __future__ import annotations

import base64
import gc
import hashlib
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from leaderboard.export import scores_csv, scores_json
from leaderboard.history import LOG_FILE, extended, log_json, read_log
from leaderboard.languages import scored
from leaderboard.names import row_id
from leaderboard.pages.blocks import Part, parts, tables
from leaderboard.pages.claims import claims_page
from leaderboard.pages.cost import cost_page
from leaderboard.pages.frame import CSV_FILE, JSON_FILE, STYLE_FILE, Page, Site, aggregate
from leaderboard.pages.gains import gains_page
from leaderboard.pages.index import index_page
from leaderboard.pages.languages import language_page, languages_page
from leaderboard.pages.log import log_page
from leaderboard.pages.reproduction import reproduction_page
from leaderboard.pages.retrieval import retrieval_page
from leaderboard.pages.row import row_page_view
from leaderboard.pages.task import task_page_view
from leaderboard.predictions import predictions_file, write_predictions
from leaderboard.read import read_results
from leaderboard.replace import replacing
from leaderboard.statistics import read_language_statistics, read_statistics
from leaderboard.tables.latex import table_latex
from leaderboard.tables.plain import table_csv, table_json
from tasks.errors import UserError

_HERE = Path(__file__).parent
_EXPORTS: dict[str, Callable[..., str]] = {"csv": table_csv, "json": table_json, "tex": table_latex}


@dataclass(frozen=True, kw_only=True)
class Extras:
    """What a site is built with beside its results.

    Attributes:
        artifacts: the store's folder of artifacts; rows then have their predictions to download.
        previous: an earlier site, or its ``log.json``; else the site that is replaced.
        reasons: why rows were added, changed or withdrawn, by ``BACKBONE/RECIPE``.
    """

    artifacts: Path | None = None
    previous: Path | None = None
    reasons: Mapping[str, str] = field(default_factory=dict)


NOTHING_ELSE = Extras()


@dataclass(frozen=True, kw_only=True)
class SiteReport:
    """What was built: the pages, sorted, and how many cells of the grid have a score and how many are gaps."""

    out: Path
    pages: tuple[str, ...]
    cells: int
    gaps: int


def build_site(
    results: Path, out: Path, extras: Extras = NOTHING_ELSE, progress: Callable[[float], None] = lambda _share: None
) -> SiteReport:
    """Build the pages of a results folder in ``out``, which is replaced as a whole.

    Args:
        results: the folder of results.
        out: where the site goes.
        extras: what it is built with beside its results.
        progress: told of the share of rows whose pages are written.

    Raises:
        UserError: the results are not in order, or ``out`` holds something other than a site of ours.
    """
    place, source = out.resolve(), results.resolve()
    if place == source or source in place.parents or place in source.parents:
        raise UserError("the site and the results lie in each other", where=str(out), remedy="name another folder")
    with _uncollected():
        return _build(results, out, extras, progress)


@contextmanager
def _uncollected() -> Iterator[None]:
    """No garbage collection meanwhile: millions of small objects stay, and going through them takes long."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _build(results: Path, out: Path, extras: Extras, progress: Callable[[float], None]) -> SiteReport:
    site = aggregate(read_results(results), read_statistics(results), read_language_statistics(results))
    log = extended(read_log(extras.previous or out / LOG_FILE), site.board, site.folder, extras.reasons)
    with replacing(out) as building:
        writer = _Writer(site, building)
        for page in (
            gains_page(site),
            languages_page(site),
            *(language_page(site, target) for target in site.folder.suite.targets),
            retrieval_page(site),
            cost_page(site),
            claims_page(site),
            reproduction_page(site),
            log_page(site, log),
        ):
            writer.write(page)
        _rows(site, writer, building, extras, progress)
        _write(building / CSV_FILE, scores_csv(site.folder, site.board))
        _write(building / JSON_FILE, scores_json(site.folder, site.board, site.pairs))
        _write(building / LOG_FILE, log_json(log))
        _write(building / STYLE_FILE, (_HERE / "static" / STYLE_FILE).read_text(encoding="utf-8"))
    return SiteReport(
        out=out,
        pages=tuple(sorted(writer.pages)),
        cells=len(site.folder.results),
        gaps=sum(1 for _ in site.board.missing()),
    )


def _rows(site: Site, writer: _Writer, building: Path, extras: Extras, progress: Callable[[float], None]) -> None:
    """The tables that rows stand in, then the rows' own pages, which lead back to the very part that holds them."""
    amounts = scored(site.folder)
    home = writer.write(index_page(site))
    tasks = {
        target.name: writer.write(task_page_view(site, target, amounts[target.name]))
        for target in site.folder.suite.targets
    }
    for place, row in enumerate(site.board.rows):
        anchor = row_id(row.backbone.name, row.recipe.name)
        archive = ""
        if extras.artifacts is not None:
            name = predictions_file(row)
            archive = name if write_predictions(site.folder, row, extras.artifacts, building / name) else ""
        at = {target: where[anchor] for target, where in tasks.items()}
        writer.write(row_page_view(site, row, home[anchor], at, archive))
        progress((place + 1) / len(site.board.rows))


@dataclass(frozen=True, kw_only=True)
class _Shown:
    """One file of a page, as the template prints it."""

    file: str
    files: tuple[str, ...]
    number: int
    html: Markup
    titles: tuple[tuple[str, str], ...]


class _Writer:
    """Writes pages with the tables beside them, each file once."""

    def __init__(self, site: Site, building: Path) -> None:
        self._building = building
        script = (_HERE / "static" / "board.js").read_text(encoding="utf-8")
        digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
        self._template = _environment().get_template("page.html")
        self._common = {
            "frame": site.frame,
            "script": Markup(script),  # noqa: S704 (a file of this package)
            "script_hash": f"sha256-{digest}",
        }
        self.pages: set[str] = set()
        self._files: set[str] = set()

    def write(self, page: Page) -> dict[str, str]:
        """Write a page in as many parts as it takes; gives the file of every row that has an anchor on it."""
        found = parts(page.sections)
        files = tuple(_part_file(page.stem, number) for number in range(1, len(found) + 1))
        where: dict[str, str] = {}
        texts = [
            self._html(page, part, file, files, number)
            for number, (file, part) in enumerate(zip(files, found, strict=True), start=1)
        ]
        for file, part, text in zip(files, found, _linked(files, texts), strict=True):
            self._claim(file)
            self.pages.add(file)
            _write(self._building / file, text)
            where |= dict.fromkeys(part.anchors, file)
        for table in tables(page.sections):
            for suffix, export in _EXPORTS.items():
                self._claim(f"{table.name}.{suffix}")
                _write(self._building / f"{table.name}.{suffix}", export(table))
        return where

    def _html(self, page: Page, part: Part, file: str, files: tuple[str, ...], number: int) -> str:
        shown = _Shown(file=file, files=files, number=number, html=part.html, titles=part.titles)
        return self._template.render(page=page, part=shown, **self._common)

    def _claim(self, file: str) -> None:
        if file in self._files:
            raise UserError(f"two pages would be called {file}", where="suite.json", remedy="rename one of them")
        self._files.add(file)


def _linked(files: Sequence[str], texts: Sequence[str]) -> Sequence[str]:
    """The parts of one page, with links to a place that came to stand on another part leading there.

    Text and attributes from data hold no plain quotes, so what these patterns find is ours.
    """
    if len(texts) == 1:
        return texts
    ids = [set(re.findall(r' id="([^"]+)"', text)) for text in texts]
    home = {anchor: file for file, own in reversed(list(zip(files, ids, strict=True))) for anchor in own}

    def led(text: str, own: set[str]) -> str:
        def link(match: re.Match[str]) -> str:
            anchor = match[1]
            return match[0] if anchor in own or anchor not in home else f' href="{home[anchor]}#{anchor}"'

        return re.sub(r' href="#([^"]+)"', link, text)

    return [led(text, own) for text, own in zip(texts, ids, strict=True)]


def _part_file(stem: str, number: int) -> str:
    return f"{stem}.html" if number == 1 else f"{stem}.part-{number}.html"


def _environment() -> Environment:
    return Environment(
        loader=FileSystemLoader(_HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )


def _write(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8", newline="\n")
