"""The manifest of an artifact: files with sizes and digests, the inputs read, and provenance."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from harness.errors import StoreError
from harness.files import digest, file_digest, json_text, read_json, write_text

MANIFEST = "manifest.json"
SCHEMA = 1


@dataclass(frozen=True, kw_only=True)
class FileEntry:
    """One file of an artifact; ``dropped`` once its bytes were let go after use."""

    path: str
    size: int
    sha256: str
    dropped: bool = False


@dataclass(frozen=True, kw_only=True)
class Manifest:
    """The last file written into an artifact. An artifact without one does not exist.

    Attributes:
        inputs: digest of each input artifact as it was when the stage read it, by role.
        provenance: time, place and environment of its making. Not part of ``digest``.
        digest: of the files alone, so that equal bytes made twice have equal digests.
    """

    key: str
    phase: str
    name: str
    inputs: Mapping[str, str]
    files: tuple[FileEntry, ...]
    identity: Mapping[str, Any]
    provenance: Mapping[str, Any] = field(default_factory=dict)
    schema: int = SCHEMA

    @property
    def digest(self) -> str:
        """Digest of paths and contents; dropping files does not change it."""
        return digest([[entry.path, entry.sha256] for entry in self.files])

    @property
    def dropped(self) -> bool:
        """Whether some files were let go."""
        return any(entry.dropped for entry in self.files)

    @property
    def size(self) -> int:
        """Bytes on disk."""
        return sum(entry.size for entry in self.files if not entry.dropped)

    def write(self, folder: Path) -> None:
        """Write the file atomically and force it to disk."""
        text = json_text({**asdict(self), "digest": self.digest}, indent=1)
        write_text(folder / MANIFEST, text, durable=True, sole_writer=True)
        sync_folder(folder)


def read_manifest(folder: Path) -> Manifest:
    """The manifest of an artifact folder.

    Raises:
        FileNotFoundError: there is none.
        StoreError: it was written by a newer version.
        ValueError: it is damaged.
    """
    fields = read_json(folder / MANIFEST)
    if not isinstance(fields, dict) or not isinstance(fields.get("schema"), int):
        raise ValueError("not a manifest")  # noqa: TRY004 - a damaged file, not a wrong call
    if fields["schema"] > SCHEMA:
        raise StoreError(
            f"was written by a newer version (manifest schema {fields['schema']}, this one reads {SCHEMA})",
            where=str(folder),
            remedy="use that version, or another --store",
        )
    recorded = fields.pop("digest", None)
    try:
        files = tuple(FileEntry(**entry) for entry in fields.pop("files"))
        manifest = Manifest(files=files, **fields)
    except (KeyError, TypeError) as error:
        raise ValueError(f"not a manifest: {error}") from error
    if recorded != manifest.digest:
        raise ValueError("the manifest does not match its own digest")
    return manifest


def describe_files(folder: Path) -> tuple[FileEntry, ...]:
    """Every file below a folder with size and digest, sorted by path; made readable and synced to disk on the way.

    Raises:
        ValueError: there is something that is neither a file nor a folder (a link, a socket).
    """
    entries = []
    for path in sorted(folder.rglob("*")):
        if path.is_symlink() or not (path.is_file() or path.is_dir()):
            raise ValueError(f"{path.relative_to(folder)} is not a plain file")
        if path.is_file():
            # Some libraries leave files that their writer alone can read: not those who share a store, nor a stage that
            # runs as somebody else. The folders above say who may come in.
            path.chmod(0o644)
            sync_file(path)
            relative = path.relative_to(folder).as_posix()
            entries.append(FileEntry(path=relative, size=path.stat().st_size, sha256=file_digest(path)))
    return tuple(entries)


def sync_file(path: Path) -> None:
    """Force a file's bytes to disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sync_folder(path: Path) -> None:
    """Force a folder's entries to disk."""
    sync_file(path)
