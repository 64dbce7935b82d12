"""From a results folder to static pages. The same results, over the same log, give the same bytes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from leaderboard.collection import uncollected
from leaderboard.export import scores_csv, scores_json
from leaderboard.history import LOG_FILE, extended, log_json, read_log
from leaderboard.languages import scored
from leaderboard.names import row_id
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
from leaderboard.writer import HERE, Writer, Written, cores, in_order, write_text
from tasks.errors import UserError

#: From so many rows on their pages take longer than the start of another process.
_MANY_ROWS = 100


@dataclass(frozen=True, kw_only=True)
class Extras:
    """Optional inputs of a site.

    Attributes:
        artifacts: the store's folder of artifacts; rows then have their predictions to download.
        previous: an earlier site, or its ``log.json``; else the site that is replaced.
        reasons: why rows were added, changed or withdrawn, by ``BACKBONE/RECIPE``.
        workers: processes that write the pages; 0 for as many as there are cores, or one where the board is small.
    """

    artifacts: Path | None = None
    previous: Path | None = None
    reasons: Mapping[str, str] = field(default_factory=dict)
    workers: int = 0


NOTHING_ELSE = Extras()


@dataclass(frozen=True, kw_only=True)
class SiteReport:
    """The built pages, sorted, and the numbers of cells with and without a score."""

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
        extras: optional inputs.
        progress: called with the share of rows whose pages are written.

    Raises:
        UserError: the results are not in order, or ``out`` holds something other than a site of ours.
    """
    place, source = out.resolve(), results.resolve()
    if place == source or source in place.parents or place in source.parents:
        raise UserError("the site and the results lie in each other", where=str(out), remedy="name another folder")
    with uncollected():
        return _build(results, out, extras, progress)


def _build(results: Path, out: Path, extras: Extras, progress: Callable[[float], None]) -> SiteReport:
    site = aggregate(read_results(results), read_statistics(results), read_language_statistics(results))
    log = extended(read_log(extras.previous or out / LOG_FILE), site.board, site.folder, extras.reasons)
    # A small board is built before another process has begun.
    workers = extras.workers or (cores() if len(site.board.rows) >= _MANY_ROWS else 1)
    with replacing(out) as building:
        writer = Writer(site, building)
        amounts = scored(site.folder)
        targets = site.folder.suite.targets
        views: list[Callable[[], Page]] = [
            lambda: index_page(site),
            *(partial(task_page_view, site, target, amounts[target.name]) for target in targets),
            lambda: gains_page(site),
            lambda: languages_page(site),
            *(partial(language_page, site, target) for target in targets),
            lambda: retrieval_page(site),
            lambda: cost_page(site),
            lambda: claims_page(site),
            lambda: reproduction_page(site),
            lambda: log_page(site, log),
        ]
        pages = in_order(lambda place: writer.write(views[place]()), len(views), workers)
        # The tables that rows stand in come first: a row's own page leads back to the very part that holds it.
        home, tasks = pages[0].where, {one.name: page.where for one, page in zip(targets, pages[1:], strict=False)}
        row = partial(_row, site, writer, extras, building, home, tasks)
        pages += in_order(row, len(site.board.rows), workers, progress)
        _check_names(pages)
        write_text(building / CSV_FILE, scores_csv(site.folder, site.board))
        write_text(building / JSON_FILE, scores_json(site.folder, site.board, site.pairs))
        write_text(building / LOG_FILE, log_json(log))
        write_text(building / STYLE_FILE, (HERE / "static" / STYLE_FILE).read_text(encoding="utf-8"))
    return SiteReport(
        out=out,
        pages=tuple(sorted(file for page in pages for file in page.pages)),
        cells=len(site.folder.results),
        gaps=sum(1 for _ in site.board.missing()),
    )


def _row(
    site: Site,
    writer: Writer,
    extras: Extras,
    building: Path,
    home: Mapping[str, str],
    tasks: Mapping[str, Mapping[str, str]],
    place: int,
) -> Written:
    """One row's page, with its predictions."""
    row = site.board.rows[place]
    anchor = row_id(row.backbone.name, row.recipe.name)
    archive = ""
    if extras.artifacts is not None:
        name = predictions_file(row)
        archive = name if write_predictions(site.folder, row, extras.artifacts, building / name) else ""
    at = {target: where[anchor] for target, where in tasks.items()}
    return writer.write(row_page_view(site, row, home[anchor], at, archive))


def _check_names(pages: Sequence[Written]) -> None:
    """Refuse a board two of whose files would be one."""
    known: set[str] = set()
    for file in (file for page in pages for file in (*page.pages, *page.tables)):
        if file in known:
            raise UserError(f"two pages would be called {file}", where="suite.json", remedy="rename one of them")
        known.add(file)
