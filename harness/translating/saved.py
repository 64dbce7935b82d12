"""Translations that are done, batch by batch, so that a run that was broken off goes on where it was."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Self

from harness.context import RESUME


class Saved:
    """Batches of one language in ``RESUME/LANG.jsonl``, in the order in which they were translated."""

    def __init__(self, out: Path, language: str) -> None:
        """``out`` is the stage's output folder."""
        self._file = out / RESUME / f"{language}.jsonl"
        self.batches: list[dict[str, Any]] = []

    def __enter__(self) -> Self:
        """Read what there is; a last line that was cut off is no batch."""
        self._file.parent.mkdir(exist_ok=True)
        whole = 0
        if self._file.exists():
            for line in self._file.read_bytes().splitlines(keepends=True):
                try:
                    batch = json.loads(line) if line.endswith(b"\n") else None
                except ValueError:
                    batch = None
                if not isinstance(batch, dict):
                    break
                self.batches.append(batch)
                whole += len(line)
        self._open = self._file.open("ab")
        self._open.truncate(whole)
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    def add(self, batch: dict[str, Any]) -> None:
        """Write down one more batch."""
        self.batches.append(batch)
        self._open.write(json.dumps(batch, ensure_ascii=False).encode() + b"\n")
        self._open.flush()
