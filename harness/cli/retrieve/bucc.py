"""``codestilts retrieve bucc``."""

from __future__ import annotations

from typing import Any

import click

from harness.cli.retrieve.target import run_target, target_options


@click.command(epilog="Example: codestilts retrieve bucc --data data --backbone minilm")
@target_options
def bucc(**options: Any) -> None:
    """Mine the translation pairs of BUCC 2018 without training.

    Layer, pooling and thresholds are chosen on the sample set (XTREME's dev files). If only one of the two sets is
    present, its threshold is tuned on the scored pairs, and the result is reported as an oracle.
    """
    run_target("bucc2018", **options)
