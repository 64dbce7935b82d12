"""Options that the commands of retrieval share."""

from __future__ import annotations

import re
from typing import Any

import click

_UNITS = {"": 1, "K": 10**3, "M": 10**6, "G": 10**9, "T": 10**12, "KI": 2**10, "MI": 2**20, "GI": 2**30, "TI": 2**40}

#: Names as in LASER's mine_bitexts, and those of ours.
RETRIEVAL_NAMES = {"max": "max", "intersect": "intersection", "fwd": "forward", "bwd": "backward"}


class Memory(click.ParamType[int]):
    """Bytes, as ``8GB``, ``512MiB`` or a plain number."""

    name = "size"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Bytes."""
        if isinstance(value, int):
            return value
        found = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([KMGT]?I?)B?", str(value).strip().upper())
        if found is None or found[2] not in _UNITS:
            self.fail(f"{value!r} is no size; write 8GB or 512MiB", param, ctx)
        return int(float(found[1]) * _UNITS[found[2]])


margin_option = click.option(
    "--margin",
    type=click.Choice(["ratio", "distance", "absolute"]),
    default="ratio",
    show_default=True,
    help="How a similarity is set against those of the neighbours.",
)
retrieval_option = click.option(
    "--retrieval",
    type=click.Choice(list(RETRIEVAL_NAMES)),
    default="max",
    show_default=True,
    help="Which pairs are kept: the best of both directions, each sentence once (max); found in both (intersect); "
    "each source's best (fwd); each target's best (bwd).",
)
k_option = click.option(
    "--k", type=click.IntRange(min=1), default=4, show_default=True, help="Neighbours in each direction."
)
memory_option = click.option(
    "--memory", type=Memory(), default="8GB", show_default=True, help="For embeddings and their products."
)
threads_option = click.option("--threads", type=click.IntRange(min=1), help="Compute threads.  [default: one a core]")
all_rows_option = click.option(
    "--all-rows", is_flag=True, help="A pair of repeated lines at all their rows, not just the first of each."
)
