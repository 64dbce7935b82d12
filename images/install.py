#!/usr/bin/env python3
"""Make .venv with the locked packages and the codestilts command, or leave it alone where it is up to date.

    python3 images/install.py                    what `make benchmark` needs
    python3 images/install.py --dev              and what `make check` and `make test` need
    python3 images/install.py --torch cpu        insist on a CPU build of torch (Linux)
    python3 images/install.py --torch cpu --torch-index URL     take it from PyTorch's CPU wheel index

Standard library only: it runs before anything is installed. Every file is checked against the hashes in images/locks;
torch goes first, because which build the index gives decides whether its CUDA packages are needed.
"""

import argparse
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

if sys.version_info < (3, 11):  # noqa: UP036 - this file is run by whatever python3 a machine has
    sys.exit(
        f"install: codestilts needs Python 3.11 to 3.14, and this is {sys.version.split()[0]}; "
        "name another: make install PYTHON=python3.11"
    )

from quiet_pip import LOG, InstallError, pip_install, read_pins, run_pip, say, site_packages
from torch_build import install_torch, installed_build, torch_version

ROOT = Path(__file__).resolve().parent.parent
LOCKS = Path(__file__).resolve().parent / "locks"
STAMP = "codestilts.json"
FIRST_PYTHON, LAST_PYTHON = (3, 11), (3, 14)  # the packages of the locks have no wheels for later ones
FREE_GB = {"cpu": 3, "cuda": 10}  # measured size of the environment, and room to unpack
SCRIPT = """#!/bin/sh
'''exec' "{python}" "$0" "$@"
' '''
import sys

from harness.cli import main

sys.argv[0] = "codestilts"
sys.exit(main())
"""


def main(argv: "list[str] | None" = None) -> int:
    """Bring .venv up to date; 0 when it is, 1 with one sentence when it cannot be."""
    parser = argparse.ArgumentParser(description="Make .venv with the locked packages and the codestilts command.")
    parser.add_argument("--torch", choices=["auto", "cpu", "cuda"], default="auto", help="which build of torch")
    parser.add_argument("--torch-index", metavar="URL", default="", help="PyTorch's CPU wheel index")
    parser.add_argument("--dev", action="store_true", help="also what make check and make test need")
    parser.add_argument("--python", default=sys.executable, help="the Python that .venv is made with")
    parser.add_argument("--venv", type=Path, default=ROOT / ".venv", help="where (default: .venv in the checkout)")
    arguments = parser.parse_args(argv)
    os.environ["PYTHONSAFEPATH"] = "1"  # pip imports nothing from the current folder
    try:
        install(
            arguments.venv.absolute(),
            python=arguments.python,
            torch=chosen_build(arguments.torch, arguments.torch_index),
            index=arguments.torch_index,
            dev=arguments.dev,
        )
    except (InstallError, OSError) as error:
        say(f"install: {error}")
        return 1
    except KeyboardInterrupt:
        say("install: interrupted; run it again to start over.")
        return 130
    return 0


def chosen_build(torch: str, index: str) -> str:
    """Which build of torch is asked for: ``auto``, ``cpu`` or ``cuda``."""
    if torch == "cuda" and index:
        raise InstallError("TORCH_INDEX names PyTorch's CPU wheel index; leave it out with TORCH=cuda.")
    if torch == "cuda" and sys.platform != "linux":
        raise InstallError("CUDA builds of torch exist for Linux only; leave TORCH out.")
    return "cpu" if index else torch


def install(venv: Path, *, python: str, torch: str, index: str, dev: bool) -> None:
    """Make the environment, add the development packages to it, or leave it as it is."""
    stamp = read_stamp(venv)
    started = time.monotonic()
    if not is_current(stamp, venv, torch):
        check_python(python)
        remove(venv)
        try:
            make(venv, python=python, torch=torch, index=index)
        except BaseException:
            discard(venv)
            raise
    stamp = read_stamp(venv)
    if dev and stamp.get("dev") != digest("dev.txt"):
        add(venv, "dev.txt", "development packages")
        write_stamp(venv, stamp | {"dev": digest("dev.txt")})
    if stamp != read_stamp(venv) or time.monotonic() - started > 1:
        say(f"ready: {venv.name}, torch {stamp['torch']}, after {time.monotonic() - started:.0f} s")


def digest(*names: str) -> str:
    """SHA-256 of lock files, in the given order."""
    return hashlib.sha256(b"".join((LOCKS / name).read_bytes() for name in names)).hexdigest()


def read_stamp(venv: Path) -> "dict[str, str]":
    """What the environment was made from; empty when it is not there, half made, or not ours."""
    try:
        stamp = json.loads((venv / STAMP).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return stamp if isinstance(stamp, dict) else {}


def write_stamp(venv: Path, stamp: "dict[str, str]") -> None:
    """Write the stamp whole or not at all: it is what makes the environment count as made."""
    aside = venv / (STAMP + ".new")
    aside.write_text(json.dumps(stamp, indent=2, sort_keys=True) + "\n", encoding="utf-8")
    aside.replace(venv / STAMP)


def is_current(stamp: "dict[str, str]", venv: Path, torch: str) -> bool:
    """Whether the environment was made from these locks, for this checkout, with the build of torch asked for."""
    build = stamp.get("build")
    return (
        stamp.get("locks") == digest("local.txt", "torch-cuda.txt")
        and stamp.get("checkout") == str(ROOT)
        and torch in {"auto", build}
        and (venv / "bin" / "python").exists()
    )


def check_python(python: str) -> None:
    """Refuse a Python that the locks have no wheels for, or that cannot make environments."""
    ask = "import sys; print(*sys.version_info[:2], sys.implementation.name); import ensurepip, venv"
    try:
        done = subprocess.run([python, "-I", "-c", ask], capture_output=True, text=True, check=False)
    except OSError as error:
        raise InstallError(f"cannot run {python} ({error.strerror}); name another: make install PYTHON=...") from error
    found = re.fullmatch(r"(\d+) (\d+) (\w+)", done.stdout.strip())
    version = (int(found[1]), int(found[2])) if found else (0, 0)
    if not FIRST_PYTHON <= version <= LAST_PYTHON or not found or found[3] != "cpython":
        name = f"Python {found[1]}.{found[2]} ({found[3]})" if found else "no Python"
        raise InstallError(
            f"codestilts needs CPython 3.11 to 3.14, and {python} is {name}; name one: PYTHON=python3.11."
        )
    if done.returncode:
        raise InstallError(f"{python} has no venv module; install it (Debian, Ubuntu: apt-get install python3-venv).")


def check_space(venv: Path, build: str) -> None:
    """Refuse to start what cannot fit."""
    free = shutil.disk_usage(venv.parent).free / 1e9
    if free < FREE_GB[build]:
        raise InstallError(f"{FREE_GB[build]} GB are needed beside {venv} and {free:.1f} GB are free; free some space.")


def remove(venv: Path) -> None:
    """Clear away an outdated or half-made environment, and nothing else."""
    if not venv.exists():
        return
    if not (venv / "pyvenv.cfg").exists() and {path.name for path in venv.iterdir()} - {LOG}:
        raise InstallError(f"{venv} is there and is no virtual environment; move it away.")
    say(f"making {venv.name} anew: it is outdated, half made, or was made for something else")
    shutil.rmtree(venv)


def discard(venv: Path) -> None:
    """After a failure leave nothing but the log, so that nothing half installed is taken for an environment."""
    for path in venv.iterdir() if venv.exists() else ():
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path, ignore_errors=True)
        elif path.name != LOG:
            path.unlink()


def make(venv: Path, *, python: str, torch: str, index: str) -> None:
    """Make the environment from nothing; the stamp comes last."""
    check_space(venv, "cuda" if torch == "cuda" else "cpu")
    version = subprocess.run([python, "-V"], capture_output=True, text=True, check=True).stdout.strip()
    say(f"making {venv.name} with {version}; pip's output goes to {venv.name}/{LOG}")
    create(venv, python)
    install_torch(venv, (LOCKS / "local.txt").read_text(encoding="utf-8"), torch=torch, index=index)
    build = installed_build(venv)
    check_space(venv, build)
    add(venv, "local.txt", "packages")
    if build == "cuda":
        add(venv, "torch-cuda.txt", "torch's CUDA packages")
    run_pip(venv, ["check"], label="consistency check")
    link_checkout(venv)
    found = {"torch": torch_version(venv), "build": build, "python": version, "checkout": str(ROOT)}
    write_stamp(venv, found | {"locks": digest("local.txt", "torch-cuda.txt")})


def create(venv: Path, python: str) -> None:
    """Make an environment that holds pip and nothing else."""
    done = subprocess.run([python, "-I", "-m", "venv", str(venv)], capture_output=True, text=True, check=False)
    if done.returncode:
        raise InstallError(f"{python} -m venv failed: {' '.join((done.stdout + done.stderr).split())[-300:]}")


def add(venv: Path, lock: str, label: str) -> None:
    """Install what a lock names; what is there in that version stays."""
    total = len(read_pins((LOCKS / lock).read_text(encoding="utf-8")))
    pip_install(venv, ["-r", str(LOCKS / lock)], label=label, total=total)


def link_checkout(venv: Path) -> None:
    """Make the checkout importable and put ``codestilts`` beside python: an editable install that needs no network."""
    (site_packages(venv) / "codestilts.pth").write_text(f"{ROOT}\n", encoding="utf-8")
    script = venv / "bin" / "codestilts"
    script.write_text(SCRIPT.format(python=venv / "bin" / "python"), encoding="utf-8")
    script.chmod(0o755)


if __name__ == "__main__":
    sys.exit(main())
