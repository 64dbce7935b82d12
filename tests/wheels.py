"""Wheels of a few bytes, an index of them, their lines in a lock, and copies of the scripts that install them."""

from __future__ import annotations

import hashlib
import shutil
import sys
import zipfile
from pathlib import Path

import pytest

IMAGES = Path(__file__).resolve().parents[1] / "images"


def wheel(folder: Path, name: str, version: str, requires: tuple[str, ...] = (), *, tag: str = "py3-none-any") -> Path:
    """Write a wheel with one module that does nothing; ``tag`` says which Python and platform it is for."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}-{version}-{tag}.whl"
    info = f"{name}-{version}.dist-info"
    metadata = f"Metadata-Version: 2.1\nName: {name.replace('_', '-')}\nVersion: {version}\n"
    files = {
        f"{name}.py": f"version = {version!r}\n",
        f"{info}/METADATA": metadata + "".join(f"Requires-Dist: {item}\n" for item in requires),
        f"{info}/WHEEL": f"Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: {tag}\n",
    }
    with zipfile.ZipFile(path, "w") as archive:
        for file, text in files.items():
            archive.writestr(file, text)
        archive.writestr(f"{info}/RECORD", "".join(f"{file},,\n" for file in [*files, f"{info}/RECORD"]))
    return path


def sha256(path: Path) -> str:
    """Of a file, in hexadecimal."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def index(folder: Path, *wheels: Path) -> str:
    """Write a package index of these wheels; its address."""
    for path in wheels:
        page = folder / path.name.split("-")[0].replace("_", "-") / "index.html"
        page.parent.mkdir(parents=True, exist_ok=True)
        with page.open("a", encoding="utf-8") as lines:
            lines.write(f'<a href="{path.as_uri()}#sha256={sha256(path)}">{path.name}</a>\n')
    return folder.as_uri()


def pin(*wheels: Path) -> str:
    """A line of a lock: the version of the first wheel, the hashes of all."""
    name, version = wheels[0].name.split("-")[:2]
    hashes = "".join(f" \\\n    --hash=sha256:{sha256(path)}" for path in wheels)
    return f"{name.replace('_', '-')}=={version}{hashes}\n    # via nothing\n"


def copy_scripts(folder: Path, patch: pytest.MonkeyPatch) -> None:
    """Copy the scripts of ``images`` to a folder and import them from there while ``patch`` lasts.

    They read the locks beside them, so a test writes its own to ``folder / "locks"``.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for script in IMAGES.glob("*.py"):
        shutil.copy(script, folder)
        patch.setitem(sys.modules, script.stem, None)  # puts back what was there, and forgets the copy
        del sys.modules[script.stem]
    patch.syspath_prepend(str(folder))
