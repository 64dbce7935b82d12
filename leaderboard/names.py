"""File names for the pages of backbones, recipes and targets, whatever those are called."""

from __future__ import annotations

import hashlib
import re
from functools import cache

LONGEST = 40


@cache
def slug(name: str) -> str:
    """A name as part of a file name or URL: lower-case ASCII without ``--``.

    A name that had to change for it gets eight digits of its SHA-256 behind it, so that two names never share a slug.
    """
    plain = re.sub(r"[^a-z0-9._]+", "-", name.lower()).strip("-.")[:LONGEST].strip("-.")
    if plain == name:
        return plain
    digest = hashlib.sha256(name.encode("utf-8")).hexdigest()[:8]
    return f"{plain}-{digest}" if plain else digest


def row_id(backbone: str, recipe: str) -> str:
    """The id of a row. ``--`` is in no slug, so that ``a-b`` with ``c`` is not ``a`` with ``b-c``."""
    return f"row-{slug(backbone)}--{slug(recipe)}"


def row_page(backbone: str, recipe: str) -> str:
    """The file name of a row's page."""
    return f"{row_id(backbone, recipe)}.html"


def task_page(target: str) -> str:
    """The file name of a target's page."""
    return f"task-{slug(target)}.html"
