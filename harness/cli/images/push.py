"""``codestilts images push``."""

from __future__ import annotations

from pathlib import Path

import click

from harness.cli.images.options import chosen, lock_option, targets_argument
from harness.cli.options import echo_json, json_option


@click.command(epilog="Example: codestilts images push registry.example.org/team")
@click.argument("registry")
@targets_argument
@lock_option
@json_option
def push(registry: str, targets: tuple[str, ...], lock: Path | None, as_json: bool) -> None:
    """Push images to a registry, for other hosts to pull by digest.

    Afterwards, `codestilts images lock --published REGISTRY` pins the digests. Credentials come from `docker login`.
    """
    from dataclasses import asdict

    from harness import progress
    from harness.runners.images import engine, lockfile
    from harness.runners.images import registry as registries
    from harness.runners.images.found import images_for

    client = engine.connect()
    locked = lockfile.read_lock(lock)
    found = images_for(client, locked, chosen(targets, locked))
    pushed = []
    for image in found.values():
        with progress.progress(f"images push {image.target}") as say:
            pushed.append(registries.push(client, image, registry, say))
        if not as_json:
            click.echo(pushed[-1].reference)
    if as_json:
        echo_json([asdict(entry) for entry in pushed])
