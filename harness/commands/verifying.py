"""What ``verify`` and ``submit accept`` share: a verifier made from their options."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from harness.console import progress
from harness.data import data_folder
from harness.errors import StoreError
from harness.publish.check import Means, Verifier
from harness.store.artifacts import Store
from tasks.errors import DataError


@contextmanager
def verifier(
    data: Path | None, store: Path | None, labels: Path | None, suite: str | None, *, counts: bool = False
) -> Iterator[Verifier]:
    """A verifier with a folder of its own for what it makes.

    Raises:
        UserError: one of the folders is not there.
    """
    folder = data_folder(data)
    for path in (folder, labels):
        if path is not None and not path.is_dir():
            raise DataError("no such folder", where=str(path))
    if store is not None and not (store / "store.json").is_file():
        raise StoreError("is not a store", where=str(store), remedy="give the right --store")
    with tempfile.TemporaryDirectory(prefix="codestilts-verify-") as name, progress("verifying") as told:
        held = Store(store) if store is not None else None
        yield Verifier(
            Means(data=folder, store=held, labels=labels, suite=suite, counts=counts, scratch=Path(name)), told
        )
