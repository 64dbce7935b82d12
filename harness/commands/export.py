"""``codestilts export``."""

from __future__ import annotations

from pathlib import Path

import click

from harness.commands.exporting import csv, eee, latex, model_index
from harness.commands.options import echo_json, json_option, store_option


@click.group()
def export() -> None:
    """Write results in the forms of others."""


@export.command(
    epilog="Example: codestilts export xtreme --suite paper --backbone xlm-roberta-large --recipe none --out mine"
)
@click.option("--suite", required=True, help="Whose results in the store.")
@click.option("--backbone", required=True, help="Of the row.")
@click.option("--recipe", required=True, help="Of the row.")
@click.option("--seed", type=int, default=1, show_default=True, help="Of the row.")
@store_option
@click.option("--partial", is_flag=True, help="Write what there is, though it is no whole submission.")
@json_option
@click.option("--out", type=click.Path(path_type=Path), required=True, help="A new folder.")
def xtreme(
    suite: str, backbone: str, recipe: str, seed: int, store: Path, partial: bool, as_json: bool, out: Path
) -> None:
    """Write one row's predictions as a submission that XTREME's evaluate.py reads."""
    from harness.store.artifacts import Store
    from harness.xtreme.export import export_row

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
