"""Options and arguments that the commands on images share."""

from __future__ import annotations

from pathlib import Path

import click

NAMES = ("fetch", "train", "retrieve", "report")

lock_option = click.option(
    "--lock",
    type=click.Path(path_type=Path),
    help="The lock (default: images/images.lock.yaml, or CODESTILTS_IMAGES_LOCK).",
)
targets_argument = click.argument("targets", nargs=-1, type=click.Choice(NAMES), metavar="[IMAGE]...")
