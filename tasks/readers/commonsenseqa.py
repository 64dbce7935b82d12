"""CommonsenseQA's release files: one JSON object a line, five choices with letters, the right letter beside them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tasks.readers.base import ReadResult, checked_label, fail, read_lines, refuse_repeated_ids
from tasks.rows import MultipleChoice


def read_commonsenseqa(paths: Sequence[Path], *, language: str, labels: Sequence[str]) -> ReadResult:  # noqa: ARG001
    """One row a question; without ``answerKey`` (the test file) it has no label."""
    rows = [
        _row(line, path, number)
        for path in paths
        for number, line in enumerate(read_lines(path), start=1)
        if line.strip()
    ]
    refuse_repeated_ids(rows, paths)
    return ReadResult(rows=list(rows))


def _row(line: str, path: Path, number: int) -> MultipleChoice:
    try:
        record = json.loads(line)
    except json.JSONDecodeError as error:
        fail(f"not JSON ({error.msg})", path, number, remedy="the file may be cut short; fetch it again")
    try:
        name, question = record["id"], record["question"]
        letters = [choice["label"] for choice in question["choices"]]
        texts = tuple(choice["text"] for choice in question["choices"])
        return MultipleChoice(
            id=name, unit=name, prompt=question["stem"], choices=texts, label=_label(record, letters, path, number)
        )
    except (KeyError, TypeError) as error:
        fail(f"not a CommonsenseQA record: {error} is missing or of another kind", path, number)


def _label(record: dict[str, Any], letters: list[str], path: Path, number: int) -> int | None:
    answer = record.get("answerKey")
    return letters.index(checked_label(answer, letters, path, number)) if answer else None
