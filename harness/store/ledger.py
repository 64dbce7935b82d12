"""The append-only ledger of a run: one JSON line an event, so that a crash loses at most the line being written."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from harness.errors import printable

SCHEMA = 1


def now() -> str:
    """The time in UTC, to the millisecond."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")


class Ledger:
    """Writes one run's events. Thread-safe: each event is one ``write`` of one line."""

    def __init__(self, store: Path, run: str) -> None:
        self.run = run
        self.path = store / "runs" / f"{run}.jsonl"
        self.logs = store / "logs" / run
        self.logs.mkdir(parents=True, exist_ok=True)
        self._descriptor = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)

    def write(self, event: str, **fields: Any) -> None:
        """Append an event with the time. What UTF-8 cannot say, a lone surrogate, is written as a question mark."""
        line = json.dumps({"event": event, "time": now(), **fields}, sort_keys=True, ensure_ascii=False) + "\n"
        os.write(self._descriptor, line.encode(errors="replace"))

    def close(self) -> None:
        """Sync and close."""
        os.fsync(self._descriptor)
        os.close(self._descriptor)


def new_run_id(store: Path) -> str:
    """A name for a run that sorts by time and is not taken."""
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%S")
    taken = {path.stem for path in (store / "runs").glob("*.jsonl")}
    number = 1
    while (name := f"{stamp}-{number}") in taken:
        number += 1
    return name


def latest_run(store: Path) -> str | None:
    """The id of the last run, or None."""
    runs = sorted((store / "runs").glob("*.jsonl"), key=lambda path: (path.stem[:15], len(path.stem), path.stem))
    return runs[-1].stem if runs else None


def read_events(store: Path, run: str) -> Iterator[Mapping[str, Any]]:
    """The events of a run, all their texts printable; a last line cut by a crash is left out."""
    with (store / "runs" / f"{run}.jsonl").open(encoding="utf-8", errors="replace") as file:
        for line in file:
            try:
                event = _printable(json.loads(line))
            except (ValueError, RecursionError):
                continue
            if isinstance(event, dict):
                yield event


def _printable(value: Any) -> Any:
    match value:
        case str():
            return printable(value)
        case dict():
            return {printable(name): _printable(inner) for name, inner in value.items()}
        case list():
            return [_printable(inner) for inner in value]
    return value
