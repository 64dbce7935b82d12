"""Archives that somebody else made: only files that are wanted, never outside a folder, all of them or none."""

from __future__ import annotations

import bz2
import gzip
import lzma
import shutil
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import IO, Any

from harness.errors import EnvironmentFault
from tasks.errors import DataError

_TAR_ENDS = (".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tbz2", ".tbz", ".tar.xz", ".txz")
_SINGLE: dict[str, Callable[[Path], Any]] = {".gz": gzip.open, ".bz2": bz2.open, ".xz": lzma.open}
_MOST = 16 * 2**30  # bytes of one file; no release has a larger one
_CHUNK = 2**20
_BROKEN = (
    zipfile.BadZipFile,
    tarfile.TarError,
    zlib.error,
    lzma.LZMAError,
    EOFError,
    OSError,
    NotImplementedError,
    RuntimeError,
    ValueError,
)

#: Whether a file of an archive is wanted, by the parts of its path there.
Wanted = Callable[[tuple[str, ...]], bool]


def stem(name: str) -> str | None:
    """What an archive's name is without its ending; None if the name is none of an archive."""
    lower = name.lower()
    for end in (".zip", *_TAR_ENDS, *_SINGLE):
        if lower.endswith(end) and len(name) > len(end):
            return name[: -len(end)]
    return None


def is_single(name: str) -> bool:
    """Whether a name is that of one compressed file."""
    return name.lower().endswith(tuple(_SINGLE)) and not name.lower().endswith(_TAR_ENDS)


def unpack(path: Path, wanted: Wanted, into: Path) -> list[tuple[tuple[str, ...], Path]]:
    """Write the files of an archive that are wanted into an empty folder; the parts of their paths, and where they lie.

    Links and devices in it are passed over, and nothing is ever written but plain files named by number.

    Raises:
        DataError: it is cut short or none, is locked by a password, or names a file outside of itself. Nothing of it is
            left.
        EnvironmentFault: there is no room for it.
    """
    into.mkdir(parents=True)
    found: list[tuple[tuple[str, ...], Path]] = []
    try:
        for parts, size, file in _members(path):
            if not wanted(parts):
                continue
            _check_room(size, into, path)
            target = into / f"{len(found):05}"
            with file() as source, target.open("wb") as out:
                _copy(source, out, path)
            found.append((parts, target))
    except _BROKEN as error:
        shutil.rmtree(into)
        reason = str(error).split("\n", 1)[0][:120] or type(error).__name__
        raise DataError(f"no whole archive ({reason})", where=str(path), remedy="fetch it again") from error
    except (DataError, EnvironmentFault):
        shutil.rmtree(into)
        raise
    return found


_Member = tuple[tuple[str, ...], int, Callable[[], Any]]


def _members(path: Path) -> Iterator[_Member]:
    lower = path.name.lower()
    if lower.endswith(".zip"):
        with zipfile.ZipFile(path) as archive:
            for entry in archive.infolist():
                parts = _inside(entry.filename, path)
                if not entry.is_dir():
                    yield parts, entry.file_size, lambda entry=entry: archive.open(entry)  # type: ignore[misc]
    elif is_single(path.name):
        opener = _SINGLE[path.suffix.lower()]
        yield (path.name[: -len(path.suffix)],), 0, lambda: opener(path)
    else:
        with _tar(path) as tar:
            for member in tar:
                parts = _inside(member.name, path)
                if member.isreg():
                    yield parts, member.size, lambda member=member: tar.extractfile(member)  # type: ignore[misc]


@contextmanager
def _tar(path: Path) -> Iterator[tarfile.TarFile]:
    with tarfile.open(path, errorlevel=1) as tar:
        yield tar


def _inside(name: str, path: Path) -> tuple[str, ...]:
    """The parts of a name in an archive.

    Raises:
        DataError: it would lie outside of the archive's own folder.
    """
    plain = PurePosixPath(name.replace("\\", "/"))
    if plain.is_absolute() or ".." in plain.parts or ":" in (plain.parts or ("",))[0] or "\0" in name:
        raise DataError(
            f"names a file outside of itself, {name!r:.80}",
            where=str(path),
            remedy="nothing was taken from it; get the archive from its publisher",
        )
    return plain.parts or (path.name,)


def _check_room(size: int, into: Path, path: Path) -> None:
    if size > _MOST:
        raise DataError(f"holds a file of {size:,} bytes, more than any release", where=str(path))
    free = shutil.disk_usage(into).free
    if size > free:
        raise EnvironmentFault(f"{size:,} bytes are to be unpacked, and {free:,} are free", where=str(into))


def _copy(source: IO[bytes], out: IO[bytes], path: Path) -> None:
    """Whatever an archive says of a file's size, it is what comes that counts."""
    total = 0
    while chunk := source.read(_CHUNK):
        total += len(chunk)
        if total > _MOST:
            raise DataError(f"holds a file of more than {_MOST:,} bytes", where=str(path))
        out.write(chunk)
