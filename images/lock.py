#!/usr/bin/env python3
"""Write the hash locks in images/locks from the .in files beside them, all at the same versions.

    .venv/bin/python images/lock.py              keep the versions locked now, add what the .in files newly ask for
    .venv/bin/python images/lock.py --upgrade    take the newest versions the .in files allow
    .venv/bin/python images/lock.py --torch-index URL    read the hashes of PyTorch's CPU builds from that index first

Everything is resolved once (dev.in holds all the others); each lock is then resolved within that solution. Versions are
chosen for Linux and macOS and every Python from 3.11 on, one version each, so that a result does not depend on the
Python at hand. torch's CUDA packages stand apart in torch-cuda.txt: the other locks install with the index's CUDA build
of torch (together with torch-cuda.txt) and with a CPU build (without). torch.txt is torch alone, for base images that
bring none.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
import urllib.request
from pathlib import Path
from urllib.parse import unquote

from quiet_pip import InstallError, Pin, read_pins

LOCKS = Path(__file__).resolve().parent / "locks"
CPU_HASHES = "torch-cpu.sha256"
KINDS = ("fetch", "train", "retrieve", "report", "local")
OLDEST_PYTHON, FIRST_PYTHON_WITHOUT_WHEELS = "3.11", "3.15"
PYTHON_MINORS = ("11", "12", "13", "14")
MACHINES = (("linux", "x86_64"), ("linux", "aarch64"), ("darwin", "arm64"))
PLATFORMS = tuple(
    f"sys_platform == '{system}' and platform_machine == '{machine}' and platform_python_implementation == 'CPython'"
    f" and python_full_version < '{FIRST_PYTHON_WITHOUT_WHEELS}'"
    for system, machine in MACHINES
)
CPU_WHEEL = re.compile(r"torch-(?P<version>[^+]+)\+cpu-cp3(?P<minor>\d+)-cp3\d+-(manylinux\w+)\.whl")
HEADER = "# Written by images/lock.py from {source}. Do not edit: change {source}, then run images/lock.py.\n"


class LockError(Exception):
    """The locks cannot be written; the message says why and what to do."""


def is_cuda(pin: Pin) -> bool:
    """Whether only a CUDA build of torch needs a package."""
    return pin.name == "triton" or pin.name.startswith(("nvidia-", "cuda-"))


def simplify_markers(pins: list[Pin]) -> list[Pin]:
    """Drop the resolver's long way of saying "wherever the locks are used", which is where numpy is needed."""
    everywhere = next(pin.marker for pin in pins if pin.name == "numpy")
    return [
        pin._replace(
            marker="sys_platform == 'linux'" if is_cuda(pin) else "" if pin.marker == everywhere else pin.marker
        )
        for pin in pins
    ]


def resolve(inputs: Path, source: str, *, constraints: str = "", upgrade: bool = False) -> list[Pin]:
    """Resolve one .in file with uv against the package index's own metadata.

    Args:
        inputs: folder with copies of the .in files; the resolver is run there, so that no path gets into a lock.
        source: the .in file.
        constraints: pins the solution must stay within.
        upgrade: forget the versions in the lock that is there.
    """
    output = inputs / Path(source).with_suffix(".txt")
    (inputs / "constraints.txt").write_text(constraints, encoding="utf-8")
    command = [_uv(), "pip", "compile", source, "--quiet", "--universal", "--generate-hashes", "--no-header"]
    command += ["--only-binary", ":all:", "--fork-strategy", "fewest", "--python-version", OLDEST_PYTHON]
    command += ["--no-emit-index-url", "--constraint", "constraints.txt", "--output-file", output.name]
    command += ["--upgrade"] if upgrade else []
    done = subprocess.run(command, cwd=inputs, capture_output=True, text=True, check=False)
    if done.returncode:
        raise LockError(f"uv could not resolve {source}:\n{done.stderr.strip()}")
    pins = simplify_markers(read_pins(output.read_text(encoding="utf-8")))
    for pin in pins:
        if not pin.hashes or [other.name for other in pins].count(pin.name) > 1:
            raise LockError(f"{pin.name} {pin.version} has no hash, or stands in {source}'s solution twice")
    return pins


def _uv() -> str:
    beside = Path(sys.executable).parent / "uv"
    found = str(beside) if beside.exists() else shutil.which("uv")
    if not found:
        raise LockError("uv is not installed; run `make check` once, it installs uv into .venv")
    return found


def solve(*, upgrade: bool) -> dict[str, list[Pin]]:
    """Resolve every lock; the CUDA packages of torch come under ``torch-cuda``, dev holds what local does not."""
    with tempfile.TemporaryDirectory() as scratch:
        inputs = Path(scratch)
        environments = ", ".join(f'"{platform}"' for platform in PLATFORMS)
        (inputs / "pyproject.toml").write_text(f"[tool.uv]\nenvironments = [{environments}]\n", encoding="utf-8")
        for path in sorted(LOCKS.glob("*.in")):
            shutil.copy(path, inputs)
        known = {pin.name: pin for path in sorted(LOCKS.glob("*.txt")) for pin in read_pins(path.read_text("utf-8"))}
        (inputs / "dev.txt").write_text("".join(_bare(pin) for pin in known.values()), encoding="utf-8")
        whole = resolve(inputs, "dev.in", upgrade=upgrade)
        constraints = "".join(_bare(pin) for pin in whole)
        locks = {kind: resolve(inputs, f"{kind}.in", constraints=constraints) for kind in KINDS}
    local = {pin.name for pin in locks["local"]}
    locks["dev"] = [pin for pin in whole if pin.name not in local]
    locks["torch-cuda"] = cuda_pins(locks["train"])
    locks["torch"] = [pin for pin in locks["train"] if pin.name == "torch"]
    return {kind: [pin for pin in pins if kind == "torch-cuda" or not is_cuda(pin)] for kind, pins in locks.items()}


def _bare(pin: Pin) -> str:
    return f"{pin.name}=={pin.version}\n"


def cuda_pins(pins: list[Pin]) -> list[Pin]:
    """Take torch's CUDA packages out of a solution.

    Raises:
        LockError: something else than torch needs one of them, so that leaving them out would break it.
    """
    cuda = [pin for pin in pins if is_cuda(pin)]
    allowed = {"torch"} | {pin.name for pin in cuda}
    for pin in cuda:
        if not set(pin.via) <= allowed:
            raise LockError(f"{pin.name} is needed by {', '.join(sorted(set(pin.via) - allowed))}, not by torch alone")
    return cuda


def read_cpu_hashes(path: Path) -> dict[str, str]:
    """Read ``sha256  file name`` lines: file name of a CPU build of torch to its SHA-256."""
    lines = path.read_text(encoding="utf-8").split("\n") if path.exists() else []
    return {name: value for value, name in (line.split() for line in lines if line)}


def cpu_hashes_of_index(url: str, version: str) -> dict[str, str]:
    """Read the hashes of torch's Linux CPU builds from PyTorch's own wheel index.

    Raises:
        LockError: the index cannot be read, or lists no such build.
    """
    try:
        with urllib.request.urlopen(url.rstrip("/") + "/torch/", timeout=60) as page:  # noqa: S310 - a person's URL
            found = cpu_hashes_of_page(page.read().decode("utf-8"), version)
    except OSError as error:
        raise LockError(f"cannot read {url}: {error}") from error
    if not found:
        raise LockError(f"{url} lists no CPU build of torch {version} for Linux; is it PyTorch's CPU wheel index?")
    return found


def cpu_hashes_of_page(page: str, version: str) -> dict[str, str]:
    """Take the Linux CPU builds of one version, for the Pythons of the locks, out of an index page."""
    found = {}
    for link, value in re.findall(r'href="([^"#]+)#sha256=([0-9a-f]{64})"', page):
        name = unquote(link.rsplit("/", 1)[-1])
        wheel = CPU_WHEEL.fullmatch(name)
        if wheel and wheel["version"] == version and wheel["minor"] in PYTHON_MINORS:
            found[name] = value
    return found


def check_local_wheels(hashes: dict[str, str], version: str) -> dict[str, str]:
    """Add the CPU builds found in pip's find-links folders; refuse one that differs from the hash known for it."""
    hashes = dict(hashes)
    for folder in os.environ.get("PIP_FIND_LINKS", "").split():
        for path in sorted(Path(folder).glob(f"torch-{version}+cpu-*.whl")):
            value = hashlib.sha256(path.read_bytes()).hexdigest()
            if hashes.setdefault(path.name, value) != value:
                raise LockError(f"{path.name} in pip's find-links has another SHA-256 than {CPU_HASHES} says")
    return hashes


def with_cpu_builds(pins: list[Pin], hashes: dict[str, str]) -> list[Pin]:
    """Put the CPU builds' hashes beside the index's, so that pip accepts either build of the same torch version."""
    return [
        pin._replace(hashes=tuple(sorted({*pin.hashes, *hashes.values()}))) if pin.name == "torch" else pin
        for pin in pins
    ]


def write(folder: Path, locks: dict[str, list[Pin]], hashes: dict[str, str]) -> None:
    """Write every lock and the list of CPU builds."""
    sources = {
        "dev": "dev.in (what local.txt does not hold)",
        "torch": "train.in (torch alone)",
        "torch-cuda": "train.in (torch's CUDA packages)",
    }
    for kind, pins in locks.items():
        source = sources.get(kind, f"{kind}.in")
        header = HEADER.format(source=source) if kind in KINDS else f"# Written by images/lock.py from {source}.\n"
        text = header + "".join(pin.render() for pin in with_cpu_builds(pins, hashes))
        if "://" in text:
            raise LockError(f"an address got into {kind}.txt; unset the resolver's index settings and try again")
        (folder / f"{kind}.txt").write_text(text, encoding="utf-8")
    lines = "".join(f"{value}  {name}\n" for name, value in sorted(hashes.items()))
    (folder / CPU_HASHES).write_text(lines, encoding="utf-8")


def make(*, upgrade: bool, torch_index: str | None) -> dict[str, list[Pin]]:
    """Resolve everything, gather the CPU builds' hashes, and write; nothing is written unless all of it worked."""
    locks = solve(upgrade=upgrade)
    version = next(pin.version for pin in locks["train"] if pin.name == "torch")
    if torch_index:
        hashes = cpu_hashes_of_index(torch_index, version)
    else:
        known = read_cpu_hashes(LOCKS / CPU_HASHES)
        hashes = {name: value for name, value in known.items() if name.startswith(f"torch-{version}+cpu-")}
    hashes = check_local_wheels(hashes, version)
    if not hashes:
        remedy = "give PyTorch's CPU wheel index: --torch-index URL"
        raise LockError(f"no hash of a CPU build of torch {version} is known; {remedy}")
    write(LOCKS, locks, hashes)
    return locks


def main() -> int:
    """Write the locks and say what is in them."""
    parser = argparse.ArgumentParser(description="Write the hash locks in images/locks.")
    parser.add_argument("--upgrade", action="store_true", help="take the newest versions the .in files allow")
    parser.add_argument("--torch-index", metavar="URL", help="PyTorch's CPU wheel index, to read its hashes anew")
    arguments = parser.parse_args()
    try:
        locks = make(upgrade=arguments.upgrade, torch_index=arguments.torch_index)
    except (LockError, InstallError) as error:
        sys.stderr.write(f"lock.py: {error}\n")
        return 1
    sys.stderr.write("".join(f"{kind}.txt: {len(pins)} packages\n" for kind, pins in locks.items()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
