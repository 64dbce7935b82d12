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

from harness.cli.options import accepted_option, board_folders, echo_json, json_option, results_option

if TYPE_CHECKING:
    from leaderboard.history import Log


_PATH = click.Path(path_type=Path)
_site_option = click.option(
    "--site", type=_PATH, default=Path("site"), show_default=True, help="Folder that 'site build' wrote."
)


@click.command(epilog="Example: codestilts site join --results results/core --accepted accepted --out board")
@results_option
@accepted_option
@click.option("--out", type=_PATH, required=True, help="A new folder.")
@json_option
def join(results: tuple[Path, ...], accepted: Path | None, out: Path, as_json: bool) -> None:
    """Join results folders and accepted rows into one results folder, with the statistics of the whole.

    What cannot stand in one table (a target with other labels, a backbone described differently) is refused.
    """
    from harness.progress import progress
    from harness.results.board import build_board
    from leaderboard.read import read_results

    with progress("statistics") as told:
        counted = build_board(board_folders(results, accepted), accepted, out, told)
    folder = read_results(out)
    if as_json:
        echo_json({"out": str(out), "results": len(folder.results), "gaps": len(folder.gaps), "statistics": counted})
        return
    click.echo(f"{len(folder.results)} results: {out}")
    if not counted:
        click.echo("codestilts: without statistics: results lack their counts per unit.", err=True)


@click.command(epilog="Example: codestilts site serve --site public --port 8080")
@_site_option
@click.option(
    "--host", default="127.0.0.1", show_default=True, help="Address to listen at; the default is this machine alone."
)
@click.option("--port", type=click.IntRange(0, 65535), default=8000, show_default=True, help="0 takes a free one.")
def serve(site: Path, host: str, port: int) -> None:
    """Show a built site in a browser of this machine, until interrupted."""
    from harness.results.publish.pages import server
    from leaderboard.replace import site_files

    site_files(site)
    with server(site, host, port) as listening:
        address = f"[{host}]" if ":" in host else host
        click.echo(f"http://{address}:{listening.server_address[1]}/ shows {site.resolve()}; Ctrl-C ends it.")
        try:
            listening.serve_forever()
        except KeyboardInterrupt:
            click.echo("")


@click.command(epilog="Example: codestilts site publish --site public --branch gh-pages")
@_site_option
@click.option("--branch", default="gh-pages", show_default=True, help="Of the remote; made if it is not there.")
@click.option("--remote", default="origin", show_default=True, help="Name or address of the git remote.")
@click.option("--repository", type=_PATH, default=Path(), help="Checkout that knows the remote.  [default: here]")
@click.option("--allow-incomplete", is_flag=True, help="Publish though cells have no result.")
@click.option("--allow-miniature", is_flag=True, help="Publish though data are generated and backbones tiny.")
@click.option("--allow-placeholder", is_flag=True, help="Publish though it is of a smoke run.")
@click.option("--dry-run", is_flag=True, help="Say what would be committed; push nothing.")
@json_option
def publish(
    site: Path,
    branch: str,
    remote: str,
    repository: Path,
    allow_incomplete: bool,
    allow_miniature: bool,
    allow_placeholder: bool,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Commit a built site to a branch of a git remote, without touching the checkout's files or index.

    The site takes the place of what was on the branch; a CNAME file stays. Nothing changed: no commit.
    """
    from harness.results.publish.git import Repository
    from harness.results.publish.pages import publish as publish_site
    from leaderboard.words import plural

    flags = {"incomplete": allow_incomplete, "miniature": allow_miniature, "placeholder": allow_placeholder}
    done = publish_site(
        site,
        Repository(repository),
        remote=remote,
        branch=branch,
        allowed=[name for name, said in flags.items() if said],
        dry_run=dry_run,
    )
    if as_json:
        echo_json(
            {
                "remote": done.remote,
                "branch": done.branch,
                "commit": done.commit,
                "changed": done.changed,
                "files": done.files,
            }
        )
        return
    changed, where = plural(done.changed, "file"), f"on {done.branch} of {done.remote}"
    if not done.changed:
        click.echo(f"Nothing changed {where}.")
    elif done.commit is None:
        click.echo(f"{changed} would change {where}; the site has {done.files}.")
    else:
        click.echo(f"{changed} changed {where}: {done.commit[:12]}; the site has {done.files}.")


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
    from harness.progress import progress
    from harness.results.board import build_board

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
