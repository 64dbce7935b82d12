"""Which build of torch goes into the environment: a CPU build, or the index's CUDA build. Standard library only."""

# ruff: noqa: INP001 - imported by install.py, which is run as a script

from __future__ import annotations

import re
import shutil
import sys
from pathlib import Path

from quiet_pip import InstallError, NotOfferedError, pip_install, read_pins, say, site_packages

INDEX_REMEDY = "give PyTorch's CPU wheel index, which its install page names: make install TORCH=cpu TORCH_INDEX=URL"


class NoCpuBuildError(InstallError):
    """Neither the index nor find-links offer a CPU build of torch."""


def install_torch(venv: Path, lock: str, *, torch: str, index: str) -> None:
    """Install torch alone, in the build asked for, checked against the lock.

    With ``auto`` a machine without an NVIDIA GPU gets a CPU build where pip's index or find-links offer one (the public
    index has none for Linux), and the index's own build otherwise.
    """
    if torch != "auto":
        install_build(venv, lock, torch, index)
    elif has_nvidia_gpu() or sys.platform != "linux":
        install_build(venv, lock, "any", index)
    else:
        try:
            install_build(venv, lock, "cpu", index)
        except NoCpuBuildError:
            say("  note: no NVIDIA GPU is seen here, and pip offers only the CUDA build of torch;")
            say("  for the much smaller CPU build: make install TORCH=cpu TORCH_INDEX=(PyTorch's CPU wheel index)")
            install_build(venv, lock, "any", index)


def install_build(venv: Path, lock: str, build: str, index: str) -> None:
    """Install one build of torch: ``cpu``, ``cuda`` or ``any``."""
    request = venv / "torch.txt"
    request.write_text(torch_requirement(lock, build), encoding="utf-8")
    where = ["--index-url", index] if index else []
    try:
        pip_install(venv, [*where, "-r", str(request)], label=f"torch ({build} build)", total=1)
    except NotOfferedError as error:
        if build != "cpu":
            raise
        raise NoCpuBuildError(
            f"pip found no CPU build of torch for this Python and platform; {INDEX_REMEDY}."
        ) from error
    finally:
        request.unlink()


def torch_requirement(lock: str, build: str) -> str:
    """The lock's requirement of torch with its hashes, narrowed to the build asked for.

    ``==2.13.0+cpu`` admits the CPU build alone; ``===2.13.0`` compares as text and so shuts out every local version.
    """
    torch = next((pin for pin in read_pins(lock) if pin.name == "torch"), None)
    if torch is None:
        raise InstallError("images/locks/local.txt does not name torch; write the locks anew: python images/lock.py.")
    version = f"{torch.version}+cpu" if build == "cpu" and sys.platform == "linux" else torch.version
    hashes = " ".join(f"--hash=sha256:{value}" for value in torch.hashes)
    return f"torch{'===' if build == 'cuda' else '=='}{version} {hashes}\n"


def without_torch(lock: str) -> str:
    """A lock's text without torch."""
    return "".join(pin.render() for pin in read_pins(lock) if pin.name != "torch")


def torch_metadata(venv: Path) -> str:
    """The installed torch's own metadata."""
    (folder,) = site_packages(venv).glob("torch-*.dist-info")
    return (folder / "METADATA").read_text(encoding="utf-8")


def torch_version(venv: Path) -> str:
    """The installed torch's version, with its local part (``+cpu``)."""
    return "".join(re.findall(r"(?m)^Version: (\S+)", torch_metadata(venv))[:1])


def installed_build(venv: Path) -> str:
    """Whether the installed torch needs CUDA packages on this platform: ``cuda`` or ``cpu``."""
    needs = re.search(r"(?m)^Requires-Dist: (nvidia-|cuda-)", torch_metadata(venv))
    return "cuda" if needs and sys.platform == "linux" else "cpu"


def has_nvidia_gpu() -> bool:
    """Whether a driver shows an NVIDIA GPU; a container without one shows none either."""
    return Path("/dev/nvidia0").exists() or shutil.which("nvidia-smi") is not None
