"""``codestilts images``: the images that stages run in."""

from __future__ import annotations

import click

from harness.commands.lazy import Entry, LazyGroup

_HOME = "harness.commands.images"
COMMANDS = {
    "build": Entry(f"{_HOME}.build", "Build the images that the lock names."),
    "check": Entry(f"{_HOME}.check", "Say whether the engine's images are the locked ones."),
    "lock": Entry(f"{_HOME}.lock", "Write images.lock.yaml."),
}


@click.group(cls=LazyGroup, entries=COMMANDS)
def images() -> None:
    """Build, check and publish the images that stages run in."""
