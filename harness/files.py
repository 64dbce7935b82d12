"""How files are written: atomically, as JSON; canonical JSON and SHA-256 digests for keys."""

from __future__ import annotations

import hashlib
import json
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any


def canonical_json(value: Any) -> str:
    """Sorted keys, no white space, no NaN; raises ValueError or TypeError on what JSON cannot say."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def digest(value: Any) -> str:
    """SHA-256 of the canonical JSON, as hexadecimal digits."""
    return hashlib.sha256(canonical_json(value).encode()).hexdigest()


def file_digest(path: Path) -> str:
    """SHA-256 of a file's bytes, as hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@contextmanager
def atomic_path(path: Path, *, sole_writer: bool = False) -> Iterator[Path]:
    """A path in the same folder to write to; renamed to ``path`` when the block ends, removed when it raises.

    Args:
        path: the file to create or to replace as a whole.
        sole_writer: no other process writes this file at the same time, so the name is always the same and a process
            that is killed leaves one partial file at most.
    """
    part = path.with_name(f".{path.name}.part" if sole_writer else f".{path.name}.{secrets.token_hex(4)}")
    try:
        yield part
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


@contextmanager
def atomic_write(path: Path, *, durable: bool = False, sole_writer: bool = False) -> Iterator[IO[bytes]]:
    """A binary file that appears at ``path``, whole, when the block ends, and not at all when it raises.

    Args:
        path: the file to create or to replace.
        durable: force its bytes to disk before the rename.
        sole_writer: see :func:`atomic_path`.
    """
    with atomic_path(path, sole_writer=sole_writer) as part, part.open("wb") as file:
        yield file
        if durable:
            file.flush()
            os.fsync(file.fileno())


def write_text(path: Path, text: str, *, durable: bool = False, sole_writer: bool = False) -> None:
    """Write a text atomically, as UTF-8; the options are those of :func:`atomic_write`."""
    with atomic_write(path, durable=durable, sole_writer=sole_writer) as file:
        file.write(text.encode())


def write_json(path: Path, value: Any, *, indent: int | None = 2) -> None:
    """Write JSON atomically: sorted keys, so that equal values give equal bytes; compact without ``indent``.

    Raises:
        ValueError, TypeError: JSON cannot express the value (NaN among others).
    """
    write_text(path, json_text(value, indent=indent))


def json_text(value: Any, *, indent: int | None = 2) -> str:
    """What :func:`write_json` writes."""
    if indent is None:
        return canonical_json(value) + "\n"
    return json.dumps(value, sort_keys=True, indent=indent, ensure_ascii=False, allow_nan=False) + "\n"


def read_json(path: Path) -> Any:
    """The value of a JSON file, in UTF-8.

    Raises:
        OSError: it cannot be read.
        ValueError: it is not JSON.
    """
    return json.loads(path.read_text(encoding="utf-8"))
