"""Where the project's own data files lie, in a checkout and in an installed wheel alike."""

from __future__ import annotations

from pathlib import Path

import tasks


def tasks_dir() -> Path:
    """Task, suite, corpus and training-recipe specs."""
    return Path(tasks.__file__).parent


def images_dir() -> Path:
    """Image specs of backbones (``backbones/``) and dependency locks (``locks/``)."""
    packaged = Path(__file__).parent / "_images"
    return packaged if packaged.is_dir() else Path(__file__).parent.parent / "images"
