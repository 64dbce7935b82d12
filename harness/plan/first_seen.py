"""SHA-256 of fetched files that no spec records: what is seen first is written down, and counts ever after.

The record is ``images/first-seen.yaml`` beside the specs (``harness.paths.own_images_dir``), under version control,
so that new digests stand in a diff that people review. An installed wheel is nobody's to write: there the store keeps a
record of its own, and the wheel's is read beside it.
"""

from __future__ import annotations

import fcntl
from collections.abc import Iterator, Mapping
from pathlib import Path

import yaml

from harness import paths
from harness.errors import SpecError
from harness.files import write_text
from harness.plan.data_params import FetchRepository
from harness.plan.stage import Phase, Plan, Stage
from harness.specs.source import HubSource
from harness.store.artifacts import State, Store

NAME = "first-seen.yaml"
_HEAD = """\
# SHA-256 of files fetched from the hub that no backbone's spec records, as they were seen first: written by codestilts
# after a fetch, checked at every later one. Review what is added here, and commit it; delete an entry to see it anew.
"""

#: By ``owner/name@commit`` and path inside the repository.
Record = dict[str, dict[str, str]]


def label(name: str, revision: str) -> str:
    """What a repository at a commit is called in the record."""
    return f"{name}@{revision}"


def read_records(store: Path | None) -> Record:
    """What the person's record, the project's and the store's say, in that order.

    Raises:
        SpecError: a file is damaged.
    """
    folders = [paths.own_images_dir(), paths.images_dir(), store]
    found: Record = {}
    for file in dict.fromkeys(folder / NAME for folder in folders if folder is not None):
        for repository, digests in _read(file).items():
            found[repository] = {**digests, **found.get(repository, {})}
    return found


def expected(source: HubSource, record: Record) -> dict[str, str]:
    """The digests that files of a source must have: the spec's own, then those seen first."""
    seen = record.get(label(source.id, source.revision), {})
    if source.code is not None:
        seen = seen | record.get(label(source.code.id or source.id, source.code.revision), {})
    return seen | {path: sha256 for path, sha256 in (source.files or {}).items() if sha256 is not None}


def check_cached(plan: Plan, store: Store) -> None:
    """What the store holds already must be what is recorded, too.

    Raises:
        SpecError: a fetched file has other bytes than its record.
    """
    for stage, held in _fetched(plan, store):
        for path, sha256 in held.items():
            if stage.expected.get(path, sha256) != sha256:
                raise SpecError(
                    f"'{path}' in the store has SHA-256 {sha256}, recorded is {stage.expected[path]}",
                    where=stage.name,
                    remedy="find out which is right; 'codestilts store gc' lets the stored one go",
                )


def remember(plan: Plan, store: Store) -> dict[str, list[str]]:
    """Write down digests of fetched files that nothing records; the new paths, by repository and commit."""
    new: Record = {}
    for stage, held in _fetched(plan, store):
        params = FetchRepository.read(stage.params, stage.name)
        name = label(params.id, params.revision)
        found = {path: sha256 for path, sha256 in held.items() if path not in stage.expected}
        if found:
            new.setdefault(name, {}).update(found)
    if new:
        _write(new, store)
    return {name: sorted(found) for name, found in sorted(new.items())}


def _fetched(plan: Plan, store: Store) -> Iterator[tuple[Stage, Mapping[str, str]]]:
    for stage in plan.stages:
        if stage.phase is Phase.FETCH and stage.params.get("kind") == "hub":
            held = store.look(stage.key)
            if held.state is State.PRESENT and held.manifest is not None:
                yield stage, {entry.path.removeprefix("files/"): entry.sha256 for entry in held.manifest.files}


def _write(new: Record, store: Store) -> None:
    """Add to the person's record, or to the store's where there is none to write."""
    file = (paths.own_images_dir() or store.root) / NAME
    with (store.root / f"{NAME}.lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        record = _read(file)
        for repository, digests in new.items():
            record[repository] = {**digests, **record.get(repository, {})}
        write_text(file, _HEAD + yaml.safe_dump(record, sort_keys=True, width=1000), sole_writer=True)


def _read(file: Path) -> Record:
    try:
        record = yaml.safe_load(file.read_text(encoding="utf-8")) or {}
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, yaml.YAMLError) as error:
        raise SpecError("cannot be read", where=str(file), remedy="mend it, or take it from version control") from error
    if not isinstance(record, dict) or not all(isinstance(digests, dict) for digests in record.values()):
        raise SpecError("does not hold digests by repository", where=str(file), remedy="take it from version control")
    return record
