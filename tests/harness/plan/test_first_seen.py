"""Digests that are seen first: written down beside the specs, held to ever after, out of every key."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from harness.errors import SpecError
from harness.files import file_digest
from harness.plan import first_seen
from harness.plan.stage import Phase, Plan, Stage
from harness.specs.source import HubSource
from harness.store.artifacts import Store
from harness.store.manifest import Manifest
from tests.harness.conftest import make_stage

COMMIT = "0123456789abcdef" * 2 + "01234567"


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory with specs of one's own."""
    (tmp_path / "images/backbones").mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    return tmp_path / "images" / first_seen.NAME


def fetch_stage(expected: dict[str, str] | None = None) -> Stage:
    params = {"kind": "hub", "id": "toy/model", "revision": COMMIT, "files": None}
    return make_stage("fetch/toy/model", phase=Phase.FETCH, params=params, expected=expected or {})


def publish(store: Store, stage: Stage, text: str) -> None:
    work = store.root / "tmp" / "work"
    (work / "files").mkdir(parents=True)
    (work / "files/config.json").write_text(text)
    store.publish(
        work, Manifest(key=stage.key, phase="fetch", name=stage.name, inputs={}, files=(), identity=stage.identity())
    )


def plan(stage: Stage) -> Plan:
    return Plan(suite="s", stages=(stage,), cells=())


def source(**fields: Any) -> HubSource:
    return HubSource.model_validate({"kind": "hub", "id": "toy/model", "revision": COMMIT, **fields})


def test_what_is_seen_first_is_written_beside_the_specs_and_expected_from_then_on(own: Path, store: Store) -> None:
    publish(store, fetch_stage(), "{}")

    new = first_seen.remember(plan(fetch_stage()), store)

    sha256 = file_digest(store.folder(fetch_stage().key) / "files/config.json")
    assert {f"toy/model@{COMMIT}": ["config.json"]} == new
    assert {f"toy/model@{COMMIT}": {"config.json": sha256}} == yaml.safe_load(own.read_text())
    assert "commit it" in own.read_text()
    assert {"config.json": sha256} == first_seen.expected(source(), first_seen.read_records(store.root))
    assert {} == first_seen.remember(plan(fetch_stage({"config.json": sha256})), store)


def test_a_digest_in_the_spec_goes_before_one_that_was_seen(own: Path) -> None:
    own.write_text(f"toy/model@{COMMIT}: {{config.json: {'a' * 64}, vocab.txt: {'b' * 64}}}\n")

    found = first_seen.expected(
        source(files={"config.json": "c" * 64, "vocab.txt": None}), first_seen.read_records(None)
    )

    assert {"config.json": "c" * 64, "vocab.txt": "b" * 64} == found


def test_expectations_are_no_part_of_a_key() -> None:
    assert fetch_stage().key == fetch_stage({"config.json": "0" * 64}).key


def test_a_stored_file_that_is_not_the_recorded_one_is_refused(own: Path, store: Store) -> None:
    publish(store, fetch_stage(), "{}")

    with pytest.raises(SpecError, match=r"'config.json' in the store has SHA-256 .* recorded is 000"):
        first_seen.check_cached(plan(fetch_stage({"config.json": "0" * 64})), store)


def test_without_a_folder_to_write_the_store_keeps_the_record(
    tmp_path: Path, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("harness.paths.own_images_dir", lambda: None)
    publish(store, fetch_stage(), "{}")

    first_seen.remember(plan(fetch_stage()), store)

    assert f"toy/model@{COMMIT}" in first_seen.read_records(store.root)


@pytest.mark.parametrize("text", ["- a list", "a: [", "a: text"])
def test_a_damaged_record_is_refused(own: Path, text: str) -> None:
    own.write_text(text)

    with pytest.raises(SpecError, match=r"first-seen.yaml"):
        first_seen.read_records(None)
