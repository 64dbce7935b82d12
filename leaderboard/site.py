"""From a results folder to static pages. The same results give the same bytes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from leaderboard.export import scores_csv, scores_json
from leaderboard.languages import scored
from leaderboard.pages.frame import CSV_FILE, JSON_FILE, STYLE_FILE, Page, Site, aggregate
from leaderboard.pages.index import index_page
from leaderboard.pages.row import row_page_view
from leaderboard.pages.task import task_page_view
from leaderboard.read import read_results
from leaderboard.replace import replacing
from tasks.errors import UserError

_HERE = Path(__file__).parent


@dataclass(frozen=True, kw_only=True)
class SiteReport:
    """What was built: the pages, sorted, and how many cells of the grid have a score and how many are gaps."""

    out: Path
    pages: tuple[str, ...]
    cells: int
    gaps: int


def build_site(results: Path, out: Path) -> SiteReport:
    """Build the pages of a results folder in ``out``, which is replaced as a whole.

    Raises:
        UserError: the results are not in order, or ``out`` holds something other than a site of ours.
    """
    place, source = out.resolve(), results.resolve()
    if place == source or source in place.parents or place in source.parents:
        raise UserError("the site and the results lie in each other", where=str(out), remedy="name another folder")
    site = aggregate(read_results(results))
    files: set[str] = set()
    with replacing(out) as building:
        environment = _environment()
        for page in _pages(site):
            if page.file in files:
                raise UserError(
                    f"two pages would be called {page.file}", where="suite.json", remedy="rename one of them"
                )
            files.add(page.file)
            text = environment.get_template(page.template).render(page_file=page.file, **page.values)
            _write(building / page.file, text)
        _write(building / CSV_FILE, scores_csv(site.folder, site.board))
        _write(building / JSON_FILE, scores_json(site.folder, site.board, site.pairs))
        _write(building / STYLE_FILE, (_HERE / "static" / STYLE_FILE).read_text(encoding="utf-8"))
    return SiteReport(
        out=out, pages=tuple(sorted(files)), cells=len(site.folder.results), gaps=sum(1 for _ in site.board.missing())
    )


def _environment() -> Environment:
    return Environment(
        loader=FileSystemLoader(_HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )


def _pages(site: Site) -> Iterator[Page]:
    amounts = scored(site.folder)
    yield index_page(site)
    for target in site.folder.suite.targets:
        yield task_page_view(site, target, amounts[target.name])
    for row in site.board.rows:
        yield row_page_view(site, row)


def _write(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8", newline="\n")
