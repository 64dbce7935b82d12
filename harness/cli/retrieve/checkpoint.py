"""The checkpoint named by ``--backbone NAME|DIR``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from harness.runners.base import RunnerName


def checkpoint_of(
    backbone: str, store: Path, aside: Path, *, allowed: tuple[str, ...] = (), runner: RunnerName = "local"
) -> Path:
    """Return the checkpoint of a named backbone, or of a folder.

    Args:
        backbone: a backbone's name, or a folder.
        store: store that keeps the checkpoint of a named backbone.
        aside: a new folder to convert a published model into.
        allowed: values given with ``--allow``.
        runner: runner of the stages that make a named backbone's checkpoint.

    Raises:
        UserError: ``backbone`` is neither a name nor a folder, or the folder needs Python code of its own.
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
    """Return ``BackboneSpec.packages`` of a named backbone, and the empty string for a folder."""
    from harness.specs.catalog import Catalog

    return "" if Path(backbone).is_dir() else Catalog().backbone(backbone).packages
