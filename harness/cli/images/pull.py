"""``codestilts images pull``."""

from __future__ import annotations

from pathlib import Path

import click

from harness.cli.images.options import chosen, lock_option, targets_argument
from harness.cli.options import echo_json, json_option


@click.command(epilog="Example: codestilts images pull")
@targets_argument
@lock_option
@json_option
def pull(targets: tuple[str, ...], lock: Path | None, as_json: bool) -> None:
    """Pull images by their locked digests, and check them."""
    from dataclasses import asdict

    from harness import progress
    from harness.runners.images import engine, lockfile, registry

    locked = lockfile.read_lock(lock)
    client = engine.connect()
    pulled = []
    for target in chosen(targets, locked):
        with progress.progress(f"images pull {target}") as say:
            pulled.append(registry.pull(client, locked, target, say))
        if not as_json:
            click.echo(f"{pulled[-1].reference}  {pulled[-1].id[7:19]}")
    if as_json:
        echo_json([asdict(entry) for entry in pulled])
