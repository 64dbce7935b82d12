"""Downloads files of a listing into a folder: sizes first, resumable, each checked against every digest there is."""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from huggingface_hub import get_session, hf_hub_url
from huggingface_hub.utils import build_hf_headers, hf_raise_for_status

from harness.data.hub.patience import Patience
from harness.data.hub.repository import HubFile, Listing, endpoint
from harness.errors import EnvironmentFault, FailureClass, SpecError

Progress = Callable[[float, str], None]

_CHUNK = 1 << 20
#: Seconds of silence after which a connection counts as broken.
_TIMEOUT = 30.0
#: Seconds between two words about a download.
_EVERY = 0.2


@dataclass(frozen=True, kw_only=True)
class Fetched:
    """A file as it lies on the disk now. ``sha256`` is of its bytes, computed here."""

    path: str
    size: int
    sha256: str


def download(
    listing: Listing,
    files: Iterable[HubFile],
    folder: Path,
    *,
    pinned: Mapping[str, str] | None = None,
    progress: Progress = lambda _fraction, _note: None,
) -> list[Fetched]:
    """Download files to ``folder``, under their paths; what is there already, with the right bytes, is kept.

    A download that broke off has left ``.NAME.*.part`` beside its place and goes on from there, with a range request.

    Args:
        listing: what the hub said.
        files: some of its files.
        folder: made if need be.
        pinned: SHA-256 by path, as a spec records them.
        progress: hears of every few megabytes, and of every wait.

    Raises:
        SpecError: bytes differ from the pinned ones (before anything is downloaded where the hub tells), or the
            repository is gated or gone.
        EnvironmentFault: the network fails, bytes differ from what the hub says of them, or the disk is too small.
    """
    wanted, pins = list(files), dict(pinned or {})
    for file in wanted:
        _check_pin(listing, file, pins, file.sha256)
    counter = _Counter(sum(file.size for file in wanted), progress)
    done = []
    for file in wanted:
        target = _inside(folder, file.path, listing)
        counter.name = file.path
        found = _digests(target) if target.is_file() else None
        if found is None or not _agrees(found, file):
            target.parent.mkdir(parents=True, exist_ok=True)
            _room(target.parent, file, listing)
            found = _download(listing, file, target, counter)
        else:
            counter.add(file.size)
        _check_pin(listing, file, pins, found.sha256)
        done.append(Fetched(path=file.path, size=file.size, sha256=found.sha256))
    return done


# Not huggingface_hub's own transfer (2.4): it writes to a file of a random name, removes it on failure, and never looks
# for one of another process, so that a download that was killed would start again from nothing.
def _download(listing: Listing, file: HubFile, target: Path, counter: _Counter) -> _Digests:
    """One file; once more from the beginning if bytes of an earlier attempt turn out to be wrong."""
    identity = (file.sha256 or file.blob or listing.repository.revision)[:16]
    part = target.with_name(f".{target.name}.{identity}.part")
    with _held(part, listing) as out:
        for last in (False, True):
            begun = out.seek(0, os.SEEK_END)
            if begun > file.size:
                begun = out.truncate(0)
            counter.add(begun)
            _stream(listing, file, out, counter)
            out.flush()
            found = _digests(part)
            if _agrees(found, file):
                break
            out.truncate(0)
            counter.add(-found.size)
            if last or not begun:
                raise EnvironmentFault(
                    f"'{file.path}' came with other bytes than the hub says it has",
                    where=str(listing.repository),
                    remedy="run again; if it happens again, something between here and the hub changes files",
                    failure_class=FailureClass.NETWORK,
                )
        os.fsync(out.fileno())
        part.replace(target)
    return found


def _stream(listing: Listing, file: HubFile, out: IO[bytes], counter: _Counter) -> None:
    """Append what is missing of a file to ``out``."""
    repository = listing.repository
    url = hf_hub_url(
        repository.id, file.path, repo_type=repository.kind, revision=repository.revision, endpoint=endpoint()
    )
    patience = Patience(repository, counter.say)

    def request() -> None:
        have = out.seek(0, os.SEEK_END)
        if have == file.size:
            return
        # Bytes as they are: a compressed answer could not be resumed.
        headers = build_hf_headers(token=os.environ.get("HF_TOKEN") or False) | {"Accept-Encoding": "identity"}
        if have:
            headers["Range"] = f"bytes={have}-"
        with get_session().stream("GET", url, headers=headers, timeout=_TIMEOUT) as response:
            if response.is_error:
                response.read()
            hf_raise_for_status(response)
            if have and response.status_code != 206:  # noqa: PLR2004 - Partial Content: else it comes from the start
                out.truncate(0)
                out.seek(0)
                counter.add(-have)
            for chunk in response.iter_bytes(_CHUNK):
                out.write(chunk)
                counter.add(len(chunk))
                patience.gained()

    patience.ask(request)


@contextmanager
def _held(part: Path, listing: Listing) -> Iterator[IO[bytes]]:
    """The partial file, opened to append, for this process alone."""
    with part.open("ab") as out:
        try:
            fcntl.flock(out, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise EnvironmentFault(
                f"another process is downloading to {part.parent}",
                where=str(listing.repository),
                remedy="wait for it, then run again",
                failure_class=FailureClass.NETWORK,
            ) from error
        yield out


@dataclass(frozen=True, kw_only=True)
class _Digests:
    size: int
    sha256: str
    blob: str


def _digests(path: Path) -> _Digests:
    """SHA-256, and the hash by which git would know the file, in one reading."""
    size = path.stat().st_size
    plain, blob = hashlib.sha256(), hashlib.sha1(b"blob %d\0" % size, usedforsecurity=False)
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            plain.update(chunk)
            blob.update(chunk)
    return _Digests(size=size, sha256=plain.hexdigest(), blob=blob.hexdigest())


def _agrees(found: _Digests, file: HubFile) -> bool:
    return (
        found.size == file.size
        and file.sha256 in (None, found.sha256)
        and (file.blob is None or len(file.blob) != len(found.blob) or file.blob == found.blob)
    )


def _check_pin(listing: Listing, file: HubFile, pins: Mapping[str, str], sha256: str | None) -> None:
    pin = pins.get(file.path)
    if pin is not None and sha256 is not None and pin != sha256:
        raise SpecError(
            f"'{file.path}' has SHA-256 {sha256}, recorded is {pin}",
            where=str(listing.repository),
            remedy="do not go on with other bytes; find out who changed the file, the revision or the record",
        )


def _inside(folder: Path, path: str, listing: Listing) -> Path:
    target = folder / path
    if not target.resolve().is_relative_to(folder.resolve()):
        raise SpecError(f"file name '{path}' points outside the repository", where=str(listing.repository))
    return target


def _room(folder: Path, file: HubFile, listing: Listing) -> None:
    free = shutil.disk_usage(folder).free
    if free < file.size:
        raise EnvironmentFault(
            f"'{file.path}' has {megabytes(file.size)}, the disk of {folder} has {megabytes(free)} free",
            where=str(listing.repository),
            remedy="free space, then run again",
            failure_class=FailureClass.DISK_FULL,
        )


def megabytes(size: int) -> str:
    """A size for people."""
    return f"{size / 1e6:,.1f} MB" if size < 1e8 else f"{size / 1e6:,.0f} MB"  # noqa: PLR2004 - a hundred


class _Counter:
    """Bytes that have come, of all that will, told now and then."""

    def __init__(self, total: int, progress: Progress) -> None:
        self.name = ""
        self._total = total
        self._have = 0
        self._progress = progress
        self._told = 0.0

    def add(self, count: int) -> None:
        self._have += count
        if time.monotonic() - self._told > _EVERY:
            self.say("")

    def say(self, note: str) -> None:
        self._told = time.monotonic()
        text = f"downloading {self.name}, {megabytes(self._have)} of {megabytes(self._total)}"
        self._progress(self._have / self._total if self._total else 1.0, f"{text}: {note}" if note else text)
