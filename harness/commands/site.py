"""``codestilts site``."""

from __future__ import annotations

import shlex
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from harness.commands.options import accepted_option, board_folders, results_option
from harness.commands.publishing import join, publish, serve

if TYPE_CHECKING:
    from leaderboard.history import Log


@click.group()
def site() -> None:
    """Join results, build, show and publish leaderboard pages."""


@site.command(epilog="Example: codestilts site build --results store/results/mini --out public")
@results_option
@accepted_option
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    default=Path("site"),
    show_default=True,
    help="Folder for the pages; it is replaced as a whole.",
)
@click.option(
    "--previous",
    type=click.Path(path_type=Path, exists=True),
    help="Site, or its log.json, that the log goes on from.  [default: the site in --out]",
)
@click.option(
    "--reason",
    "reasons",
    multiple=True,
    metavar="BACKBONE/RECIPE=WHY",
    help="Why a row was added, changed or withdrawn; for the log.",
)
@click.option("--predictions/--no-predictions", default=True, show_default=True,
              help="Put predictions beside the pages, where the results lie in the store of their run.")  # fmt: skip
def build(
    results: tuple[Path, ...],
    accepted: Path | None,
    out: Path,
    previous: Path | None,
    reasons: tuple[str, ...],
    predictions: bool,
) -> None:
    """Build static pages; the same results over the same log give the same bytes.

    Several folders make one board, with the statistics of the whole.
    """
    from leaderboard.history import read_log
    from leaderboard.site import Extras, build_site

    folders = board_folders(results, accepted)
    extras = Extras(
        artifacts=_artifacts(folders) if predictions else None,
        previous=previous,
        reasons=dict(_reason(text) for text in reasons),
    )
    label = "Writing pages"
    with (
        _joined(folders, accepted) as board,
        click.progressbar(length=100, label=label, file=sys.stderr, hidden=not sys.stderr.isatty()) as bar,
    ):
        report = build_site(board, out, extras, lambda share: bar.update(int(share * 100) - bar.pos))
    click.echo(f"{len(report.pages)} pages: {(out / 'index.html').resolve()}")
    _warn(read_log(out), extras.reasons)


def _warn(log: Log, reasons: Mapping[str, str]) -> None:
    """Say of whose leaving the log tells no reason, and which reason it could not use."""
    from leaderboard.history import unexplained, unused

    if rows := unexplained(log):
        click.echo(
            f"codestilts: the log gives no reason why {', '.join(rows)} left the board: build again with --reason "
            f"{shlex.quote(rows[0] + '=WHY')}.",
            err=True,
        )
    if rows := unused(log, reasons):
        click.echo(f"codestilts: --reason: the last build changed nothing of {', '.join(rows)}.", err=True)


@contextmanager
def _joined(results: tuple[Path, ...], accepted: Path | None) -> Iterator[Path]:
    """One folder of all that is named, with its statistics, for as long as the block runs."""
    if len(results) == 1 and accepted is None:
        yield results[0]
        return
    from harness.console import progress
    from harness.publish.board import build_board

    with tempfile.TemporaryDirectory(prefix="codestilts-site-") as scratch:
        out = Path(scratch) / "board"
        with progress("statistics") as told:
            counted = build_board(results, accepted, out, told)
        if not counted:
            click.echo("codestilts: without statistics: results lack their counts per unit.", err=True)
        yield out


def _artifacts(results: tuple[Path, ...]) -> Path | None:
    """The artifacts of the one store that all results lie in, where predictions are."""
    stores = {folder.resolve().parent.parent / "artifacts" for folder in results}
    return stores.pop() if len(stores) == 1 and all(store.is_dir() for store in stores) else None


def _reason(text: str) -> tuple[str, str]:
    from harness.errors import SpecError

    row, equals, why = text.partition("=")
    if not equals or "/" not in row or not why.strip():
        raise SpecError(f"'{text}' gives no reason", where="--reason", remedy="write BACKBONE/RECIPE=WHY")
    return row, why.strip()


site.add_command(join)
site.add_command(serve)
site.add_command(publish)
