"""What this process and this machine are: versions, hardware, memory, engine. Never part of a key."""

from __future__ import annotations

import json
import os
import platform
import re
import resource
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any

from harness.isolated import python

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


def describe_process() -> dict[str, Any]:
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


# -- the machine: engine, GPUs, memory, browser; looked at, never changed ---------------------------------------------

ENGINE_TIMEOUT = 10.0  # seconds; one that is there answers in a fraction of one, unless the machine is busy
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
MAC_BROWSERS = (
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
)


@dataclass(frozen=True, kw_only=True)
class Gpu:
    """One NVIDIA GPU: its name, memory in MiB (0: not known) and driver version ("": not known)."""

    name: str
    memory_mib: int = 0
    driver: str = ""


def output_of(command: Sequence[str], timeout: float) -> tuple[int, str]:
    """Exit status and combined output of a short command; -1 and the reason when it cannot be run or takes too long."""
    try:
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            text=True, errors="replace", timeout=timeout, check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return -1, f"{command[0]} did not answer within {timeout:.0f} seconds"
    except OSError as error:
        return -1, f"{command[0]}: {error.strerror}"
    return done.returncode, done.stdout


def cores() -> int:
    """Cores this process may use: its affinity, within the container's quota."""
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    quota, _, period = _read("/sys/fs/cgroup/cpu.max").partition(" ")
    if quota.isdigit() and period.strip().isdigit():
        allowed = min(allowed, max(1, int(quota) // int(period)))
    return allowed


def memory_bytes() -> int:
    """Main memory this process may use: the machine's, within the container's limit."""
    total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    limit = _read("/sys/fs/cgroup/memory.max").strip()
    return min(total, int(limit)) if limit.isdigit() else total


def free_bytes(folder: Path) -> int:
    """Free space where a folder is or would be made."""
    folder = folder.absolute()
    while not folder.exists():
        folder = folder.parent
    return shutil.disk_usage(folder).free


def installed() -> dict[str, str]:
    """Installed packages: normalised name to version."""
    found: dict[str, str] = {}
    for distribution in metadata.distributions():
        name = distribution.metadata["Name"]
        if name:  # a half-removed package has none
            found.setdefault(re.sub(r"[-_.]+", "-", name).lower(), distribution.version)
    return found


def gpus() -> tuple[Gpu, ...]:
    """NVIDIA GPUs a driver shows here, by nvidia-smi or, without it, by their device files."""
    if shutil.which("nvidia-smi"):
        query = ["nvidia-smi", "--query-gpu=name,memory.total,driver_version", "--format=csv,noheader,nounits"]
        code, text = output_of(query, timeout=10)
        rows = [[cell.strip() for cell in line.split(",")] for line in text.splitlines()] if code == 0 else []
        return tuple(_gpu(*row) for row in rows if len(row) == len(("name", "memory", "driver")))
    return tuple(Gpu(name="NVIDIA GPU") for _ in sorted(Path("/dev").glob("nvidia[0-9]*")))


def _gpu(name: str, memory: str, driver: str) -> Gpu:
    return Gpu(name=name, memory_mib=int(memory) if memory.isdigit() else 0, driver=driver)


def browser() -> Path | None:
    """Chromium or Chrome, if one is installed."""
    found = [path for name in BROWSERS if (path := shutil.which(name))]
    found += [path for path in MAC_BROWSERS if Path(path).exists()]
    return Path(found[0]) if found else None


def docker_engine() -> tuple[dict[str, Any], str]:
    """What the Docker engine says of itself; an empty dictionary and the reason when none can be reached.

    The ``docker`` command knows contexts and remote engines; without it the local socket is asked.
    """
    if shutil.which("docker"):
        code, text = output_of(["docker", "info", "--format", "{{json .}}"], timeout=ENGINE_TIMEOUT)
        info = _json_object(text.strip().rpartition("\n")[2])
        if code == 0 and info.get("ServerVersion"):
            return info, ""
        errors = info.get("ServerErrors") or [text.strip().rpartition("\n")[2] or "no answer"]
        return {}, str(errors[0])
    return _ask_socket(os.environ.get("DOCKER_HOST", "unix:///var/run/docker.sock"))


def _ask_socket(address: str) -> tuple[dict[str, Any], str]:
    path = address.removeprefix("unix://")
    if path == address or not Path(path).exists():
        return {}, "no docker command, and no engine's socket"
    import http.client
    import socket

    connection = http.client.HTTPConnection("localhost", timeout=ENGINE_TIMEOUT)
    try:
        connection.sock = socket.socket(socket.AF_UNIX)
        connection.sock.settimeout(ENGINE_TIMEOUT)
        connection.sock.connect(path)
        connection.request("GET", "/info")
        info = _json_object(connection.getresponse().read().decode("utf-8"))
    except (OSError, http.client.HTTPException) as error:
        return {}, f"{path}: {error}"
    finally:
        connection.close()
    return (info, "") if info.get("ServerVersion") else ({}, f"{path} is not a Docker engine's socket")


def engine_offers_gpus(info: dict[str, Any]) -> bool:
    """Whether containers of this engine can be given NVIDIA GPUs: by its nvidia runtime or by CDI devices."""
    devices = [str(device.get("ID", "")) for device in info.get("DiscoveredDevices") or ()]
    return "nvidia" in (info.get("Runtimes") or {}) or any(name.startswith("nvidia.com/gpu") for name in devices)


def index_answers() -> str:
    """Ask pip's package index for one small package; an empty string when it answers, else why not.

    pip is asked rather than an address, so that its configuration, proxies and certificates count.
    """
    ask = ("pip", "-vv", "index", "versions", "--retries", "0", "--timeout", "8", "click")
    code, text = output_of(python("-m", *ask), timeout=60)
    unreachable = re.search(r"Could not fetch URL https?:.*", text)
    if code == 0 and not unreachable:
        return ""
    return unreachable[0] if unreachable else (text.strip().splitlines() or ["pip said nothing"])[-1]


def _json_object(text: str) -> dict[str, Any]:
    try:
        value = json.loads(text)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


def _read(path: str) -> str:
    try:
        return Path(path).read_text(encoding="ascii")
    except (OSError, ValueError):
        return ""
