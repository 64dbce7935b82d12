"""Verification of every byte of a store, and removal of unneeded artifacts."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from harness.store.artifacts import State, Store, StoredArtifact
from harness.store.encodings import Encodings
from harness.store.unfinished import Unfinished
from harness.trees import remove_tree, size_of


@dataclass(frozen=True, kw_only=True)
class Checked:
    """One artifact after a full check."""

    key: str
    name: str
    held: StoredArtifact


@dataclass(frozen=True, kw_only=True)
class Removed:
    """Something that went, or would go."""

    what: str
    why: str
    size: int


def verify_all(store: Store) -> list[Checked]:
    """Every artifact, its files read and hashed, in key order."""
    found = []
    for key in store:
        held = store.verify(key)
        name = held.manifest.name if held.manifest else "?"
        if held.state is State.ABSENT:
            held = StoredArtifact(state=State.CORRUPT, folder=held.folder, problem="has no manifest")
        found.append(Checked(key=key, name=name, held=held))
    return found


def collect(store: Store, keep: Collection[str] | None, *, dry_run: bool) -> list[Removed]:
    """Remove leftovers, damaged artifacts, files already let go, and (if ``keep`` is given) all other keys.

    The caller holds the store's lock.
    """
    found = [
        Removed(what=f"tmp/{path.name}", why="left by an interrupted run", size=size_of(path))
        for path in sorted((store.root / "tmp").iterdir())
    ]
    if not dry_run:
        store.clear_tmp()
    found += _stale_states(store, keep, dry_run=dry_run)
    found += _encodings(store, dry_run=dry_run)
    for key in list(store):
        held = store.look(key)
        name = held.manifest.name if held.manifest else "?"
        why = None
        if held.state in (State.CORRUPT, State.ABSENT):
            why = f"damaged: {held.problem or 'no manifest'}"
        elif keep is not None and key not in keep:
            why = "no suite given needs it"
        if why is not None:
            found.append(Removed(what=f"{key[:8]} {name}", why=why, size=size_of(held.folder)))
            if not dry_run:
                store.remove(key)
        elif held.manifest is not None:
            found += _leftover_files(held, dry_run=dry_run)
    return found


def _stale_states(store: Store, keep: Collection[str] | None, *, dry_run: bool) -> list[Removed]:
    """Saved states of finished trainings, and (if ``keep`` is given) of trainings that are not in it."""
    found = []
    for folder in Unfinished(store.root):
        done = store.look(folder.name).manifest is not None
        if done or (keep is not None and folder.name not in keep):
            why = "its stage is done" if done else "no suite given needs it"
            found.append(Removed(what=f"unfinished/{folder.name[:8]}", why=why, size=size_of(folder)))
            if not dry_run:
                remove_tree(folder)
    return found


def _encodings(store: Store, *, dry_run: bool) -> list[Removed]:
    """Rows that stages have encoded: made again in less time than it takes to tell which are still wanted."""
    found = []
    for folder in Encodings(store.root):
        found.append(Removed(what=f"encoded/{folder.name[:8]}", why="made again when asked for", size=size_of(folder)))
        if not dry_run:
            remove_tree(folder)
    return found


def _leftover_files(held: StoredArtifact, *, dry_run: bool) -> list[Removed]:
    """Files a manifest calls dropped that a crash kept from going."""
    found = []
    for entry in held.manifest.files if held.manifest else ():
        path = held.folder / entry.path
        if entry.dropped and path.exists():
            found.append(Removed(what=f"{held.folder.name[:8]} {entry.path}", why="let go after use", size=entry.size))
            if not dry_run:
                path.unlink()
    return found
