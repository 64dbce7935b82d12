"""The folder an image is built from, as the tar archive that the engine is sent."""

from __future__ import annotations

import io
import json
import os
import tarfile
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import IO

from harness.errors import SpecError
from harness.files import file_digest
from harness.runners.images.additions import Addition
from harness.runners.images.recipe import added_files, dockerfile_for, files_for
from harness.runners.images.targets import addition_of
from harness.specs.packages import pins_of
from harness.store.manifest import read_manifest

_EXTRA = "locks/extra.txt"
_SHOWN = 4  # names of missing packages


class Wheelhouse:
    """A folder of wheels, known by their hashes."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        if not folder.is_dir():
            raise SpecError("no such folder", where=str(folder), remedy="give --wheelhouse a folder of wheels")

    @cached_property
    def by_hash(self) -> dict[str, Path]:
        """Wheels by SHA-256."""
        return {file_digest(path): path for path in sorted(self.folder.glob("*.whl"))}

    def wheels_for(self, locks: Mapping[str, str]) -> tuple[Path, ...]:
        """The wheels that a build's locks (their text, by name) ask for.

        Raises:
            SpecError: a locked package has no wheel here.
        """
        found: list[Path] = []
        missing: list[str] = []
        for lock, text in locks.items():
            for pin in pins_of(text):
                here = [self.by_hash[value] for value in pin.hashes if value in self.by_hash]
                found += here
                if not here and lock != "locks/torch-cuda.txt":  # which torch's CPU builds do without
                    missing.append(pin.name)
        if missing:
            some = ", ".join(missing[:_SHOWN]) + (f" and {len(missing) - _SHOWN} more" if len(missing) > _SHOWN else "")
            raise SpecError(
                f"holds no wheel with a locked hash of {some}",
                where=str(self.folder),
                remedy="fill it: codestilts images wheelhouse DIR",
            )
        return tuple(sorted(set(found)))


@dataclass(frozen=True, kw_only=True)
class PackageSources:
    """Where a build takes packages from.

    Attributes:
        wheelhouse: a folder of wheels; with it, nothing is downloaded and the build has no network.
        ca_bundle: certificates that downloads are checked with.
        network: the build's network: ``default`` or ``host``.
        torch_index: address of PyTorch's CPU wheel index.
        weights: by backbone the artifact of its ``fetch``, for images that hold its files.
    """

    wheelhouse: Wheelhouse | None = None
    ca_bundle: Path | None = None
    network: str = "default"
    torch_index: str = ""
    weights: Mapping[str, Path] = field(default_factory=dict)


@contextmanager
def build_folder(
    target: str, supplies: PackageSources, labels: Mapping[str, str], added: Addition | None = None
) -> Iterator[IO[bytes]]:
    """The build folder as a tar archive, on disk: wheels and weights are large."""
    with tempfile.TemporaryFile() as file:
        with tarfile.open(fileobj=file, mode="w") as archive:
            _add(archive, "Dockerfile", (dockerfile_for(target) + _label(labels)).encode())
            files = added_files(added) if added else files_for(target)
            for name, path in files.items():
                _add(archive, name, path.read_bytes())
            for name, content in _added(added, supplies).items() if added else ():
                _add(archive, name, content)
            locks = {name: path.read_text("utf-8") for name, path in files.items() if name.startswith("locks/")}
            if added:
                locks[_EXTRA] = _lock_of(added)
            if supplies.wheelhouse:
                for path in supplies.wheelhouse.wheels_for(locks):
                    _add(archive, f"wheels/{path.name}", path)
            if supplies.ca_bundle:
                _add(archive, "ca.pem", _certificates(supplies.ca_bundle))
            if not supplies.wheelhouse and (settings := _pip_settings()):
                _add(archive, "pip.conf", settings)
        file.seek(0)
        yield file


def _added(added: Addition, supplies: PackageSources) -> dict[str, bytes | Path]:
    """What a backbone adds: a lock of packages, or its files with a record of their digests."""
    if added.target != "weights":
        return {_EXTRA: _lock_of(added).encode()}
    folder = supplies.weights.get(addition_of(added.image))
    if folder is None:
        raise SpecError(
            "its files are not at hand", where=added.image, remedy="fetch them first, or build with --store"
        )
    expected = {f"files/{name}": sha256 for name, sha256 in added.weights["expected"].items()}
    names = {entry.path: entry.sha256 for entry in read_manifest(folder).files if entry.path.startswith("files/")}
    for name, sha256 in names.items():
        if file_digest(folder / name) != expected.get(name, sha256) or expected.get(name, sha256) != sha256:
            raise SpecError(
                f"'{name}' does not have its recorded SHA-256",
                where=str(folder),
                remedy="find out which is right; 'codestilts store verify' lets damaged artifacts go",
            )
    record = {"params": added.weights["params"], "files": {name: names[name] for name in sorted(names)}}
    text = json.dumps(record, indent=1, sort_keys=True).encode()
    return {"weights/weights.json": text, **{f"weights/{name}": folder / name for name in sorted(names)}}


def _lock_of(added: Addition) -> str:
    return "".join(f"{pin.line}\n" for pin in added.pins)


def _add(archive: tarfile.TarFile, name: str, content: bytes | Path) -> None:
    """Add a file without what differs between machines, so that the engine's cache knows it again."""
    member = tarfile.TarInfo(name)
    member.mode = 0o644
    if isinstance(content, Path):
        member.size = content.stat().st_size
        with content.open("rb") as file:
            archive.addfile(member, file)
    else:
        member.size = len(content)
        archive.addfile(member, io.BytesIO(content))


def _label(labels: Mapping[str, str]) -> str:
    """One instruction for all labels: each is a step of its own otherwise, and takes half a second."""
    return "LABEL " + " ".join(f"{name}={json.dumps(value)}" for name, value in sorted(labels.items())) + "\n"


def _pip_settings() -> bytes:
    """The package index that this machine's environment names; in a file, for build arguments stay in the history."""
    names = {"PIP_INDEX_URL": "index-url", "PIP_EXTRA_INDEX_URL": "extra-index-url"}
    lines = [f"{option} = {os.environ[name]}" for name, option in names.items() if os.environ.get(name)]
    return "\n".join(["[global]", *lines, ""]).encode() if lines else b""


def _certificates(path: Path) -> bytes:
    try:
        text = path.read_bytes()
    except OSError as error:
        raise SpecError(
            f"cannot be read ({error.strerror})", where=str(path), remedy="give --ca-bundle a file"
        ) from error
    if b"-----BEGIN CERTIFICATE-----" not in text:
        raise SpecError("holds no certificate", where=str(path), remedy="give --ca-bundle a file in PEM form")
    return text
