"""Options that the commands of retrieval share."""

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
        """Bytes."""
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
        help="How a similarity is set against those of the neighbours.",
    ),
    click.option(
        "--retrieval",
        type=click.Choice(list(RETRIEVAL_NAMES)),
        default="max",
        show_default=True,
        help="Which pairs are kept: the best of both directions, each sentence once (max); found in both (intersect); "
        "each source's best (fwd); each target's best (bwd).",
    ),
    click.option("--k", type=click.IntRange(min=1), default=4, show_default=True, help="Neighbours in each direction."),
    click.option(
        "--all-rows", is_flag=True, help="A pair of repeated lines at all their rows, not just the first of each."
    ),
    click.option(
        "--memory", type=Memory(), default="8GB", show_default=True, help="For embeddings and their products."
    ),
    click.option("--threads", type=click.IntRange(min=1), help="Compute threads.  [default: one a core]"),
)


def mining_options(command: CommandT) -> CommandT:
    """How pairs are scored, kept and written, and with what; its arguments go to :func:`settings`."""
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
    """What the options say."""
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
