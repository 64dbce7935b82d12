"""What ``--backbone NAME|DIR`` means."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from harness.runners.base import RunnerName


def checkpoint_of(
    backbone: str, store: Path, aside: Path, *, allowed: tuple[str, ...] = (), runner: RunnerName = "local"
) -> Path:
    """The checkpoint of a backbone's name, or of a folder.

    Args:
        backbone: a name, or a folder.
        store: where the checkpoint of a name is kept.
        aside: a new folder, where a published model's folder is converted.
        allowed: what a person has allowed by name, of what a backbone needs.
        runner: where the stages run that make the checkpoint of a name.

    Raises:
        UserError: it is neither, or a folder that brings code of its own.
    """
    from harness.cli.display import make_display
    from harness.cli.options import default_workers
    from harness.run.checkpoints import folder_checkpoint, named_checkpoint, readable_checkpoint

    workers = default_workers()
    display = make_display(workers)
    if not Path(backbone).is_dir():
        return named_checkpoint(backbone, store, workers, display, allowed, runner=runner)
    checkpoint = folder_checkpoint(Path(backbone), aside / "converted", display)
    return checkpoint if runner == "local" else readable_checkpoint(checkpoint, aside / "readable")


def packages_of(backbone: str) -> str:
    """What the own packages of a backbone are called (``BackboneSpec.packages``); of a folder none are known."""
    from harness.specs.catalog import Catalog

    return "" if Path(backbone).is_dir() else Catalog().backbone(backbone).packages
