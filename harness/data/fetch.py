"""Fetching tables of the hub below a data directory: the only step for data sets that reaches out.

``hub/OWNER--NAME/REVISION/CONFIG/SPLIT`` holds a table's Parquet files; ``fetched.json`` beside them, written last,
says that all are there and which bytes they have. A token is read from ``HF_TOKEN`` by the client alone, and is written
nowhere.
"""

from __future__ import annotations

import itertools
import shutil
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from harness.data.hub.download import Progress, download
from harness.data.hub.repository import HubFile, Listing, Repository, look
from harness.data.hub.tables import read_card, table_files
from harness.data.receipts import write_receipt
from harness.data.tables import Table

#: Where files of a commit lie until a table is whole; a broken download goes on from here.
_COMING = ".coming"


@dataclass(frozen=True, kw_only=True)
class Order:
    """Tables with their files, as the hub lists them; ``cut``: number and bytes of all files, where only some come."""

    tables: Mapping[Table, tuple[Listing, tuple[HubFile, ...]]]
    cut: Mapping[Table, Mapping[str, int]] = field(default_factory=dict)

    @property
    def size(self) -> int:
        """Bytes of all files."""
        return sum(file.size for _, files in self.tables.values() for file in files)


def order(tables: Iterable[Table], progress: Progress) -> Order:
    """Ask the hub for the files of tables and their sizes. Only cards are downloaded, and not kept.

    Raises:
        SpecError: a repository or table is not there, or is only a loading script.
        EnvironmentFault: the hub cannot be reached.
    """
    found: dict[Table, tuple[Listing, tuple[HubFile, ...]]] = {}
    cut: dict[Table, dict[str, int]] = {}
    for (name, revision), group in itertools.groupby(sorted(tables), key=lambda table: (table.id, table.revision)):
        repository = Repository(kind="dataset", id=name, revision=revision)
        progress(0.0, f"asking for {name}")
        listing = look(repository, lambda note, name=name: progress(0.0, f"asking for {name}: {note}"))  # type: ignore[misc]
        with tempfile.TemporaryDirectory() as aside:
            card = read_card(listing, Path(aside), progress)
        for table in group:
            files = table_files(listing, table.config, table.split, card)
            found[table] = listing, tuple(files[: table.first or None])
            if len(found[table][1]) < len(files):
                cut[table] = {"files": len(files), "bytes": sum(file.size for file in files)}
    return Order(tables=found, cut=cut)


def fetch(asked: Order, folder: Path, progress: Progress) -> int:
    """Download what was asked for; how many files came or were kept.

    Raises:
        SpecError, EnvironmentFault: see :func:`harness.data.hub.download.download`. What has come is kept.
    """
    total, have, count = asked.size, 0, 0
    for table, (listing, files) in asked.tables.items():
        size, before = sum(file.size for file in files), have

        def part(fraction: float, note: str, size: int = size, before: int = before) -> None:
            progress((before + fraction * size) / total if total else 1.0, note)

        _fetch_table(table, listing, files, folder, part, whole=asked.cut.get(table))
        have += size
        count += len(files)
    for top in {_coming(folder, table) for table in asked.tables}:
        shutil.rmtree(top, ignore_errors=True)
    return count


def _fetch_table(
    table: Table,
    listing: Listing,
    files: tuple[HubFile, ...],
    folder: Path,
    progress: Progress,
    *,
    whole: Mapping[str, int] | None,
) -> None:
    coming, target = _coming(folder, table), folder / table.folder
    done = download(listing, files, coming, progress=progress)
    target.mkdir(parents=True, exist_ok=True)
    digests = {}
    for number, file in enumerate(done):
        name = f"{number:05}-{Path(file.path).name}" if len(done) > 1 else Path(file.path).name
        (coming / file.path).replace(target / name)
        digests[name] = file.sha256
    write_receipt(target, repository=table.id, revision=table.revision, digests=digests, whole=whole)


def _coming(folder: Path, table: Table) -> Path:
    return folder / "hub" / table.id.replace("/", "--") / table.revision / _COMING
