"""``codestilts images check``."""

from __future__ import annotations

from pathlib import Path

import click

from harness.cli.images.options import chosen, lock_option, targets_argument
from harness.cli.options import echo_json, json_option


@click.command(epilog="Example: codestilts images check")
@targets_argument
@lock_option
@json_option
def check(targets: tuple[str, ...], lock: Path | None, as_json: bool) -> int:
    """Check the engine's images against the lock; exit code 1 if any differs."""
    from dataclasses import asdict

    from harness.runners.images import engine, lockfile
    from harness.runners.images.found import FoundImage, look

    locked = lockfile.read_lock(lock)
    images = chosen(targets, locked)  # a name that is wrong is said without an engine
    client = engine.connect()
    found = [look(client, locked, image) for image in images]
    if as_json:
        echo_json([asdict(entry) | {"ok": isinstance(entry, FoundImage)} for entry in found])
    else:
        width = max(len(entry.target) for entry in found)
        for entry in found:
            if isinstance(entry, FoundImage):
                click.echo(f"ok       {entry.target:<{width}}  {entry.reference}  {entry.id}")
            else:
                click.echo(f"wrong    {entry.target:<{width}}  {entry.what}\n{'':<{width + 11}}-> {entry.remedy}")
    return 0 if all(isinstance(entry, FoundImage) for entry in found) else 1
