"""Options shared by the retrieval commands."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import click

from harness.cli.options import default_workers

if TYPE_CHECKING:
    from harness.retrieval.pairs import MiningSettings

CommandT = TypeVar("CommandT", bound=Callable[..., Any])

_UNITS = {"": 1, "K": 10**3, "M": 10**6, "G": 10**9, "T": 10**12, "KI": 2**10, "MI": 2**20, "GI": 2**30, "TI": 2**40}

#: Names as in LASER's mine_bitexts, and those of ours.
RETRIEVAL_NAMES = {"max": "max", "intersect": "intersection", "fwd": "forward", "bwd": "backward"}


class Memory(click.ParamType[int]):
    """Bytes, as ``8GB``, ``512MiB`` or a plain number."""

    name = "size"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Return the number of bytes."""
        if isinstance(value, int):
            return value
        found = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([KMGT]?I?)B?", str(value).strip().upper())
        if found is None or found[2] not in _UNITS:
            self.fail(f"{value!r} is no size; write 8GB or 512MiB", param, ctx)
        return int(float(found[1]) * _UNITS[found[2]])


_OPTIONS = (
    click.option(
        "--margin",
        type=click.Choice(["ratio", "distance", "absolute"]),
        default="ratio",
        show_default=True,
        help="Margin score: similarity relative to the neighbours' similarities.",
    ),
    click.option(
        "--retrieval",
        type=click.Choice(list(RETRIEVAL_NAMES)),
        default="max",
        show_default=True,
        help="Pairs to keep: best of both directions, each sentence once (max); found in both (intersect); best per "
        "source sentence (fwd) or per target sentence (bwd).",
    ),
    click.option(
        "--k", type=click.IntRange(min=1), default=4, show_default=True, help="Neighbours per sentence and direction."
    ),
    click.option("--all-rows", is_flag=True, help="Write pairs of repeated lines for all rows, not only the first."),
    click.option(
        "--memory", type=Memory(), default="8GB", show_default=True, help="Memory for embeddings and their products."
    ),
    click.option("--threads", type=click.IntRange(min=1), help="Compute threads.  [default: one per core]"),
)


def mining_options(command: CommandT) -> CommandT:
    """Add the options of mining; their values go to :func:`settings`."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def settings(
    *,
    margin: str,
    retrieval: str,
    k: int,
    threshold: float | None,
    memory: int,
    threads: int | None,
    device: str = "cpu",
) -> MiningSettings:
    """Return the mining settings given by the options."""
    from harness.retrieval.margin import Margin, Retrieval
    from harness.retrieval.pairs import MiningSettings

    return MiningSettings(
        margin=Margin(margin),
        retrieval=Retrieval(RETRIEVAL_NAMES[retrieval]),
        k=k,
        threshold=threshold,
        memory=memory,
        threads=threads or default_workers(),
        device=device,
    )
