"""``codestilts site``."""

from __future__ import annotations

import sys
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
def build(results: Path, out: Path, previous: Path | None, reasons: tuple[str, ...], predictions: bool) -> None:
    """Build static pages; the same results over the same log give the same bytes."""
    from leaderboard.site import Extras, build_site

    artifacts = results.resolve().parent.parent / "artifacts"
    extras = Extras(
        artifacts=artifacts if predictions and artifacts.is_dir() else None,
        previous=previous,
        reasons=dict(_reason(text) for text in reasons),
    )
    label = "Writing pages"
    with click.progressbar(length=100, label=label, file=sys.stderr, hidden=not sys.stderr.isatty()) as bar:
        report = build_site(results, out, extras, lambda share: bar.update(int(share * 100) - bar.pos))
    click.echo(f"{len(report.pages)} pages: {(out / 'index.html').resolve()}")


def _reason(text: str) -> tuple[str, str]:
    from harness.errors import SpecError

    row, equals, why = text.partition("=")
    if not equals or "/" not in row or not why.strip():
        raise SpecError(f"'{text}' gives no reason", where="--reason", remedy="write BACKBONE/RECIPE=WHY")
    return row, why.strip()


site.add_command(join)
site.add_command(serve)
site.add_command(publish)
