"""What ``--backbone NAME|DIR`` means."""

from __future__ import annotations

from pathlib import Path


def checkpoint_of(backbone: str, store: Path, aside: Path) -> Path:
    """The checkpoint of a backbone's name, or of a folder; ``aside`` is where a published model is converted to.

    Raises:
        UserError: it is neither.
    """
    from harness.checkpoints import folder_checkpoint, named_checkpoint
    from harness.commands.options import default_workers
    from harness.display import make_display

    if Path(backbone).is_dir():
        return folder_checkpoint(Path(backbone), aside)
    workers = default_workers()
    return named_checkpoint(backbone, store, workers, make_display(workers))
