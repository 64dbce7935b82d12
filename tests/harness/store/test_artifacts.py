"""The store: complete or absent, damage found, newer versions refused, one writer at a time."""

from __future__ import annotations

import json
import multiprocessing
import os
import re
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from harness.errors import BadOutput, StoreError
from harness.store.artifacts import State, Store
from harness.store.cleaning import collect, verify_all
from harness.store.manifest import MANIFEST, Manifest, read_manifest
from tests.harness.test_trees import make_deep

KEY = "ab" + "0" * 62


def publish(store: Store, key: str = KEY, content: str = "hello") -> Manifest:
    work = store.root / "tmp" / "work"
    (work / "sub").mkdir(parents=True)
    (work / "sub" / "file.txt").write_text(content)
    (work / "weights.bin").write_bytes(b"w" * 100)
    manifest = Manifest(key=key, phase="score", name="score/x", inputs={}, files=(), identity={})
    return store.publish(work, manifest)


def test_what_is_published_is_found(store: Store) -> None:
    published = publish(store)

    held = store.look(KEY)

    assert State.PRESENT is held.state
    assert held.manifest is not None
    assert published.digest == held.manifest.digest
    assert ["sub/file.txt", "weights.bin"] == [entry.path for entry in published.files]


def test_equal_bytes_have_equal_digests_whatever_their_provenance(store: Store, tmp_path: Path) -> None:
    other = Store(tmp_path / "other")

    assert publish(store).digest == publish(other).digest
    assert publish(Store(tmp_path / "third"), content="else").digest != store.look(KEY).manifest.digest  # type: ignore[union-attr]


def test_an_artifact_without_manifest_does_not_exist(store: Store) -> None:
    publish(store)
    (store.folder(KEY) / MANIFEST).unlink()

    assert State.ABSENT is store.look(KEY).state


@pytest.mark.parametrize("damage", ["truncate", "remove", "manifest", "digest"])
def test_damage_that_shows_without_hashing_is_found(store: Store, damage: str) -> None:
    publish(store)
    folder = store.folder(KEY)
    match damage:
        case "truncate":
            (folder / "weights.bin").write_bytes(b"w")
        case "remove":
            (folder / "sub" / "file.txt").unlink()
        case "manifest":
            (folder / MANIFEST).write_text("{")
        case "digest":
            fields = json.loads((folder / MANIFEST).read_text())
            fields["files"][0]["sha256"] = "0" * 64
            (folder / MANIFEST).write_text(json.dumps(fields))

    assert State.CORRUPT is store.look(KEY).state


def test_verify_reads_every_byte(store: Store) -> None:
    publish(store)
    (store.folder(KEY) / "weights.bin").write_bytes(b"v" * 100)

    assert State.PRESENT is store.look(KEY).state
    (checked,) = verify_all(store)
    assert State.CORRUPT is checked.held.state
    assert "weights.bin" in (checked.held.problem or "")


def test_dropping_keeps_the_key_and_the_digest(store: Store) -> None:
    before = publish(store).digest

    freed = store.drop_files(KEY, ("weights*",))

    held = store.look(KEY)
    assert freed == 100
    assert State.DROPPED is held.state
    assert held.manifest is not None
    assert before == held.manifest.digest
    assert 5 == held.manifest.size


def test_publishing_over_a_dropped_artifact_replaces_it(store: Store) -> None:
    publish(store)
    store.drop_files(KEY, ("weights*",))

    publish(store)

    assert State.PRESENT is store.look(KEY).state
    assert [] == list((store.root / "tmp").iterdir())


def _holes(out: Path) -> None:
    with (out / "holes").open("wb") as file:
        file.truncate(2**43)


#: Things that a stage may leave and that are never published, by the words of the refusal.
UNPUBLISHABLE: dict[str, tuple[Callable[[Path], object], str]] = {
    "link": (lambda out: (out / "a").symlink_to("/etc/passwd"), "'a' in its output, which is no plain file"),
    "odd-link": (lambda out: (out / os.fsdecode(b"\xff\xfe")).symlink_to("/"), r"'\udcff\udcfe' in its output, a name"),
    "pipe": (lambda out: os.mkfifo(out / "a"), "no plain file"),
    "hard-link": (lambda out: os.link(out / "fine", out / "a"), "a hard link"),
    "line-break": (lambda out: (out / "a\nb").touch(), r"'a\nb' in its output, a name that cannot be shown"),
    "escape": (lambda out: (out / "a\x1b[2J").mkdir(), r"'a\x1b[2J' in its output, a name"),
    "bytes": (lambda out: (out / os.fsdecode(b"a\xff")).touch(), r"'a\udcff'"),
    "manifest": (lambda out: (out / MANIFEST).mkdir(), "kept for the manifest"),
    "manifest-file": (lambda out: (out / MANIFEST).write_text("{}"), "kept for the manifest"),
    "deep": (lambda out: make_deep(out / "a"), "folders deep"),
    "holes": (_holes, "--stage-output"),
}


@pytest.mark.parametrize("kind", UNPUBLISHABLE)
def test_only_plain_files_and_folders_are_published(store: Store, kind: str) -> None:
    make, words = UNPUBLISHABLE[kind]
    work = store.root / "tmp" / "work"
    work.mkdir()
    (work / "fine").touch()
    make(work)
    manifest = Manifest(key=KEY, phase="score", name="score/x", inputs={}, files=(), identity={})

    with pytest.raises(BadOutput, match=f"^score/x left .*{re.escape(words)}") as raised:
        store.publish(work, manifest)

    assert str(raised.value).isprintable()
    assert State.ABSENT is store.look(KEY).state
    collect(store, None, dry_run=True)
    store.clear_tmp()
    assert [] == list((store.root / "tmp").iterdir())


def test_published_files_have_sane_modes(store: Store) -> None:
    work = store.root / "tmp" / "work"
    (work / "folder").mkdir(parents=True)
    (work / "folder" / "file").touch()
    (work / "folder" / "file").chmod(0o6777)
    (work / "folder").chmod(0o7000)

    store.publish(work, Manifest(key=KEY, phase="score", name="x", inputs={}, files=(), identity={}))

    modes = {name: stat.S_IMODE((store.folder(KEY) / name).stat().st_mode) for name in ("folder", "folder/file")}
    assert {"folder": 0o755, "folder/file": 0o644} == modes


def test_a_store_of_a_newer_version_is_refused(store: Store) -> None:
    (store.root / "store.json").write_text('{"schema": 99}')

    with pytest.raises(StoreError, match="newer version"):
        Store(store.root)


def test_a_manifest_of_a_newer_version_is_refused(store: Store) -> None:
    publish(store)
    path = store.folder(KEY) / MANIFEST
    path.write_text(path.read_text().replace('"schema": 1', '"schema": 2'))

    with pytest.raises(StoreError, match="newer version"):
        read_manifest(store.folder(KEY))


@pytest.mark.parametrize("content", ["{", "{}", "[]", '"x"'])
def test_a_damaged_store_marker_is_said(store: Store, content: str) -> None:
    (store.root / "store.json").write_text(content)

    with pytest.raises(StoreError, match=r"store\.json is damaged"):
        Store(store.root)


def test_a_folder_of_something_else_is_not_taken_for_a_store(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("")

    with pytest.raises(StoreError, match="not empty and not a store"):
        Store(tmp_path)


def test_a_file_is_not_a_store(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    with pytest.raises(StoreError, match="is a file"):
        Store(tmp_path / "file" / "store")


def test_an_unwritable_store_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Root may write anywhere, so the refusal of the operating system is played here."""
    folder = tmp_path / "store"
    folder.mkdir()
    folder.chmod(stat.S_IRUSR | stat.S_IXUSR)

    def refuse(*_: Any, **__: Any) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(StoreError, match="cannot be written"):
        Store(folder)


def test_gc_removes_leftovers_and_what_no_suite_needs(store: Store) -> None:
    publish(store)
    other = "cd" + "0" * 62
    publish(store, key=other)
    (store.root / "tmp" / "left").mkdir()

    told = collect(store, {KEY}, dry_run=True)
    assert State.PRESENT is store.look(other).state
    removed = collect(store, {KEY}, dry_run=False)

    assert told == removed
    assert {"tmp/left", f"{other[:8]} score/x"} == {item.what for item in removed}
    assert State.PRESENT is store.look(KEY).state
    assert State.ABSENT is store.look(other).state


def _hold(root: str, ready: Any, release: Any) -> None:
    with Store(Path(root)).locked(lambda _holder: None):
        ready.set()
        release.wait(20)


def test_a_second_run_waits_and_names_the_first(store: Store) -> None:
    context = multiprocessing.get_context("spawn")
    ready, release = context.Event(), context.Event()
    holder = context.Process(target=_hold, args=(str(store.root), ready, release))
    holder.start()
    assert ready.wait(20)
    told: list[str] = []

    def waiting(name: str) -> None:
        told.append(name)
        release.set()

    with store.locked(waiting):
        pass
    holder.join()

    assert [f"process {holder.pid}"] == [name.split(" on ")[0] for name in told]


def test_a_killed_holder_frees_the_lock(store: Store) -> None:
    context = multiprocessing.get_context("spawn")
    ready, release = context.Event(), context.Event()
    holder = context.Process(target=_hold, args=(str(store.root), ready, release))
    holder.start()
    assert ready.wait(20)
    holder.kill()
    holder.join()

    with store.locked(lambda name: pytest.fail(f"waited for {name}")):
        pass
