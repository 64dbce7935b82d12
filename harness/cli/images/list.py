"""``codestilts images list``."""

from __future__ import annotations

from pathlib import Path

import click

from harness.cli.images.options import lock_option
from harness.cli.options import echo_json, json_option


@click.command("list", epilog="Example: codestilts images list --json")
@lock_option
@json_option
def list_images(lock: Path | None, as_json: bool) -> None:
    """List the engine's codestilts images: locked, older, and left by failed builds."""
    import datetime as dt
    from dataclasses import asdict

    from harness.runners.images import engine, lockfile
    from harness.runners.images.shelf import ours

    shelf = ours(engine.connect(), lockfile.read_lock(lock))
    if as_json:
        echo_json([asdict(image) for image in shelf])
        return
    for image in shelf:
        day = dt.datetime.fromtimestamp(image.created, dt.UTC).date()
        state = "locked" if image.locked else "old" if image.names else "left"
        name = image.names[0] if image.names else image.target
        click.echo(f"{state:<6}  {name:<40}  {image.id[7:19]}  {image.size / 1e6:6.0f} MB  {day}")
