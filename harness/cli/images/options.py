"""Options and arguments that the commands on images share."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from harness.runners.images.lockfile import ImagesLock

lock_option = click.option(
    "--lock",
    type=click.Path(path_type=Path),
    help="The lock (default: images/images.lock.yaml, or CODESTILTS_IMAGES_LOCK).",
)
targets_argument = click.argument("targets", nargs=-1, metavar="[IMAGE]...")


def chosen(names: Sequence[str], lock: ImagesLock) -> list[str]:
    """The images that were named, or all: the phases' own, and those that the lock has for single backbones.

    Raises:
        UnknownNameError: one is not known.
    """
    from harness.errors import UnknownNameError
    from harness.runners.images.targets import Target

    known = list(dict.fromkeys((*(target.value for target in Target), *lock.images)))
    for name in names:
        if name not in known:
            raise UnknownNameError("image", name, known)
    return list(names) or known
