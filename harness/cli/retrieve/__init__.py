"""``codestilts retrieve``."""

from __future__ import annotations

import click

from harness.cli.lazy import Entry, LazyGroup

_HOME = "harness.cli.retrieve"
COMMANDS = {
    "bitext": Entry(f"{_HOME}.bitext", "Mine translation pairs from two texts."),
    "bucc": Entry(f"{_HOME}.bucc", "Mine BUCC 2018's corpora and score the pairs."),
    "mine": Entry(f"{_HOME}.mine", "Mine translation pairs from saved embeddings."),
    "tatoeba": Entry(f"{_HOME}.tatoeba", "Retrieve Tatoeba's translations and score them."),
}


@click.group(cls=LazyGroup, entries=COMMANDS)
def retrieve() -> None:
    """Retrieve translations without training, by exact nearest-neighbour search and margin scores."""
