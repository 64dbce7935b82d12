"""A backbone's own Python files: taken along into its checkpoint, and found there again without a network.

They are run only where the spec pins the commit of that code and a person has allowed it by name (``--allow
remote-code``); ``harness.specs.usable`` refuses all else before anything is fetched.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from harness.training.backbone import read_json, write_json

_CONFIGS = ("config.json", "tokenizer_config.json")


def localise(folder: Path, aside: Path) -> Path:
    """A copy of a published folder whose configs name the Python files beside them, not those of a repository."""
    shutil.copytree(folder, aside)
    for name in _CONFIGS:
        if (aside / name).is_file():
            fields = read_json(aside / name)
            if "auto_map" in fields:
                fields["auto_map"] = _here(fields["auto_map"])
                write_json(aside / name, fields)
    return aside


def _here(value: Any) -> Any:
    """``owner/name--module.Class`` as ``module.Class``, wherever it stands."""
    if isinstance(value, dict):
        return {key: _here(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_here(inner) for inner in value]
    return value.split("--", 1)[-1] if isinstance(value, str) else value


def take_along(folder: Path, checkpoint: Path) -> None:
    """Copy Python files beside a checkpoint's configs, which lose none of their references by being saved anew."""
    for part, config in (("encoder", "config.json"), ("tokenizer", "tokenizer_config.json")):
        for file in sorted(folder.glob("*.py")):
            shutil.copyfile(file, checkpoint / part / file.name)
        published, saved = read_json(folder / config), read_json(checkpoint / part / config)
        if published.get("auto_map"):
            write_json(checkpoint / part / config, {**saved, "auto_map": published["auto_map"]})
