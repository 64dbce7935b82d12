"""``codestilts diff``."""

from __future__ import annotations

from pathlib import Path

import click

from harness.cli.options import echo_json, json_option


@click.command(epilog="Example: codestilts diff minilm/none minilm+code/none --results store/results/real-small")
@click.argument("row_a", metavar="ROW")
@click.argument("row_b", metavar="ROW")
@click.option(
    "--results",
    type=click.Path(path_type=Path),
    default=Path("store/results/mini"),
    show_default=True,
    help="Results folder both rows are in; a ROW may also be DIR:BACKBONE/RECIPE.",
)
@json_option
def diff(row_a: str, row_b: str, results: Path, as_json: bool) -> int:
    """Say why two rows of the board differ: specs, data, code versions, packages, hardware.

    A ROW is BACKBONE/RECIPE, with /sSEED behind it for one seed.
    """
    from harness.results.diff import compare_rows

    found = compare_rows(row_a, row_b, results)
    if as_json:
        echo_json(found)
        return 0
    for target, places in found.items():
        click.echo(f"{target}:" if places else f"{target}: nothing differs")
        for place in places:
            click.echo(f"  {place}")
    return 0
