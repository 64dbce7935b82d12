"""``codestilts retrieve tatoeba``."""

from __future__ import annotations

from typing import Any

import click

from harness.cli.retrieve.target import run_target, target_options


@click.command(epilog="Example: codestilts retrieve tatoeba --data data --backbone minilm")
@target_options
def tatoeba(**options: Any) -> None:
    """Retrieve Tatoeba's translations by nearest neighbour, without training.

    Layer and pooling are chosen on the languages that XTREME does not score. The main score is XTREME's: queries in
    English, the first of equal neighbours. Ties as errors, the other direction and fixed layers are also reported.
    """
    run_target("tatoeba", **options)
