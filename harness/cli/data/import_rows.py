"""``codestilts data import``."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from harness.cli.options import data_option, echo_json, json_option
from harness.errors import first_of

if TYPE_CHECKING:
    from harness.data.importing.run import Imported, SplitFound

_SHOWN = 12


@click.command(name="import", epilog="Example: codestilts data import ~/Downloads --data data --dry-run")
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@data_option
@click.option("--link", is_flag=True, help="Make hard links instead of copies, if possible.")
@click.option("--dry-run", is_flag=True, help="Report the actions; write nothing.")
@json_option
def import_(folder: Path, data: Path | None, *, link: bool, dry_run: bool, as_json: bool) -> int:
    """Import data sets that you already have into --data.

    DIR is a folder, an archive or a file: published releases (packed or not), XTREME's download folder, or tables of
    the hub at the pinned commits. Files are recognised by name and content, and copied; existing files below --data are
    never overwritten. Exit code 2 if a recognised file could not be imported.
    """
    from harness.data.importing.run import import_folder
    from harness.data.release import data_folder
    from harness.progress import progress
    from tasks.errors import DataError

    into = data_folder(data)
    if into is None:
        raise DataError("rows need a folder to be put into", remedy="give one with --data TO")
    with progress("data import") as report:
        found = import_folder(folder, into, report, link=link, dry_run=dry_run)
    if as_json:
        echo_json(asdict(found) | {"complete": found.complete})
    else:
        _show(found)
    for sentence in found.refused:
        click.echo(f"codestilts: {sentence}", err=True)
    if not found.files and found.complete:
        raise DataError(
            "nothing that a task reads was recognised", where=str(folder), remedy="docs/data.md lists what is known"
        )
    return 0 if found.complete else 2


def _show(found: Imported) -> None:
    for split in found.splits:
        if split.sources:
            click.echo(_line(split))
    none = [split for split in found.splits if not split.languages and not split.suites]
    partly = [split for split in found.splits if split.languages and split.missing]
    for split in partly:
        click.echo(f"missing: {split.title}, {split.split}: {len(split.missing)} languages: {', '.join(split.missing)}")
    lacking: dict[str, list[str]] = {}
    for split in none:
        lacking.setdefault(split.title, []).append(split.split)
    if lacking:
        click.echo(f"missing: {'; '.join(f'{title} ({_listed(names)})' for title, names in lacking.items())}")
    for title, names in found.unlabelled.items():
        click.echo(f"not taken: {title}: {first_of(names)}, without the answers, which XTREME's scripts take out")
    for name in found.unknown[:_SHOWN]:
        click.echo(f"not recognised: {name}")
    if len(found.unknown) > _SHOWN:
        click.echo(f"not recognised: {len(found.unknown) - _SHOWN} more (--json lists all)")
    counts = Counter(one.state for one in found.files)
    would = "would be " if found.dry_run else ""
    words = {"there": "there already", "differs": "differ from what is there"}
    told = ", ".join(f"{count} {words.get(state, would + state)}" for state, count in sorted(counts.items()))
    click.echo(f"{len(found.files)} files recognised: {told}." if told else "No files recognised.")
    if found.files and not found.dry_run:
        click.echo(f"Next: codestilts data check --data {found.into}")


def _line(split: SplitFound) -> str:
    several = len(split.languages) > 1
    languages = f"{len(split.languages)} languages" if several else "".join(split.languages) or "not whole"
    rows = f", {sum(split.rows.values()):,} rows" if split.rows else ""
    suite = f" (suite {', '.join(split.suites)})" if split.suites else ""
    lacks = f"; lacks {', '.join(split.lacking)}" if split.lacking else ""
    return f"{split.title}, {split.split}{suite}: {languages}{rows}, from {'; '.join(split.sources)}{lacks}"


def _listed(names: list[str]) -> str:
    return ", ".join(names)
