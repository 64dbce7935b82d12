"""``codestilts export``."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal

import click

from harness.cli.options import accepted_option, board_folders, echo_json, json_option, results_option, store_option

_PATH = click.Path(path_type=Path)
_miniature_option = click.option("--allow-miniature", is_flag=True, help="Export a miniature suite (generated data).")


def _tables(form: Literal["csv", "latex"], words: str) -> click.Command:
    """Return the command that exports tables in one format."""

    @click.command(
        name=form,
        help=f"Export the tables of a board as {words}.\n\n"
        "The files equal those linked from the pages. Without --out, one --table goes to standard output.",
        epilog=f"Example: codestilts export {form} --results store/results/core --out tables",
    )
    @results_option
    @accepted_option
    @click.option("--table", "names", multiple=True, help="A table; may be repeated.  [default: all]")
    @click.option("--out", type=_PATH, help="Folder for the files.")
    @json_option
    def command(
        results: tuple[Path, ...], accepted: Path | None, names: tuple[str, ...], out: Path | None, as_json: bool
    ) -> None:
        from harness.results.board import board
        from harness.results.export.tables import write_tables

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


@click.command(epilog="Example: codestilts export eee --organization 'Our lab' --out pool")
@results_option
@accepted_option
@click.option("--backbone", "backbones", multiple=True, help="A backbone; may be repeated.  [default: all]")
@click.option("--recipe", "recipes", multiple=True, help="A recipe; may be repeated.  [default: all]")
@click.option("--organization", required=True, help="Organisation that ran the evaluation.")
@click.option(
    "--relationship",
    type=click.Choice(["first_party", "third_party", "collaborative", "other"]),
    default="third_party",
    show_default=True,
    help="Relationship of the organisation to the makers of the backbones.",
)
@click.option("--url", help="URL of the board.")
@click.option(
    "--timestamp", type=click.IntRange(min=0), help="Seconds since 1970.  [default: SOURCE_DATE_EPOCH, or now]"
)
@_miniature_option
@click.option("--out", type=_PATH, required=True, help="Folder for data/COLLECTION/DEVELOPER/MODEL.")
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
    """Export rows as Every Eval Ever records (schema 0.3.0)."""
    from harness.results.board import board
    from harness.results.export.eee import Source, records
    from harness.results.export.interop import require_public
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
    epilog="Example: codestilts export model-index --backbone minilm --recipe none",
)
@results_option
@accepted_option
@click.option("--backbone", required=True, help="Backbone of the row.")
@click.option("--recipe", required=True, help="Recipe of the row.")
@click.option("--name", help="Name of the model on the hub.  [default: BACKBONE-RECIPE]")
@click.option("--url", help="URL of the board.")
@_miniature_option
@click.option("--out", type=_PATH, help="Output file.  [default: standard output]")
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
    """Export a row as the model-index block of a model card."""
    from harness.results.board import board
    from harness.results.export.interop import require_public
    from harness.results.export.model_index import as_yaml
    from harness.results.export.model_index import model_index as block_of
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


@click.group()
def export() -> None:
    """Export results: CSV, LaTeX, Every Eval Ever, model cards, XTREME."""


@export.command(
    epilog="\b\nExample:\n"
    "  codestilts export xtreme --suite paper --backbone codebert-base \\\n"
    "    --recipe none --out submission"
)
@click.option("--suite", required=True, help="Suite whose results in the store are used.")
@click.option("--backbone", required=True, help="Backbone of the row.")
@click.option("--recipe", required=True, help="Recipe of the row.")
@click.option("--seed", type=int, default=1, show_default=True, help="Seed of the row.")
@store_option
@click.option("--partial", is_flag=True, help="Write an incomplete submission.")
@json_option
@click.option("--out", type=click.Path(path_type=Path), required=True, help="A new folder.")
def xtreme(
    suite: str, backbone: str, recipe: str, seed: int, store: Path, partial: bool, as_json: bool, out: Path
) -> None:
    """Export a row's predictions as a submission to XTREME."""
    from harness.results.xtreme.export import export_row
    from harness.store.artifacts import Store

    done = export_row(
        store / "results" / suite,
        Store(store),
        out,
        backbone=backbone,
        recipe=recipe,
        seed=seed,
        partial=partial,
    )
    for name, reason in done.left_out.items():
        click.echo(f"codestilts: {name}: {reason}.", err=True)
    if as_json:
        languages = {name: list(found) for name, found in done.languages.items()}
        echo_json({"out": str(out), "languages": languages, "left_out": done.left_out})
    else:
        files = sum(map(len, done.languages.values()))
        click.echo(f"{files} files of {len(done.languages)} tasks: {out}")


export.add_command(csv)
export.add_command(latex)
export.add_command(eee)
export.add_command(model_index)
