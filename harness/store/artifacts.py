"""The store: a folder of artifacts by key. Complete or absent, never half there.

STORE/
  store.json             schema version
  lock                   held by the one run that may write
  artifacts/KE/KEY/      files and manifest.json
  tmp/                   work in progress; emptied at the start of a run
  unfinished/KEY/        saved state of an unfinished training
  encoded/DIGEST/        training rows as pieces, for the next stage with the same rows and tokenizer
  runs/RUN.jsonl         the ledger
  logs/RUN/              a log file a stage
  results/SUITE, site/SUITE
"""

from __future__ import annotations

import errno
import fcntl
import fnmatch
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path

from harness.errors import FailureClass, StoreError
from harness.files import file_digest, read_json, write_text
from harness.store.manifest import MANIFEST, MOST_BYTES, Manifest, describe_files, read_manifest, sync_folder
from harness.store.unfinished import Unfinished
from harness.trees import remove_tree

SCHEMA = 1


class State(StrEnum):
    """The state of the artifact of a key."""

    PRESENT = "present"
    DROPPED = "dropped"  # satisfied, but transient files are gone
    ABSENT = "absent"
    CORRUPT = "corrupt"


@dataclass(frozen=True, kw_only=True)
class StoredArtifact:
    """An artifact as the store finds it; ``problem`` describes the fault of a corrupt one."""

    state: State
    folder: Path
    manifest: Manifest | None = None
    problem: str | None = None


class Store:
    """Artifacts by key under one folder."""

    def __init__(self, root: Path) -> None:
        """Open a store, making it if it is not there.

        Raises:
            StoreError: it cannot be written, is not a store, or was written by a newer version.
        """
        self.root = root
        try:
            self._open()
        except OSError as error:
            raise disk_error(error, root) from error

    def _open(self) -> None:
        marker = self.root / "store.json"
        if marker.is_file():
            try:
                schema = read_json(marker)["schema"]
            except (ValueError, KeyError, TypeError) as error:
                raise StoreError(
                    "store.json is damaged",
                    where=str(self.root),
                    remedy=f'restore it ({{"schema": {SCHEMA}}}) or use another --store',
                ) from error
            if schema > SCHEMA:
                raise StoreError(
                    f"was written by a newer version (schema {schema}, this one reads {SCHEMA})",
                    where=str(self.root),
                    remedy="use that version, or another --store",
                )
        elif self.root.is_dir() and any(self.root.iterdir()):
            raise StoreError("is not empty and not a store", where=str(self.root), remedy="give another --store")
        else:
            self.root.mkdir(parents=True, exist_ok=True)
            write_text(marker, f'{{"schema": {SCHEMA}}}\n')
        if not os.access(self.root, os.W_OK):
            raise StoreError(
                "cannot be written", where=str(self.root), remedy="mend its permissions or use another --store"
            )
        for name in ("artifacts", "tmp", "runs", "logs"):
            (self.root / name).mkdir(exist_ok=True)

    def folder(self, key: str) -> Path:
        """Where the artifact of a key lies or would lie."""
        return self.root / "artifacts" / key[:2] / key

    def look(self, key: str) -> StoredArtifact:
        """Return the stored artifact; manifest and sizes are checked, contents only by :meth:`verify`."""
        folder = self.folder(key)
        try:
            manifest = read_manifest(folder)
        except FileNotFoundError:
            return StoredArtifact(state=State.ABSENT, folder=folder)
        except (ValueError, OSError) as error:
            return StoredArtifact(state=State.CORRUPT, folder=folder, problem=f"{MANIFEST}: {error}")
        for entry in manifest.files:
            if entry.dropped:
                continue
            try:
                size = (folder / entry.path).stat().st_size
            except OSError:
                return StoredArtifact(state=State.CORRUPT, folder=folder, problem=f"{entry.path} is missing")
            if size != entry.size:
                problem = f"{entry.path} has {size} bytes, the manifest says {entry.size}"
                return StoredArtifact(state=State.CORRUPT, folder=folder, problem=problem)
        state = State.DROPPED if manifest.dropped else State.PRESENT
        return StoredArtifact(state=state, folder=folder, manifest=manifest)

    def verify(self, key: str) -> StoredArtifact:
        """Like :meth:`look`, with every file read and hashed."""
        held = self.look(key)
        if held.manifest is None:
            return held
        for entry in held.manifest.files:
            if not entry.dropped and file_digest(held.folder / entry.path) != entry.sha256:
                return replace(held, state=State.CORRUPT, problem=f"{entry.path} does not match its SHA-256")
        return held

    def __iter__(self) -> Iterator[str]:
        """Keys of all artifacts, sorted."""
        for prefix in sorted((self.root / "artifacts").iterdir()):
            yield from (folder.name for folder in sorted(prefix.iterdir()))

    def publish(self, work: Path, manifest: Manifest, *, most: int = MOST_BYTES) -> Manifest:
        """Turn a work folder into the artifact of ``manifest.key``; the last step is a rename.

        An artifact already there under the key (corrupt, dropped, or made again on purpose) is replaced.

        Args:
            work: holds files and folders that :func:`describe_files` accepts.
            manifest: without the files.
            most: bytes that all files together may have.

        Raises:
            BadOutput: something in the folder may not be published.
            StoreError: the disk is full, or fails.
        """
        try:
            complete = replace(manifest, files=describe_files(work, most=most, who=manifest.name))
            complete.write(work)
            target = self.folder(manifest.key)
            target.parent.mkdir(exist_ok=True)
            if target.exists():
                old = self.root / "tmp" / f"old-{manifest.key}"
                remove_tree(old)
                target.rename(old)
                work.rename(target)
                remove_tree(old)
            else:
                work.rename(target)
            sync_folder(target.parent)
        except OSError as error:
            raise disk_error(error, self.root) from error
        return complete

    def drop_files(self, key: str, patterns: tuple[str, ...]) -> int:
        """Let transient files of an artifact go; its key stays satisfied. The bytes freed.

        The manifest records it first, so it is true even after a crash, and ``gc`` removes the remaining files.
        """
        held = self.look(key)
        if held.state is not State.PRESENT or held.manifest is None:
            return 0
        gone = [entry for entry in held.manifest.files if any(fnmatch.fnmatch(entry.path, p) for p in patterns)]
        files = tuple(replace(entry, dropped=True) if entry in gone else entry for entry in held.manifest.files)
        replace(held.manifest, files=files).write(held.folder)
        for entry in gone:
            (held.folder / entry.path).unlink(missing_ok=True)
        return sum(entry.size for entry in gone)

    def remove(self, key: str) -> None:
        """Remove an artifact; its manifest goes first, so that it never looks finished after a crash."""
        (self.folder(key) / MANIFEST).unlink(missing_ok=True)
        remove_tree(self.folder(key))

    def clear_tmp(self) -> None:
        """Remove the files of interrupted runs except saved states; requires the lock."""
        Unfinished(self.root).salvage()
        for path in (self.root / "tmp").iterdir():
            remove_tree(path)

    @contextmanager
    def locked(self, waiting: Callable[[str], None]) -> Iterator[None]:
        """Hold the store's lock; waits for another run, telling ``waiting`` once who holds it.

        The kernel frees the lock with the process, however it ends.
        """
        with (self.root / "lock").open("a+", encoding="utf-8") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                file.seek(0)
                waiting(file.read().strip() or "another process")
                fcntl.flock(file, fcntl.LOCK_EX)
            file.seek(0)
            file.truncate()
            file.write(f"process {os.getpid()} on {os.uname().nodename}")
            file.flush()
            yield


def disk_error(error: OSError, root: Path) -> StoreError:
    """An operating-system error as a sentence with its remedy."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return StoreError(
            "the disk is full",
            where=str(root),
            remedy="free space ('codestilts store gc' removes what no suite needs) and run again",
            failure_class=FailureClass.DISK_FULL,
        )
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return StoreError("cannot be written", where=str(root), remedy="mend its permissions or use another --store")
    if error.errno in (errno.ENOTDIR, errno.EEXIST):
        return StoreError("is a file, or lies below one", where=str(root), remedy="give a folder as --store")
    return StoreError(f"cannot be used ({error.strerror or error})", where=str(root), remedy="use another --store")
