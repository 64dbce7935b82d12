"""``codestilts retrieve``: retrieval as a tool of its own."""

from __future__ import annotations

import click

from harness.commands.lazy import Entry, LazyGroup

_HOME = "harness.commands.retrieve"
COMMANDS = {
    "bitext": Entry(f"{_HOME}.bitext", "Mine pairs from two texts."),
    "mine": Entry(f"{_HOME}.mine", "Mine pairs from saved embeddings."),
}


@click.group(cls=LazyGroup, entries=COMMANDS)
def retrieve() -> None:
    """Find translations among sentences, with no training: exact nearest neighbours and margin scores."""
