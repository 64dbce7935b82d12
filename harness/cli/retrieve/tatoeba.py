"""``codestilts retrieve tatoeba``."""

from __future__ import annotations

from typing import Any

import click

from harness.cli.retrieve.target import run_target, target_options


@click.command(epilog="Example: codestilts retrieve tatoeba --data data --backbone minilm")
@target_options
def tatoeba(**options: Any) -> None:
    """Find the translation of every Tatoeba sentence by its nearest neighbour, with no training.

    The hidden state that is read, and how its pieces are pooled, is chosen on the languages that XTREME does not score.
    The headline is XTREME's: from English, the first of equal neighbours. Beside it: ties as errors, the other
    direction, and the readings that nothing was chosen for.
    """
    run_target("tatoeba", **options)
