"""What a process runs on: versions, hardware, memory. Recorded with every artifact, never part of a key."""

from __future__ import annotations

import os
import platform
import resource
import subprocess
import sys
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any

_PACKAGES = (
    "torch",
    "transformers",
    "tokenizers",
    "sentence-transformers",
    "faiss-cpu",
    "numpy",
    "scipy",
    "safetensors",
    "datasets",
    "pydantic",
    "jinja2",
)


def reset_peak_memory() -> None:
    """Start measuring the peak anew, where the kernel can (Linux); a warm worker runs many stages."""
    try:
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
    except OSError:
        return


def peak_memory() -> int:
    """Largest resident set of this process since the last reset, in bytes."""
    try:
        for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    except OSError:
        pass
    unit = 1 if sys.platform == "darwin" else 1024  # getrusage counts bytes on macOS, KiB elsewhere
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


@cache
def versions() -> dict[str, str]:
    """Versions of the packages that results can depend on, as installed."""
    found = {"python": platform.python_version()}
    for package in _PACKAGES:
        try:
            found[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            continue
    return found


@cache
def cpu_model() -> str:
    """The processor's own name."""
    try:
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


def surroundings() -> dict[str, Any]:
    """Versions and hardware. The CPU capability is torch's own word for its code path, if torch was loaded."""
    found: dict[str, Any] = {
        "versions": versions(),
        "cpu": cpu_model(),
        "cores": os.cpu_count(),
        "platform": platform.platform(),
        "host": platform.node(),
    }
    torch = sys.modules.get("torch")
    if torch is not None:
        found["cpu_capability"] = torch.backends.cpu.get_cpu_capability()
        if torch.cuda.is_initialized():
            found["gpu"] = torch.cuda.get_device_name()
    return found


@cache
def git_state() -> dict[str, Any]:
    """Commit and dirty flag of the checkout the code runs from; empty for an installed wheel."""
    root = Path(__file__).parent.parent
    if not (root / ".git").exists():
        return {}
    try:
        commit = _git(root, "rev-parse", "HEAD")
        dirty = bool(_git(root, "status", "--porcelain", "--untracked-files=no"))
    except (OSError, subprocess.SubprocessError):
        return {}
    return {"commit": commit, "dirty": dirty}


def _git(root: Path, *arguments: str) -> str:
    done = subprocess.run(["git", "-C", str(root), *arguments], capture_output=True, text=True, check=True, timeout=10)
    return done.stdout.strip()
