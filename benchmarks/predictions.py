"""What the reproducibility scripts share: running a suite as a person would, and the digests of what it predicted."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from harness.files import file_digest
from harness.store.artifacts import Store


def command(suite: str, store: Path, data: Path | None, extra: Sequence[str] = ()) -> list[str]:
    """The command line of one run."""
    found = [sys.executable, "-m", "harness.cli", "run", suite, "--store", str(store), "--json", *extra]
    return [*found, "--data", str(data)] if data else found


def run(suite: str, store: Path, data: Path | None, extra: Sequence[str] = ()) -> None:
    """Run a suite to its end; raises CalledProcessError if a stage fails."""
    subprocess.run(command(suite, store, data, extra), check=True, stdout=subprocess.DEVNULL)


def prediction_digests(store: Path) -> dict[str, str]:
    """SHA-256 of every prediction file, by stage key and path."""
    held = Store(store)
    return {
        f"{key}/{path.relative_to(held.folder(key)).as_posix()}": file_digest(path)
        for key in held
        for path in sorted((held.folder(key) / "predictions").rglob("*"))
        if path.is_file()
    }


def compare(left: dict[str, str], right: dict[str, str]) -> list[str]:
    """Prediction files that only one side has or that differ."""
    return sorted(name for name in left.keys() | right.keys() if left.get(name) != right.get(name))
