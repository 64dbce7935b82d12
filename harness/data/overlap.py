"""Text that stands both in what is trained on and in what is scored: found by comparing normalised passages."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TypeVar

from tasks.rows import Row, read_json_lines

RowT = TypeVar("RowT", bound=Row)

_TEXT_FIELDS = ("text_a", "text_b", "context", "question", "prompt", "text")


def normalise(text: str) -> str:
    """Compatibility form, case folded, white space collapsed: the form in which passages are compared."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def passages(rows: Iterable[Row]) -> set[str]:
    """The normalised passages of rows (a pair counts as a whole, a question by its context)."""
    return {normalise(text) for row in rows for text in row.texts()}


def without(rows: Sequence[RowT], scored: set[str]) -> tuple[list[RowT], int]:
    """Rows none of whose passages is scored, and how many were removed."""
    kept = [row for row in rows if not any(normalise(text) in scored for text in row.texts())]
    return kept, len(rows) - len(kept)


def sentences(row: Row) -> tuple[str, ...]:
    """Every text of a row on its own, as a document for pretraining. Never an answer or a label."""
    tokens = getattr(row, "tokens", None)
    if tokens is not None:
        return (" ".join(tokens),)
    found = (getattr(row, field, None) for field in _TEXT_FIELDS)
    return tuple(dict.fromkeys(text for text in found if isinstance(text, str) and text))


def sentences_of_files(files: Iterable[Path]) -> set[str]:
    """All normalised texts of inputs files, whatever their type."""
    found: set[str] = set()
    for path in files:
        for record in read_json_lines(path):
            if "tokens" in record:
                found.add(normalise(" ".join(record["tokens"])))
            found |= {normalise(record[field]) for field in _TEXT_FIELDS if field in record}
    return found
