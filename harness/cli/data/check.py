"""``codestilts data check``."""

from __future__ import annotations

from pathlib import Path

import click

from harness.cli.options import data_option, echo_json, json_option


@click.command(epilog="Example: codestilts data check squad_v1 xquad --data data")
@click.argument("names", metavar="[SUITE|TASK]...", nargs=-1)
@data_option
@click.option("--partial", is_flag=True, help="Accept samples: fewer rows than published are no failure.")
@click.option("--format", "form", type=click.Choice(["text", "markdown"]), default="text", show_default=True)
@json_option
def check(names: tuple[str, ...], data: Path | None, *, partial: bool, form: str, as_json: bool) -> int:
    """Check the data sets below --data.

    Checks the named tasks, all that a SUITE reads, or all eighteen tasks. Every source is read and compared with the
    published row counts; labels, repeated rows and repairs are counted; two sources of a split must give the same rows;
    overlap with scored splits is reported. Exit code 1 if a check fails.
    """
    from harness.data.checking.check import check as run
    from harness.data.checking.scope import scope
    from harness.data.checking.show import as_markdown, as_text
    from harness.data.release import data_folder, existing_folder
    from harness.progress import progress

    asked = scope(names, data_folder(data))
    folder = existing_folder(data)
    with progress("data check") as report:
        found = run(asked, folder, report, partial=partial)
    if as_json:
        echo_json(found.to_json())
    else:
        for line in (as_markdown if form == "markdown" else as_text)(found):
            click.echo(line)
        if form == "markdown":
            for sentence in found.failures:
                click.echo(f"Does not hold: {sentence}", err=True)
    return 1 if found.failures else 0
