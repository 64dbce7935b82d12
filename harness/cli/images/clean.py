"""``codestilts images clean``."""

from __future__ import annotations

from pathlib import Path

import click

from harness.cli.images.options import lock_option
from harness.cli.options import echo_json, json_option


@click.command(epilog="Example: codestilts images clean --dry-run")
@lock_option
@click.option("--all", "everything", is_flag=True, help="Also remove the locked images.")
@click.option("--dry-run", is_flag=True, help="Report the images; remove nothing.")
@json_option
def clean(lock: Path | None, everything: bool, dry_run: bool, as_json: bool) -> None:
    """Remove codestilts images that the lock does not name, and failed builds.

    Images of other checkouts on this machine are removed, too; they must then be rebuilt there. Images of other
    programs are never touched.
    """
    from dataclasses import asdict

    from harness.runners.images import engine, lockfile, shelf

    gone = shelf.clean(engine.connect(), lockfile.read_lock(lock), everything=everything, dry_run=dry_run)
    if as_json:
        echo_json([asdict(entry) for entry in gone])
        return
    for entry in gone:
        what = f"kept ({entry.kept})" if entry.kept else "would remove" if dry_run else "removed"
        click.echo(f"{what}  {', '.join(entry.image.names) or entry.image.target}  {entry.image.id[7:19]}")
    click.echo(f"{sum(not entry.kept for entry in gone)} images{' would go' if dry_run else ' removed'}.")
