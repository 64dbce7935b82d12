"""``codestilts export csv|latex|eee|model-index``: results in the forms of others."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal

import click

from harness.commands.options import accepted_option, board_folders, echo_json, json_option, results_option

_PATH = click.Path(path_type=Path)
_miniature_option = click.option(
    "--allow-miniature", is_flag=True, help="Though data are generated and backbones tiny."
)


def _tables(form: Literal["csv", "latex"], words: str) -> click.Command:
    """The command for one form of tables."""

    @click.command(
        name=form,
        help=f"Write the tables of a board as {words}: the files that lie beside each table of its pages.\n\n"
        "Without --out, one --table goes to standard output.",
        epilog=f"Example: codestilts export {form} --results store/results/core --out tables",
    )
    @results_option
    @accepted_option
    @click.option("--table", "names", multiple=True, help="Only this one; may be given several times.  [default: all]")
    @click.option("--out", type=_PATH, help="Folder for the files.")
    @json_option
    def command(
        results: tuple[Path, ...], accepted: Path | None, names: tuple[str, ...], out: Path | None, as_json: bool
    ) -> None:
        from harness.publish.board import board
        from harness.publish.tables import write_tables

        if out is None and len(names) != 1:
            raise click.UsageError("name a folder with --out, or one table with --table.")
        with board(board_folders(results, accepted), accepted) as found, TemporaryDirectory() as scratch:
            written = write_tables(found, form, names, out or Path(scratch))
            if out is None:
                click.echo(written[0].read_text(encoding="utf-8"), nl=False)
            elif as_json:
                echo_json([str(path) for path in written])
            else:
                click.echo(f"{len(written)} tables: {out}")

    return command


csv = _tables("csv", "CSV")
latex = _tables("latex", "LaTeX (booktabs)")


@click.command(epilog="Example: codestilts export eee --results store/results/core --organization 'Our lab' --out pool")
@results_option
@accepted_option
@click.option("--backbone", "backbones", multiple=True, help="Only this one; may be given several times.")
@click.option("--recipe", "recipes", multiple=True, help="Only this one; may be given several times.")
@click.option("--organization", required=True, help="Who ran the evaluation.")
@click.option(
    "--relationship",
    type=click.Choice(["first_party", "third_party", "collaborative", "other"]),
    default="third_party",
    show_default=True,
    help="Of who ran it to the makers of the backbones.",
)
@click.option("--url", help="Of the board.")
@click.option(
    "--timestamp", type=click.IntRange(min=0), help="Seconds since 1970.  [default: SOURCE_DATE_EPOCH, or now]"
)
@_miniature_option
@click.option(
    "--out", type=_PATH, required=True, help="Folder; records go to data/COLLECTION/DEVELOPER/MODEL below it."
)
@json_option
def eee(
    results: tuple[Path, ...],
    accepted: Path | None,
    backbones: tuple[str, ...],
    recipes: tuple[str, ...],
    organization: str,
    relationship: str,
    url: str | None,
    timestamp: int | None,
    allow_miniature: bool,
    out: Path,
    as_json: bool,
) -> None:
    """Write rows as records of Every Eval Ever (schema 0.3.0), one file a row."""
    from harness.publish.board import board
    from harness.publish.eee import Source, records
    from harness.publish.interop import require_public
    from leaderboard.read import read_results
    from leaderboard.statistics import read_statistics

    source = Source(
        organization=organization,
        relationship=relationship,  # type: ignore[arg-type] # the option's choices are its values
        timestamp=timestamp if timestamp is not None else _now(),
        url=url,
    )
    with board(board_folders(results, accepted), accepted) as found:
        folder = read_results(found)
        require_public(folder, allow_miniature=allow_miniature)
        made = list(records(folder, read_statistics(found), source, backbones=backbones, recipes=recipes))
    for path, record in made:
        (out / path).parent.mkdir(parents=True, exist_ok=True)
        text = json.dumps(record, indent=2, ensure_ascii=False) + "\n"
        (out / path).write_text(text, encoding="utf-8", newline="\n")
    if as_json:
        echo_json([str(out / path) for path, _ in made])
    else:
        click.echo(f"{len(made)} records: {out / 'data'}")


@click.command(
    name="model-index",
    epilog="Example: codestilts export model-index --backbone codebert --recipe none --name me/codebert",
)
@results_option
@accepted_option
@click.option("--backbone", required=True, help="Of the row.")
@click.option("--recipe", required=True, help="Of the row.")
@click.option("--name", help="Of the model on the hub.  [default: BACKBONE-RECIPE]")
@click.option("--url", help="Of the board.")
@_miniature_option
@click.option("--out", type=_PATH, help="File.  [default: standard output]")
@json_option
def model_index(
    results: tuple[Path, ...],
    accepted: Path | None,
    backbone: str,
    recipe: str,
    name: str | None,
    url: str | None,
    allow_miniature: bool,
    out: Path | None,
    as_json: bool,
) -> None:
    """Write a row as the model-index of a model card, for its YAML front matter."""
    from harness.publish.board import board
    from harness.publish.interop import require_public
    from harness.publish.model_index import as_yaml
    from harness.publish.model_index import model_index as block_of
    from leaderboard.read import read_results

    with board(board_folders(results, accepted), accepted) as found:
        folder = read_results(found)
        require_public(folder, allow_miniature=allow_miniature)
        block = block_of(folder, backbone, recipe, name=name or f"{backbone}-{recipe}", url=url)
    if out is not None:
        out.write_text(as_yaml(block), encoding="utf-8", newline="\n")
        click.echo(str(out))
    elif as_json:
        echo_json(block)
    else:
        click.echo(as_yaml(block), nl=False)


def _now() -> int:
    given = os.environ.get("SOURCE_DATE_EPOCH", "")
    return int(given) if given.isdecimal() else int(time.time())
