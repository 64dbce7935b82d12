"""``codestilts images``."""

from __future__ import annotations

import click

from harness.cli.lazy import Entry, LazyGroup

_HOME = "harness.cli.images"
COMMANDS = {
    "build": Entry(f"{_HOME}.build", "Build the locked images."),
    "check": Entry(f"{_HOME}.check", "Check the engine's images against the lock."),
    "clean": Entry(f"{_HOME}.clean", "Remove codestilts images that the lock does not name."),
    "list": Entry(f"{_HOME}.list", "List the engine's codestilts images.", "list_images"),
    "lock": Entry(f"{_HOME}.lock", "Update images.lock.yaml."),
    "pull": Entry(f"{_HOME}.pull", "Pull the locked images from a registry."),
    "push": Entry(f"{_HOME}.push", "Push the images to a registry."),
    "wheelhouse": Entry(f"{_HOME}.wheelhouse", "Download wheels to build images without a network."),
}


@click.group(cls=LazyGroup, entries=COMMANDS)
def images() -> None:
    """Build, check and publish the container images."""
