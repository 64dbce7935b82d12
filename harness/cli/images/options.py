"""Options and arguments shared by the image commands."""

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
    help="Lock of images.  [default: CODESTILTS_IMAGES_LOCK, or images/images.lock.yaml]",
)
targets_argument = click.argument("targets", nargs=-1, metavar="[IMAGE]...")


def chosen(names: Sequence[str], lock: ImagesLock) -> list[str]:
    """Return the named images, or all images of phases and of single backbones.

    Raises:
        UnknownNameError: an image is unknown.
    """
    from harness.errors import UnknownNameError
    from harness.runners.images.targets import Target

    known = list(dict.fromkeys((*(target.value for target in Target), *lock.images)))
    for name in names:
        if name not in known:
            raise UnknownNameError("image", name, known)
    return list(names) or known
