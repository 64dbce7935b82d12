"""``codestilts site``."""

from __future__ import annotations

from pathlib import Path

import click

from harness.commands.publishing import join, publish, serve


@click.group()
def site() -> None:
    """Join results, build, show and publish leaderboard pages."""


@site.command(epilog="Example: codestilts site build --results store/results/mini --out public")
@click.option(
    "--results",
    type=click.Path(path_type=Path),
    default=Path("store/results/mini"),
    show_default=True,
    help="Results folder of one suite.",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    default=Path("site"),
    show_default=True,
    help="Folder for the pages; it is replaced as a whole.",
)
def build(results: Path, out: Path) -> None:
    """Build static pages; the same results give the same bytes."""
    from leaderboard.site import build_site

    report = build_site(results, out)
    click.echo(f"{len(report.pages)} pages: {(out / 'index.html').resolve()}")


site.add_command(join)
site.add_command(serve)
site.add_command(publish)
