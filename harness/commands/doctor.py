"""``codestilts doctor``."""

from __future__ import annotations

from pathlib import Path

import click

from harness.commands.options import data_option, echo_json, json_option, store_option


@click.command(epilog="Example: codestilts doctor --json")
@store_option
@data_option
@click.option("--network", is_flag=True, help="Also ask the package index.")
@json_option
def doctor(store: Path, data: Path | None, network: bool, as_json: bool) -> None:
    """Say what this machine has: ok, or missing with the remedy. Nothing is changed."""
    from harness.doctor import examine, render, to_json

    findings = examine(data, store, network=network)
    if as_json:
        echo_json(to_json(findings))
    else:
        click.echo(render(findings))
