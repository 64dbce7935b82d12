"""Where the project's own data files lie, in a checkout and in an installed wheel alike."""

from __future__ import annotations

import os
from pathlib import Path

import tasks

#: Names another lock of images than the project's.
LOCK_VARIABLE = "CODESTILTS_IMAGES_LOCK"


def tasks_dir() -> Path:
    """Task, suite, corpus and training-recipe specs."""
    return Path(tasks.__file__).parent


def images_dir() -> Path:
    """Image specs of backbones (``backbones/``) and dependency locks (``locks/``)."""
    packaged = Path(__file__).parent / "_images"
    return packaged if packaged.is_dir() else Path(__file__).parent.parent / "images"


def images_lock() -> Path:
    """The project's lock of images, or the one that ``CODESTILTS_IMAGES_LOCK`` names."""
    named = os.environ.get(LOCK_VARIABLE)
    return Path(named) if named else images_dir() / "images.lock.yaml"


def own_images_dir() -> Path | None:
    """Where a person's own specs and records are kept: ``images`` of the working directory, else of the checkout.

    None where there is neither: an installed wheel is nobody's to write.
    """
    here = Path.cwd() / "images"
    if (here / "backbones").is_dir():
        return here
    return None if (Path(__file__).parent / "_images").is_dir() else images_dir()


def backbone_dirs() -> list[Path]:
    """Folders of image specs: a person's own before those that come with the project."""
    own = own_images_dir()
    found = [own / "backbones"] if own else []
    return list(dict.fromkeys(folder.resolve() for folder in [*found, images_dir() / "backbones"]))
