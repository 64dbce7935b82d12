"""One zip file whose bytes depend on its content alone, and which says at its end whether it is still whole.

Whoever reads one did not write it: names, kinds, sizes and counts are looked at before a byte is unpacked.
"""

from __future__ import annotations

import hashlib
import stat
import unicodedata
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO

from harness.files import atomic_path
from tasks.errors import DataError

#: The zip's comment: the SHA-256 of all bytes before it. Whatever flips on the way is found, headers and padding too.
_SEAL = "codestilts.submission/1 sha256 "
_SEAL_SIZE = len(_SEAL) + 64
_DATE = (1980, 1, 1, 0, 0, 0)
_MODE = (stat.S_IFREG | 0o644) << 16
_UNIX = 3

_MAX_PART, _MAX_NAME = 200, 900  # bytes; file systems allow 255 a part
_CHUNK = 1 << 20
_TAIL = 42  # bytes before the comment: the end record (22), and before it the locator of a larger kind of zip (20)


@dataclass(frozen=True, kw_only=True)
class ArchiveLimits:
    """What is unpacked at most: far above a row of the whole grid in forty languages (some 60 MB in 3,000 files).

    Attributes:
        files: how many.
        file: bytes of one, unpacked.
        total: bytes of all, unpacked.
        ratio: unpacked bytes for a packed one, beyond the first ``free``: constant predictions are small files, a bomb
            is a large one.
        free: see ``ratio``.
        directory: bytes of the list of files, which is read into memory as a whole.
    """

    files: int = 50_000
    file: int = 1 << 30
    total: int = 2 << 30
    ratio: int = 200
    free: int = 16 << 20
    directory: int = 16 << 20


LIMITS = ArchiveLimits()


def write_archive(out: Path, files: Iterable[tuple[str, Path]]) -> None:
    """Write files under their names, sorted; the same files give the same bytes (with the same zlib).

    Args:
        out: the archive, replaced as a whole.
        files: names inside, relative with forward slashes, and where the bytes are.
    """
    with atomic_path(out) as part:
        with zipfile.ZipFile(part, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
            for name, path in sorted(files):
                entry = zipfile.ZipInfo(name, _DATE)
                entry.compress_type = zipfile.ZIP_DEFLATED
                entry.create_system = _UNIX
                entry.external_attr = _MODE
                archive.writestr(entry, path.read_bytes())
            archive.comment = b" " * _SEAL_SIZE
        with part.open("r+b") as file:
            body = file.read()[:-_SEAL_SIZE]
            file.seek(len(body))
            file.write((_SEAL + hashlib.sha256(body).hexdigest()).encode())


def unpack(archive: Path, into: Path, limits: ArchiveLimits = LIMITS) -> None:
    """Unpack an archive into an empty folder.

    Raises:
        DataError: it is no archive of :func:`write_archive`, was changed since, or could do harm; nothing of a harmful
            one is written outside the folder.
    """
    if not archive.is_file():
        raise DataError("there is no such file", where=str(archive))
    _check_seal(archive, limits)
    try:
        with zipfile.ZipFile(archive) as found:
            entries = found.infolist()
            for complaint in _complaints(entries, limits):
                raise _refused(archive, complaint)
            for entry in entries:
                target = into.joinpath(*PurePosixPath(entry.filename).parts)
                target.parent.mkdir(parents=True, exist_ok=True)
                with found.open(entry) as source, target.open("xb") as sink:
                    _copy(source, sink, entry, archive)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, ValueError) as error:
        raise _refused(archive, f"it is not a readable zip file ({error})") from error
    except OSError as error:
        if isinstance(error, FileExistsError | NotADirectoryError | IsADirectoryError):
            raise _refused(archive, "one of its names is a folder of another") from error
        raise


def _check_seal(archive: Path, limits: ArchiveLimits) -> None:
    size = archive.stat().st_size - _SEAL_SIZE
    digest = hashlib.sha256()
    tail = b""
    with archive.open("rb") as file:
        left = max(size, 0)
        while left and (chunk := file.read(min(left, _CHUNK))):
            digest.update(chunk)
            tail = (tail + chunk)[-_TAIL:]
            left -= len(chunk)
        seal = file.read()
    if size < 0 or not seal.startswith(_SEAL.encode()):
        raise _refused(archive, "it does not end as a submission does", "it may be cut short: fetch it again")
    if seal.decode("ascii", "replace") != _SEAL + digest.hexdigest():
        raise _refused(archive, "its bytes are not those it was sealed with", "fetch it again, or pack it again")
    if tail[:4] == b"PK\x06\x07" or int.from_bytes(tail[-10:-6], "little") > limits.directory:
        raise _refused(archive, "its list of files is too long")


def _complaints(entries: list[zipfile.ZipInfo], limits: ArchiveLimits) -> Iterator[str]:
    """Why the entries cannot be unpacked; the first is enough."""
    if len(entries) > limits.files:
        yield f"it holds {len(entries):,} files, more than {limits.files:,}"
    seen: dict[str, str] = {}
    for entry in entries:
        name = entry.orig_filename  # the other ends at a null character
        if problem := _name_problem(name):
            yield f"{_shown(name)}: {problem}"
        folded = unicodedata.normalize("NFC", name).casefold()
        if folded in seen:
            twice = "is there twice" if seen[folded] == name else f"is the same as {_shown(seen[folded])} on some disks"
            yield f"{_shown(name)} {twice}"
        seen[folded] = name
        if problem := _entry_problem(entry, limits):
            yield f"{_shown(name)} {problem}"
    if sum(entry.file_size for entry in entries) > limits.total:
        yield f"it would unpack to more than {limits.total >> 30} GiB"
    end = 0
    for entry in sorted(entries, key=lambda entry: entry.header_offset):
        if entry.header_offset < end:
            yield f"{_shown(entry.filename)} shares its bytes with another file"
        end = entry.header_offset + entry.compress_size


def _name_problem(name: str) -> str | None:
    parts = name.split("/")
    if (
        not name
        or name.startswith("/")
        or "\\" in name
        or ":" in name
        or any(part in ("", ".", "..") for part in parts)
    ):
        return "a name must be relative, with plain parts"
    if any(unicodedata.category(character)[0] == "C" for character in name):
        return "a name must not hold control characters"
    if len(name.encode("utf-8", "replace")) > _MAX_NAME or any(len(part.encode("utf-8")) > _MAX_PART for part in parts):
        return "the name is too long"
    return None


def _entry_problem(entry: zipfile.ZipInfo, limits: ArchiveLimits) -> str | None:
    kind = stat.S_IFMT(entry.external_attr >> 16)
    if entry.is_dir() or kind not in (0, stat.S_IFREG):
        return "is not a plain file"
    if entry.flag_bits & 0x1:
        return "is encrypted"
    if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        return "is compressed in another way than deflate"
    if entry.file_size > limits.file:
        return f"would unpack to more than {limits.file >> 30} GiB"
    if entry.file_size > limits.free + limits.ratio * entry.compress_size:
        return f"would unpack to {entry.file_size:,} bytes from {entry.compress_size:,}"
    return None


def _copy(source: IO[bytes], sink: IO[bytes], entry: zipfile.ZipInfo, archive: Path) -> None:
    """Copy no more than was declared, whatever the stream goes on to hold."""
    left = entry.file_size
    while chunk := source.read(min(_CHUNK, left + 1)):
        left -= len(chunk)
        if left < 0:
            raise _refused(archive, f"{_shown(entry.filename)} holds more than it declares")
        sink.write(chunk)
    if left:
        raise _refused(archive, f"{_shown(entry.filename)} holds less than it declares")


def _shown(name: str) -> str:
    """A hostile name in a sentence: escaped and short."""
    text = ascii(name)
    return text if len(text) <= 80 else f"{text[:60]}...'"  # noqa: PLR2004 - a line of a terminal


def _refused(archive: Path, why: str, remedy: str = "ask whoever sent it for one made by 'submit pack'") -> DataError:
    return DataError(why, where=str(archive), remedy=remedy)
