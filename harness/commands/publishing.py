"""``codestilts site join``, ``codestilts site serve`` and ``codestilts site publish``."""

from __future__ import annotations

from pathlib import Path

import click

from harness.commands.options import accepted_option, board_folders, echo_json, json_option, results_option

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
    from harness.console import progress
    from harness.publish.board import build_board
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
    from harness.publish.serve import server
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
    from harness.publish.git import Repository
    from harness.publish.pages import publish as publish_site
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
