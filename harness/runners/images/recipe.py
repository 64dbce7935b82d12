"""What an image is built from: its part of the Dockerfile, the files that this part copies, one digest of all of it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from harness import files, paths
from harness.runners.images.additions import Addition
from harness.runners.images.targets import Target

SCRIPTS = ("in_image.py", "quiet_pip.py", "torch_build.py")
TORCH = "torch"  # the target that adds torch to a base that brings none


def dockerfile_for(target: str) -> str:
    """The Dockerfile with only the stages that a target stands on.

    BuildKit leaves the others alone by itself; the builder before it, which the engine's own API offers everywhere,
    builds whatever stands above the target.
    """
    text = (paths.images_dir() / "Dockerfile").read_text(encoding="utf-8")
    stages = _stages(text)
    wanted, found = [target], set[str]()
    while wanted:
        name = wanted.pop()
        if name in stages and name not in found:
            found.add(name)
            wanted += re.findall(r"(?m)^FROM (\S+)", stages[name]) + re.findall(r"--from=(\S+)", stages[name])
    arguments = re.findall(r"(?m)^ARG [^\n]*\n", text[: text.index("\nFROM ")])
    return "".join(arguments) + "".join(body for name, body in stages.items() if name in found)


def _stages(text: str) -> dict[str, str]:
    """Stages by name, in the file's order, without its comments."""
    lines = [line for line in text.splitlines(keepends=True) if line.strip() and not line.startswith("#")]
    stages: dict[str, str] = {}
    name = ""
    for line in lines:
        if head := re.match(r"FROM \S+ AS (\S+)", line):
            name = head[1]
            stages[name] = ""
        if name:
            stages[name] += line
    return stages


def files_for(target: str) -> dict[str, Path]:
    """Files the target's stages copy, by their path in the build folder. Wheels and certificates are not among them."""
    folder = paths.images_dir()
    locks = ("torch", "torch-cuda") if target == TORCH else (target,)
    names = [*SCRIPTS, *(f"locks/{name}.txt" for name in locks)]
    return {name: folder / name for name in names}


def requirements_digest(target: Target) -> str:
    """Digest of the dependency lock of an image."""
    return "sha256:" + files.file_digest(files_for(target)[f"locks/{target}.txt"])


def recipe_digest(target: str, *, base: str, torch_build: str = "base") -> str:
    """Digest of everything that decides what is in an image.

    Args:
        target: of the Dockerfile.
        base: digest of the pinned base.
        torch_build: which build of torch is added to the base first; ``base`` adds none.
    """
    parts: Mapping[str, object] = {
        "target": target,
        "base": base,
        "dockerfile": dockerfile_for(target),
        "files": {name: files.file_digest(path) for name, path in files_for(target).items()},
        "torch": None
        if torch_build == "base" or target == TORCH
        else recipe_digest(TORCH, base=base, torch_build=torch_build),
        "build": torch_build if target == TORCH else None,
    }
    return "sha256:" + files.digest(parts)


def added_digest(below: str, addition: Addition) -> str:
    """Digest of everything that decides what is in an image of a backbone's own.

    Args:
        below: recipe of its phase's image.
        addition: what comes on top.
    """
    parts: Mapping[str, object] = {
        "below": below,
        "dockerfile": dockerfile_for(addition.target),
        "files": {name: files.file_digest(path) for name, path in added_files(addition).items()},
        "holds": addition.digest,
    }
    return "sha256:" + files.digest(parts)


def added_files(addition: Addition) -> dict[str, Path]:
    """Scripts that build an image of a backbone's own; what it holds is not among them."""
    folder = paths.images_dir()
    return {name: folder / name for name in (*SCRIPTS, "in_addition.py")} if addition.pins else {}
