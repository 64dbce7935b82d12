"""Commits for specs that name none: asked of a hub on loopback, kept in the lock, never moved unasked."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

from harness import paths
from harness.cli import main
from harness.data.suite_rows import suite_rows
from harness.plan.build import build_plan
from harness.plan.stage import Phase
from harness.plan.suite import read_inputs
from harness.specs.catalog import Catalog
from harness.specs.resolve import resolve
from harness.specs.suite import SuiteSpec
from tests.hub_server import HubServer

SPEC = {
    "title": "Mine", "family": "text", "architecture": "bert", "layers": 2, "hidden_size": 32, "max_length": 48,
    "source": {"kind": "hub", "id": "some/bert", "revision": "UNPINNED"},
}  # fmt: skip


@pytest.fixture
def lock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the project's lock, and a working directory with a spec that names no commit."""
    path = tmp_path / "lock.yaml"
    shutil.copyfile(paths.images_dir() / "images.lock.yaml", path)
    monkeypatch.setenv(paths.LOCK_VARIABLE, str(path))
    (tmp_path / "images" / "backbones").mkdir(parents=True)
    (tmp_path / "images/backbones/mine.yaml").write_text(yaml.safe_dump({"name": "mine", **SPEC}))
    monkeypatch.chdir(tmp_path)
    return path


def fetched() -> dict[str, Any]:
    """What the plan of a suite fetches of the backbone."""
    suite = SuiteSpec(
        name="s", title="S", description="d", backbones=("mine",), recipes=("none",), targets=("mini-tatoeba",),
        training="mini",
    )  # fmt: skip
    resolved = resolve(suite, Catalog())
    plan = build_plan(suite_rows(resolved), read_inputs(resolved, None))
    (stage,) = [stage for stage in plan.stages if stage.phase is Phase.FETCH]
    return {"key": stage.key, **stage.params}


def test_a_spec_without_a_commit_is_refused_until_the_lock_has_one(
    lock: Path, hub: HubServer, capsys: pytest.CaptureFixture[str]
) -> None:
    commit = hub.model("some/bert", {"config.json": b"{}"})
    before = lock.read_text()
    assert main(["backbones", "check", "mine"]) == 2
    assert "codestilts images lock --pin mine" in capsys.readouterr().err

    assert main(["images", "lock", "--lock", str(lock), "--pin", "mine"]) == 0

    assert f"mine: some/bert is pinned at {commit}." in capsys.readouterr().out
    found = yaml.safe_load(lock.read_text())
    assert found.pop("revisions") == {"some/bert": commit}
    assert found == yaml.safe_load(before)
    assert fetched()["revision"] == commit
    # A pin in the lock stands in the key as one in the spec does: the same commit, the same artifact.
    with_pin = fetched()
    own = Path("images/backbones/mine.yaml")
    own.write_text(own.read_text().replace("UNPINNED", commit))
    assert fetched() == with_pin


def test_a_pin_moves_only_where_somebody_asks_for_that(
    lock: Path, hub: HubServer, capsys: pytest.CaptureFixture[str]
) -> None:
    first = hub.model("some/bert", {"config.json": b"{}"})
    assert main(["images", "lock", "--lock", str(lock), "--pin", "mine"]) == 0
    second = hub.model("some/bert", {"config.json": b"{ }"})
    asked = len(hub.asked)
    capsys.readouterr()

    for arguments in ([], ["--pin", "mine"]):
        assert main(["images", "lock", "--lock", str(lock), *arguments]) == 0
        assert fetched()["revision"] == first
    assert f"mine: some/bert stays at {first}; --repin mine asks anew." in capsys.readouterr().out
    assert len(hub.asked) == asked

    assert main(["images", "lock", "--lock", str(lock), "--repin", "mine"]) == 0

    assert f"mine: some/bert is pinned at {second}, before at {first}." in capsys.readouterr().out
    assert fetched()["revision"] == second


@pytest.mark.parametrize(
    ("name", "code", "said"),
    [
        ("minilm", 2, "backbone minilm: it needs no commit from the lock"),
        ("nobody", 2, "unknown backbone 'nobody'"),
        ("mine", 2, "there is no such repository on the hub"),
    ],
)
def test_what_cannot_be_pinned_is_said_and_the_lock_stays(
    lock: Path, hub: HubServer, capsys: pytest.CaptureFixture[str], name: str, code: int, said: str
) -> None:
    before = lock.read_text()

    assert main(["images", "lock", "--lock", str(lock), "--pin", name]) == code

    assert said in capsys.readouterr().err
    assert lock.read_text() == before


def test_a_lock_with_something_else_than_a_commit_is_refused(lock: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lock.write_text(lock.read_text() + "revisions: {some/bert: main}\n")

    assert main(["backbones", "show", "mine"]) == 2

    assert "does not hold a full commit for every model" in capsys.readouterr().err
