"""Saved embeddings, and the texts they belong to."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from harness.retrieval.knn import unit_rows
from harness.retrieval.pairs import Side
from tasks.errors import DataError, UserError


def read_embeddings(path: Path) -> npt.NDArray[Any]:
    """The matrix of a ``.npy`` file (sentences, width), not loaded but mapped.

    Raises:
        DataError: the file is missing, no array of numbers with a fraction, or not two-dimensional.
    """
    try:
        # Pickled objects could run code, and are no embeddings.
        matrix: npt.NDArray[Any] = np.load(path, mmap_mode="r", allow_pickle=False)
    except FileNotFoundError:
        raise DataError("no such file", where=str(path)) from None
    except (OSError, ValueError, EOFError) as error:
        reason = " ".join(str(error).split())
        raise DataError(f"not a NumPy array ({reason})", where=str(path), remedy="save one by numpy.save") from None
    if not isinstance(matrix, np.ndarray):
        raise DataError("an archive of arrays", where=str(path), remedy="give one array, saved by numpy.save")
    if matrix.ndim != 2:  # noqa: PLR2004
        raise DataError(f"it has {matrix.ndim} dimensions, not two (sentences, width)", where=str(path))
    if not np.issubdtype(matrix.dtype, np.floating):
        raise DataError(f"it holds {matrix.dtype}, not floating-point numbers", where=str(path))
    if 0 in matrix.shape:
        raise DataError(f"it is empty, {matrix.shape[0]} by {matrix.shape[1]}", where=str(path))
    return matrix


def read_text(path: Path) -> list[str]:
    """The lines of a text, one sentence each, without line ends and byte order mark.

    Raises:
        DataError: the file is missing, empty, not UTF-8, or a line is empty; the line is named.
    """
    try:
        raw = path.read_bytes()
    except FileNotFoundError:
        raise DataError("no such file", where=str(path)) from None
    except OSError as error:
        raise DataError(f"cannot be read ({error.strerror})", where=str(path)) from None
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise DataError(f"byte {raw[error.start]:#04x} is not UTF-8", where=f"{path}, line {line}") from None
    lines = text.split("\n")
    if lines[-1] == "":
        lines.pop()
    lines = [line.removesuffix("\r") for line in lines]
    if not lines:
        raise DataError("the file is empty", where=str(path))
    empty = next((number for number, line in enumerate(lines, start=1) if not line.strip()), None)
    if empty is not None:
        raise DataError("the line is empty", where=f"{path}, line {empty}", remedy="one sentence a line")
    return lines


def group_lines(lines: list[str]) -> list[npt.NDArray[np.int64]]:
    """For each different line, in order of first appearance, its rows."""
    members: dict[str, list[int]] = {}
    for row, line in enumerate(lines):
        members.setdefault(line, []).append(row)
    return [np.array(rows, dtype=np.int64) for rows in members.values()]


def side_of_texts(
    lines: list[str],
    embed: Callable[[Sequence[str]], npt.NDArray[np.float32]],
    *,
    name: str,
    memory: int,
    width: int,
) -> Side:
    """One side from its lines; each different one is embedded once.

    Raises:
        UserError: the embeddings need more memory than there is.
    """
    rows = group_lines(lines)
    _require_memory(len(rows), width, name, memory)
    vectors = unit_rows(embed([lines[each[0]] for each in rows]), name=f"{name} embeddings")
    return Side(name=name, vectors=vectors, rows=rows, count=len(lines))


def _require_memory(count: int, width: int, name: str, memory: int) -> None:
    needed = count * width * 4
    if needed > memory:
        raise UserError(
            f"the {name} embeddings need {needed / 1e9:.1f} GB of memory, and {max(memory, 0) / 1e9:.1f} GB are left",
            where="--memory",
            remedy="allow more, or mine a part at a time",
        )


def read_side(path: Path, text: Path | None, *, name: str, memory: int) -> Side:
    """One side from its embeddings, repeated lines of its text taken together.

    Args:
        path: of the embeddings.
        text: its sentences, or None: every row is a sentence of its own.
        name: of the side, for messages.
        memory: bytes that may be used.

    Raises:
        UserError: a file cannot be used, text and embeddings differ in length, a row has no direction, or the unit
            embeddings need more memory.
    """
    matrix = read_embeddings(path)
    count = len(matrix)
    if text is None:
        rows = [np.array([row], dtype=np.int64) for row in range(count)]
        chosen = None
    else:
        lines = read_text(text)
        if len(lines) != count:
            raise DataError(
                f"{count:,} embeddings for {len(lines):,} lines of {text}", where=str(path), remedy="give one a line"
            )
        rows = group_lines(lines)
        chosen = np.array([each[-1] for each in rows], dtype=np.int64)
    _require_memory(count if chosen is None else len(chosen), matrix.shape[1], name, memory)
    vectors = unit_rows(matrix, name=f"{name} embeddings ({path})", rows=chosen)
    return Side(name=name, vectors=vectors, rows=rows, count=count)
