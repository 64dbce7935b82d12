"""``codestilts images``: the images that stages run in."""

from __future__ import annotations

import click

from harness.cli.lazy import Entry, LazyGroup

_HOME = "harness.cli.images"
COMMANDS = {
    "build": Entry(f"{_HOME}.build", "Build the images that the lock names."),
    "check": Entry(f"{_HOME}.check", "Say whether the engine's images are the locked ones."),
    "clean": Entry(f"{_HOME}.clean", "Remove our own images that the lock does not name."),
    "list": Entry(f"{_HOME}.list", "List our own images on the engine.", "list_images"),
    "lock": Entry(f"{_HOME}.lock", "Write images.lock.yaml."),
    "pull": Entry(f"{_HOME}.pull", "Pull the images that the lock pins in a registry."),
    "push": Entry(f"{_HOME}.push", "Push the images to a registry."),
    "wheelhouse": Entry(f"{_HOME}.wheelhouse", "Fill a folder with what images are built from without network."),
}


@click.group(cls=LazyGroup, entries=COMMANDS)
def images() -> None:
    """Build, check and publish the images that stages run in."""
