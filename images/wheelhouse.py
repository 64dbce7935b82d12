#!/usr/bin/env python3
"""Fill a folder with the wheels that images are built from where there is no network.

    .venv/bin/python images/wheelhouse.py DIR                      for this machine's Python, with a CPU build of torch
    .venv/bin/python images/wheelhouse.py DIR --python 3.12 --torch none      for a base that brings torch

Standard library only. Every file is checked against the locks' hashes; what lies in the folder already stays.
"""

from __future__ import annotations

import argparse
import os
import platform
import re
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from quiet_pip import InstallError, NotOfferedError, read_pins, run_pip, say
from torch_build import torch_requirement, without_torch

LOCKS = Path(__file__).resolve().parent / "locks"
IMAGES = ("fetch", "train", "retrieve", "report")
NEWEST_GLIBC, OLDEST_GLIBC = 36, 5  # minor versions; the bases have 2.36 and later
DOWNLOAD = ["download", "--no-deps", "--require-hashes", "--only-binary=:all:", "--progress-bar=off"]


def main(argv: list[str] | None = None) -> int:
    """Fill the folder; 0 when everything is there."""
    parser = argparse.ArgumentParser(description="Fill a folder with the wheels that images are built from.")
    parser.add_argument("folder", type=Path, metavar="DIR")
    parser.add_argument("images", nargs="*", metavar="IMAGE", help=f"{', '.join(IMAGES)} (default: all)")
    parser.add_argument(
        "--python", default="", help="Python of the base image, as 3.12 (default: the one that runs this)"
    )
    parser.add_argument("--torch", choices=["cpu", "cuda", "none"], default="cpu", help="build of torch to hold")
    parser.add_argument("--torch-index", metavar="URL", default="", help="PyTorch's CPU wheel index")
    parser.add_argument(
        "--requirements",
        type=Path,
        action="append",
        default=[],
        metavar="FILE",
        help="another hash-locked file to fill",
    )
    arguments = parser.parse_args(argv)
    for name in arguments.images:
        if name not in IMAGES:
            parser.error(f"unknown image '{name}'; known: {', '.join(IMAGES)}")
    if arguments.python and not re.fullmatch(r"3\.\d+", arguments.python):
        parser.error(f"'{arguments.python}' is no version of Python; give one like 3.12")
    os.environ["PYTHONSAFEPATH"] = "1"  # pip imports nothing from the current folder
    try:
        fill(
            arguments.folder,
            arguments.images or list(IMAGES),
            python=arguments.python,
            torch=arguments.torch,
            index=arguments.torch_index,
            more=arguments.requirements,
        )
    except (InstallError, OSError) as error:
        say(f"wheelhouse: {error}")
        return 1
    except KeyboardInterrupt:
        say("wheelhouse: interrupted; run it again to go on.")
        return 130
    return 0


def fill(folder: Path, images: list[str], *, python: str, torch: str, index: str, more: Sequence[Path] = ()) -> None:
    """Download what the images' locks, and ``more`` of such files, name and the folder does not hold yet.

    Raises:
        InstallError: pip failed, or no CPU build of torch is offered.
    """
    folder.mkdir(parents=True, exist_ok=True)
    where = target_python(python)
    for name in images:
        text = without_torch((LOCKS / f"{name}.txt").read_text(encoding="utf-8"))
        download(folder, text, where, label=f"wheels of {name}")
    for path in more:
        download(folder, path.read_text(encoding="utf-8"), where, label=f"wheels of {path.stem}")
    if torch != "none" and {"train", "retrieve"} & set(images):
        text = torch_requirement((LOCKS / "torch.txt").read_text(encoding="utf-8"), torch)
        try:
            download(folder, text, [*where, *(["--index-url", index] if index else [])], label=f"torch ({torch} build)")
        except NotOfferedError as error:
            remedy = "give PyTorch's CPU wheel index: --torch-index URL" if torch == "cpu" else "try again"
            raise InstallError(f"pip found no {torch} build of torch for this Python; {remedy}.") from error
        if torch == "cuda":
            text = (LOCKS / "torch-cuda.txt").read_text(encoding="utf-8")
            download(folder, text, where, label="torch's CUDA packages")
    wheels = list(folder.glob("*.whl"))
    say(f"{folder}: {len(wheels)} wheels, {sum(path.stat().st_size for path in wheels) / 1e6:.0f} MB")


def download(folder: Path, requirements: str, options: list[str], *, label: str) -> None:
    """Download the wheels of one list of requirements."""
    with tempfile.TemporaryDirectory() as scratch:
        request = Path(scratch) / "requirements.txt"
        request.write_text(requirements, encoding="utf-8")
        command = [*DOWNLOAD, *options, "--dest", str(folder), "-r", str(request)]
        run_pip(Path(sys.prefix), command, label=label, total=len(read_pins(requirements)))


def target_python(version: str) -> list[str]:
    """What pip is told about the Python that wheels are for; nothing where it is this one on Linux."""
    own = f"{sys.version_info[0]}.{sys.version_info[1]}"
    if version in ("", own) and sys.platform == "linux":
        return []
    options = ["--python-version", version or own, "--implementation", "cp"]
    for name in platforms():
        options += ["--platform", name]
    return options


def platforms() -> Iterator[str]:
    """Wheel tags of Linux on this machine's kind of processor, newest first."""
    machine = {"arm64": "aarch64", "AMD64": "x86_64"}.get(platform.machine(), platform.machine())
    for minor in range(NEWEST_GLIBC, OLDEST_GLIBC - 1, -1):
        yield f"manylinux_2_{minor}_{machine}"
    yield from (f"manylinux2014_{machine}", f"manylinux2010_{machine}", f"manylinux1_{machine}", f"linux_{machine}")


if __name__ == "__main__":
    sys.exit(main())
