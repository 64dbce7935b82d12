"""``codestilts data fetch``."""

from __future__ import annotations

from pathlib import Path

import click

from harness.cli.options import data_option, echo_json, json_option


@click.command(epilog="Example: codestilts data fetch xnli --data data")
@click.argument("name", metavar="SUITE|TASK|CORPUS")
@data_option
@click.option("--dry-run", is_flag=True, help="Report the sizes; fetch nothing.")
@json_option
def fetch(name: str, data: Path | None, dry_run: bool, as_json: bool) -> None:
    """Fetch missing data sets of a suite, task or corpus from the hub.

    Tables are Parquet files at a pinned commit, checked against the hub's digests. An interrupted download is resumed.
    HF_ENDPOINT selects another hub, HF_TOKEN an account. No other command downloads data sets.
    """
    from harness.data.fetch import fetch as fetch_tables
    from harness.data.fetch import order
    from harness.data.hub.download import megabytes
    from harness.data.release import data_folder
    from harness.data.tables import needs
    from harness.progress import progress
    from tasks.errors import DataError

    folder = data_folder(data)
    if folder is None:
        raise DataError("rows need a folder to be fetched to", remedy="give one with --data DIR")
    needed = needs(name, folder)
    if needed.nowhere and not needed.tables and not needed.here:
        raise DataError("nothing can be fetched", where=name, remedy="; ".join(needed.nowhere))
    for sentence in needed.nowhere:
        click.echo(f"Cannot be fetched: {sentence}", err=True)
    for sentence in needed.differing:
        click.echo(f"Note: {sentence}", err=True)
    with progress("data fetch") as report:
        asked = order(needed.tables, report)
        repositories = len({table.id for table in asked.tables})
        click.echo(
            f"{len(asked.tables)} tables of {repositories} data sets to fetch, {megabytes(asked.size)}; "
            f"{needed.here} splits are there.",
            err=True,
        )
        count = 0 if dry_run else fetch_tables(asked, folder, report)
    if as_json:
        tables = [
            {
                "id": table.id,
                "revision": table.revision,
                "config": table.config,
                "split": table.split,
                "folder": table.folder,
                "bytes": sum(file.size for file in files),
            }
            for table, (_, files) in asked.tables.items()
        ]
        echo_json({"tables": tables, "bytes": asked.size, "fetched": not dry_run, "nowhere": list(needed.nowhere)})
    elif not dry_run and count:
        click.echo(f"{count} files fetched to {folder / 'hub'}.")
