"""``codestilts retrieve bucc``."""

from __future__ import annotations

from typing import Any

import click

from harness.cli.retrieve.target import run_target, target_options


@click.command(epilog="Example: codestilts retrieve bucc --data data --backbone minilm --languages zh")
@target_options
def bucc(**options: Any) -> None:
    """Mine the translations between BUCC 2018's comparable corpora, with no training.

    Layer, pooling and thresholds are chosen on the sample set (XTREME's dev files). Where there are only files of one
    of the two, they are scored with a threshold tuned on themselves, which is said.
    """
    run_target("bucc2018", **options)
