"""``codestilts data``."""

from __future__ import annotations

import click

from harness.cli.data.check import check
from harness.cli.data.fetch import fetch
from harness.cli.data.import_rows import import_


@click.group()
def data() -> None:
    """Fetch, import and check data sets."""


data.add_command(fetch)
data.add_command(import_)
data.add_command(check)
