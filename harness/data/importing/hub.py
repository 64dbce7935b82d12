"""Tables of the hub in somebody's folder: as ``data fetch`` lays them, in the hub client's cache, or as it downloads.

A table counts only where its commit is known, and is the one that a spec pins: rows of other commits may be others.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import PurePosixPath

from harness.data.importing.gather import Candidate
from harness.data.importing.slots import Slots, TableUse
from harness.data.receipts import RECEIPT
from harness.errors import SpecError
from harness.files import file_digest, read_json
from tasks.errors import DataError

_COMMIT = re.compile(r"[0-9a-f]{40}")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_SHARD = re.compile(r"-(\d{5})-of-(\d{5})\b")
_DOWNLOADED = (".cache", "huggingface", "download")


@dataclass(frozen=True, kw_only=True)
class FoundTable:
    """One split of one configuration, whole.

    Attributes:
        folder: where it belongs below the data directory.
        files: by the name they get there.
        uses: the splits of tasks that read it, with the language.
    """

    folder: str
    files: Mapping[str, Candidate]
    uses: tuple[TableUse, ...]


@dataclass(frozen=True, kw_only=True)
class _Repository:
    """Files of a repository at a commit, by their path in it, and the SHA-256 that is known of them."""

    id: str | None
    revision: str
    files: Mapping[str, Candidate]
    known: Mapping[str, str]


@dataclass(kw_only=True)
class HubTables:
    """The tables that were found, what is wrong with some, and which candidates have been dealt with."""

    tables: list[FoundTable]
    refused: list[str]
    rest: list[Candidate]
    unknown: list[str]


def hub_tables(candidates: Sequence[Candidate], slots: Slots) -> HubTables:
    """The tables among files, and the files that belong to none."""
    of_hub = [one for one in candidates if one.parts[-1].endswith((".parquet", ".metadata")) or _beside(one)]
    found = HubTables(tables=[], refused=[], rest=[one for one in candidates if one not in of_hub], unknown=[])
    used: set[str] = set()
    for table in _laid_out(of_hub, slots, found, used):
        found.tables.append(table)
    for repository in _repositories([one for one in of_hub if one.shown not in used]):
        used |= {one.shown for one in repository.files.values()}
        found.tables += _of_repository(repository, slots, found)
    for one in of_hub:
        if one.shown not in used and one.parts[-1].endswith(".parquet"):
            found.unknown.append(f"{one.shown} (of no commit that is known; 'codestilts data fetch' gets pinned ones)")
    return found


def _beside(candidate: Candidate) -> bool:
    return candidate.parts[-1] in {RECEIPT, "README.md"}


def _laid_out(candidates: Sequence[Candidate], slots: Slots, found: HubTables, used: set[str]) -> Iterator[FoundTable]:
    """``hub/OWNER--NAME/REVISION/CONFIG/SPLIT`` with its receipt, as ``data fetch`` leaves it."""
    by_folder: dict[tuple[str, ...], dict[str, Candidate]] = {}
    for one in candidates:
        by_folder.setdefault(one.parts[:-1], {})[one.parts[-1]] = one
    wanted: dict[str, list[TableUse]] = {}
    for use in slots.tables:
        wanted.setdefault(use.folder, []).append(use)
    for parts, files in by_folder.items():
        if RECEIPT not in files or len(parts) < 5 or parts[-5] != "hub":  # noqa: PLR2004
            continue
        place = "/".join(parts[-5:])
        used |= {one.shown for one in files.values()}
        if place not in wanted:
            found.unknown.append(f"{files[RECEIPT].shown} (of a commit or table that no task reads)")
            continue
        try:
            receipt = read_json(files[RECEIPT].path)["files"]
            names = {str(name): str(digest) for name, digest in receipt.items()}
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            found.refused.append(f"{files[RECEIPT].shown}: not what 'data fetch' writes; fetch the table again.")
            continue
        wrong = [name for name in names if name not in files or file_digest(files[name].path) != names[name]]
        if wrong:
            what = "is not there" if wrong[0] not in files else "has not the bytes that were fetched"
            found.refused.append(f"{place}: '{wrong[0]}' {what}; fetch the table again.")
            continue
        chosen = {name: files[name] for name in sorted(names)}
        yield FoundTable(folder=place, files=chosen, uses=tuple(wanted[place]))


def _repositories(candidates: Sequence[Candidate]) -> Iterator[_Repository]:
    """Snapshots in the hub client's cache, and folders that it downloaded to."""
    cached: dict[tuple[str, str], dict[str, Candidate]] = {}
    commits: dict[tuple[str, ...], dict[str, tuple[str, str]]] = {}
    for one in candidates:
        parts = one.parts
        for place, part in enumerate(parts[:-3]):
            if part.startswith("datasets--") and parts[place + 1] == "snapshots":
                identifier = part.removeprefix("datasets--").replace("--", "/", 1)
                cached.setdefault((identifier, parts[place + 2]), {})["/".join(parts[place + 3 :])] = one
        if parts[-1].endswith(".metadata"):
            start = next((n for n in range(len(parts) - 3) if parts[n : n + 3] == _DOWNLOADED), None)
            if start is not None:
                name = "/".join(parts[start + 3 :]).removesuffix(".metadata")
                lines = one.path.read_text(encoding="utf-8", errors="replace").split("\n")
                commits.setdefault(parts[:start], {})[name] = (lines[0].strip(), [*lines, ""][1].strip())
    for (identifier, revision), files in cached.items():
        blobs = {name: one.path.resolve().name for name, one in files.items() if not one.packed}
        known = {name: blob for name, blob in blobs.items() if _SHA256.fullmatch(blob)}
        yield _Repository(id=identifier, revision=revision, files=files, known=known)
    for top, named in commits.items():
        for revision in sorted({commit for commit, _ in named.values() if _COMMIT.fullmatch(commit)}):
            files = {
                "/".join(one.parts[len(top) :]): one
                for one in candidates
                if one.parts[: len(top)] == top and named.get("/".join(one.parts[len(top) :]), ("",))[0] == revision
            }
            known = {name: etag for name, (_, etag) in named.items() if _SHA256.fullmatch(etag)}
            yield _Repository(id=None, revision=revision, files=files, known=known)


def _of_repository(repository: _Repository, slots: Slots, found: HubTables) -> Iterator[FoundTable]:
    from harness.data.hub.cards import CARD
    from harness.data.hub.repository import HubFile, Listing, Repository
    from harness.data.hub.tables import table_files

    tables = [
        use for use in slots.tables if use.hub.revision == repository.revision and repository.id in {None, use.hub.id}
    ]
    if not tables:
        named = repository.id or "a repository"
        pinned = sorted({use.hub.revision for use in slots.tables if use.hub.id == repository.id})
        why = f"the specs pin {', '.join(pinned)}" if pinned else "no spec reads it at that commit"
        found.unknown.append(f"{named} at commit {repository.revision} ({why})")
        return
    files = {path: HubFile(path=path, size=one.path.stat().st_size) for path, one in repository.files.items()}
    card = repository.files.get(CARD)
    text = card.path.read_text(encoding="utf-8", errors="replace") if card is not None else None
    told: dict[str, FoundTable] = {}
    for use in tables:
        if use.folder in told:
            told[use.folder] = replace(told[use.folder], uses=(*told[use.folder].uses, use))
            continue
        place = Repository(kind="dataset", id=use.hub.id, revision=use.hub.revision)
        try:
            asked = [
                file.path for file in table_files(Listing(repository=place, files=files), use.config, use.part, text)
            ]
            _check_whole(asked, repository)
        except SpecError:  # this table is not among the files
            continue
        except DataError as error:
            if str(error) not in found.refused:
                found.refused.append(str(error))
            continue
        chosen = {_name(number, path, asked): repository.files[path] for number, path in enumerate(asked)}
        told[use.folder] = FoundTable(folder=use.folder, files=chosen, uses=(use,))
    yield from told.values()


def _name(number: int, path: str, paths: Sequence[str]) -> str:
    """As ``data fetch`` names them."""
    name = PurePosixPath(path).name
    return f"{number:05}-{name}" if len(paths) > 1 else name


def _check_whole(paths: Sequence[str], repository: _Repository) -> None:
    """All parts of a table are there, with the bytes that are known of them.

    Raises:
        DataError: one is not.
    """
    for path in paths:
        one = repository.files[path]
        shard = _SHARD.search(PurePosixPath(path).name)
        if shard is not None and int(shard[2]) != len(paths):
            what = f"{len(paths)} of the {int(shard[2])} parts of this table are there"
            raise DataError(what, where=one.shown, remedy="fetch it again")
        known = repository.known.get(path)
        if known is not None and file_digest(one.path) != known:
            raise DataError("has not the bytes that the hub has", where=one.shown, remedy="fetch it again")
