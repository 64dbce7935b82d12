"""Where the artifacts behind results lie: a store, or an unpacked submission, which holds what verifying needs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from harness.errors import StoreError
from harness.files import file_digest
from harness.plan.stage import Environment, Phase, Stage
from harness.results.cells import Artifacts
from harness.store.artifacts import State, StoredArtifact
from harness.store.manifest import FileEntry, Manifest, read_manifest

FOLDER = "artifacts"

#: What a submission holds of an artifact beside its manifest: of predictions all, of the rest what was counted.
WHOLE = (Phase.PREDICT, Phase.RETRIEVE)
COUNTED = ("training.json", "report.json")


class Unpacked:
    """The artifacts of an unpacked submission."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def folder(self, key: str) -> Path:
        return self._root / FOLDER / key

    def look(self, key: str) -> StoredArtifact:
        folder = self.folder(key)
        try:
            manifest = read_manifest(folder)
            _check(manifest)
        except FileNotFoundError:
            return StoredArtifact(state=State.ABSENT, folder=folder)
        except (ValueError, TypeError, AttributeError, RecursionError, OSError, StoreError) as error:
            return StoredArtifact(state=State.CORRUPT, folder=folder, problem=f"not a manifest ({error})")
        return StoredArtifact(state=State.PRESENT, folder=folder, manifest=manifest)


def _check(manifest: Manifest) -> None:
    """Refuse a manifest, written by others, whose parts are of another kind, or that names files outside its folder.

    Raises:
        ValueError: saying which.
    """
    parts: tuple[tuple[str, object, type], ...] = (
        ("key", manifest.key, str),
        ("phase", manifest.phase, str),
        ("name", manifest.name, str),
        ("inputs", manifest.inputs, dict),
        ("identity", manifest.identity, dict),
        ("provenance", manifest.provenance, dict),
    )
    for name, value, kind in parts:
        if not isinstance(value, kind):
            raise ValueError(f"field {name} is of another kind")  # noqa: TRY004 - a damaged file, not a wrong call
    for entry in manifest.files:
        path = PurePosixPath(entry.path)
        if path.is_absolute() or ".." in path.parts or not isinstance(entry.sha256, str):
            raise ValueError(f"it names a file outside its folder: {entry.path!r}")


class Overlay:
    """Artifacts in which some artifacts were made anew."""

    def __init__(self, below: Artifacts, above: Mapping[str, Path]) -> None:
        self._below = below
        self._above = above

    def folder(self, key: str) -> Path:
        return self._above.get(key) or self._below.folder(key)

    def look(self, key: str) -> StoredArtifact:
        return self._below.look(key)


def kept_files(manifest: Manifest) -> tuple[FileEntry, ...]:
    """The files of an artifact that a submission holds."""
    if manifest.phase in WHOLE:
        return manifest.files
    return tuple(entry for entry in manifest.files if entry.path in COUNTED)


def damaged(evidence: Artifacts, manifest: Manifest) -> Iterator[tuple[str, str, str]]:
    """Of the files that a submission holds those that are not as the manifest says: path, SHA-256 said, found."""
    folder = evidence.folder(manifest.key)
    for entry in kept_files(manifest):
        path = folder / entry.path
        found = file_digest(path) if path.is_file() else "no such file"
        if found != entry.sha256:
            yield entry.path, entry.sha256, found


def stage_of(name: str, identity: Mapping[str, Any]) -> Stage:
    """The stage that an identity describes; its key is made from that.

    Raises:
        KeyError, TypeError, ValueError: it describes none.
    """
    inputs, params = identity["inputs"], identity["params"]
    if not isinstance(params, dict) or not isinstance(inputs, dict):
        raise TypeError("inputs or params are no object")
    if not all(isinstance(key, str) for key in inputs.values()):
        raise TypeError("an input is no key")
    return Stage(
        phase=Phase(identity["phase"]),
        name=name,
        version=identity["version"],
        environment=Environment(**identity["environment"]),
        params=params,
        inputs=inputs,
        seed=identity["seed"],
    )
