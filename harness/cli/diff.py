"""``codestilts diff``."""

from __future__ import annotations

from pathlib import Path

import click

from harness.cli.options import echo_json, json_option


@click.command(epilog="Example: codestilts diff mini-xlmr/none mini-xlmr/mini-mnli")
@click.argument("row_a", metavar="ROW")
@click.argument("row_b", metavar="ROW")
@click.option(
    "--results",
    type=click.Path(path_type=Path),
    default=Path("store/results/mini"),
    show_default=True,
    help="Results folder of rows without a DIR.",
)
@json_option
def diff(row_a: str, row_b: str, results: Path, as_json: bool) -> int:
    """Explain why two rows of the board differ: specs, data, code, packages, hardware.

    A ROW is BACKBONE/RECIPE, or BACKBONE/RECIPE/sSEED for one seed. DIR:BACKBONE/RECIPE is a row of another results
    folder.
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
