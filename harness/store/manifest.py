"""The manifest of an artifact: files with sizes and digests, the inputs read, and provenance."""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import closing
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from harness.errors import BadOutput, StoreError, printable
from harness.files import digest, file_digest, json_text, read_json, write_text
from harness.trees import MOST_LEVELS, Found, walk

MANIFEST = "manifest.json"
SCHEMA = 1
MOST_BYTES = 2**40  # of an artifact, where its stage has no limit
_FILE_MODE, _FOLDER_MODE = 0o644, 0o755


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


def describe_files(folder: Path, *, most: int = MOST_BYTES, who: str = "a stage") -> tuple[FileEntry, ...]:
    """Every file below a folder with size and digest, sorted by path; given sane modes and synced to disk on the way.

    The one rule for what may be published: plain files and folders, each file under one name, names that can be shown,
    no deeper and by their sizes no larger than a stage may leave (a file with holes takes no room, but time to read).

    Args:
        folder: that a stage has filled.
        most: bytes of all files together.
        who: the stage, for the error.

    Raises:
        BadOutput: there is something else.
        OSError: something cannot be read.
    """
    with closing(walk(folder, strict=True)) as things:
        files = [found for found in things if _accepted(found, folder, who)]
    size = sum(found.status.st_size for found in files)
    if size > most:
        largest = max(files, key=lambda found: found.status.st_size).path
        raise BadOutput(
            f"{who} left files of {size:,} bytes, more than the {most:,} it may (the largest is '{largest}'); "
            "if it needs that much, give stages more with --stage-output."
        )
    entries = []
    for found in sorted(files, key=lambda found: found.path.split("/")):
        path = folder / found.path
        sync_file(path)
        entries.append(FileEntry(path=found.path, size=found.status.st_size, sha256=file_digest(path)))
    return tuple(entries)


def _accepted(found: Found, folder: Path, who: str) -> bool:
    """Whether something is a file, or else a folder; its mode is mended before a walk goes on.

    Some libraries leave files that their writer alone can read: not those who share a store, nor a stage that runs as
    somebody else. The folders above the store's say who may come in.
    """
    problem = _problem(found)
    if problem:
        raise BadOutput(f"{who} left '{printable(found.path)}' in its output, {problem}.")
    (folder / found.path).chmod(_FOLDER_MODE if found.is_folder else _FILE_MODE)
    return found.is_file


def _problem(found: Found) -> str | None:
    """Why something may not be published."""
    if not found.path.isprintable():
        return "a name that cannot be shown"
    if found.path == MANIFEST:
        return "a name that is kept for the manifest"
    if found.too_deep:
        return f"more than {MOST_LEVELS} folders deep"
    if found.is_folder:
        return None
    if not found.is_file:
        return "which is no plain file (a link, a pipe, a device)"
    return None if found.status.st_nlink == 1 else "a file that has another name elsewhere (a hard link)"


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
