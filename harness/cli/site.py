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
    "--site", type=_PATH, default=Path("site"), show_default=True, help="Folder written by 'site build'."
)


@click.command(epilog="Example: codestilts site join --results core --accepted accepted --out board")
@results_option
@accepted_option
@click.option("--out", type=_PATH, required=True, help="A new folder.")
@json_option
def join(results: tuple[Path, ...], accepted: Path | None, out: Path, as_json: bool) -> None:
    """Join results folders and accepted rows into one results folder.

    Statistics are computed for the joint board. Results that cannot share a table are refused: a target with different
    labels, or a backbone with a different description.
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
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on; the default is local only.")
@click.option(
    "--port", type=click.IntRange(0, 65535), default=8000, show_default=True, help="Port; 0 picks a free one."
)
def serve(site: Path, host: str, port: int) -> None:
    """Serve a built site on this machine until interrupted."""
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
@click.option("--branch", default="gh-pages", show_default=True, help="Branch of the remote; created if missing.")
@click.option("--remote", default="origin", show_default=True, help="Name or URL of the git remote.")
@click.option("--repository", type=_PATH, default=Path(), help="Checkout that has the remote.  [default: .]")
@click.option("--allow-incomplete", is_flag=True, help="Publish a board with missing results.")
@click.option("--allow-miniature", is_flag=True, help="Publish a miniature suite (generated data).")
@click.option("--allow-placeholder", is_flag=True, help="Publish the results of a smoke run.")
@click.option("--dry-run", is_flag=True, help="Report the changes; push nothing.")
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
    """Commit a built site to a branch of a git remote.

    The checkout's files and index stay untouched. The site replaces the contents of the branch except a CNAME file. If
    nothing changed, nothing is committed.
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
    """Build, serve and publish the leaderboard pages."""


@site.command(epilog="Example: codestilts site build --results store/results/mini --out public")
@results_option
@accepted_option
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    default=Path("site"),
    show_default=True,
    help="Folder for the pages; its contents are replaced.",
)
@click.option(
    "--previous",
    type=click.Path(path_type=Path, exists=True),
    help="Site (or its log.json) whose log is continued.  [default: the site in --out]",
)
@click.option(
    "--reason",
    "reasons",
    multiple=True,
    metavar="BACKBONE/RECIPE=WHY",
    help="Why a row was added, changed or withdrawn, for the log.",
)
@click.option("--predictions/--no-predictions", default=True, show_default=True,
              help="Include predictions, if the results are in the store of their run.")  # fmt: skip
def build(
    results: tuple[Path, ...],
    accepted: Path | None,
    out: Path,
    previous: Path | None,
    reasons: tuple[str, ...],
    predictions: bool,
) -> None:
    """Build the static pages of a board.

    Several results folders make one board with joint statistics. The same results and log give the same bytes.
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
    """Warn of withdrawn rows without a reason, and of reasons that match no change."""
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
    """Yield one results folder of all the inputs, joined in a temporary folder if there are several."""
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
    """Return the artifacts folder of the store that holds all the results, if there is exactly one."""
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
