"""Commits that ``codestilts images lock`` has found for specs that say ``UNPINNED``: a part of images.lock.yaml.

Read here without the models of that file, which know of engines and phases.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import yaml

from harness import resources
from harness.errors import SpecError
from harness.specs.backbone import BackboneSpec
from harness.specs.source import HubSource

#: The part of the lock, by a model's id on the hub.
FIELD = "revisions"


def read_pins(path: Path | None = None) -> dict[str, str]:
    """The commits by model; none where there is no lock.

    Raises:
        SpecError: it cannot be read, or holds something else than full commits.
    """
    path = path or resources.images_lock()
    try:
        found: Any = yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, yaml.YAMLError) as error:
        raise SpecError("cannot be read", where=str(path), remedy="take it from version control") from error
    pins = (found.get(FIELD) or {}) if isinstance(found, dict) else {}
    if not isinstance(pins, dict) or not all(re.fullmatch(r"[0-9a-f]{40}", str(pin)) for pin in pins.values()):
        raise SpecError(
            "does not hold a full commit for every model", where=f"{path}, field '{FIELD}'",
            remedy="take it from version control",
        )  # fmt: skip
    return {str(name): str(pin) for name, pin in pins.items()}


def pinned(spec: BackboneSpec) -> BackboneSpec:
    """The spec with the locked commit, where it names none itself and the lock has one.

    Raises:
        SpecError: the lock cannot be read.
    """
    source = spec.source
    if not isinstance(source, HubSource) or source.pinned:
        return spec
    commit = read_pins().get(source.id)
    if commit is None:
        return spec
    return spec.model_copy(update={"source": source.model_copy(update={"revision": commit})})
