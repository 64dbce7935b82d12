"""``codestilts retrieve``: retrieval as a tool of its own."""

from __future__ import annotations

import click

from harness.cli.lazy import Entry, LazyGroup

_HOME = "harness.cli.retrieve"
COMMANDS = {
    "bitext": Entry(f"{_HOME}.bitext", "Mine pairs from two texts."),
    "bucc": Entry(f"{_HOME}.bucc", "Mine BUCC 2018's corpora and score what is found."),
    "mine": Entry(f"{_HOME}.mine", "Mine pairs from saved embeddings."),
    "tatoeba": Entry(f"{_HOME}.tatoeba", "Find Tatoeba's translations and score what is found."),
}


@click.group(cls=LazyGroup, entries=COMMANDS)
def retrieve() -> None:
    """Find translations among sentences, with no training: exact nearest neighbours and margin scores."""
