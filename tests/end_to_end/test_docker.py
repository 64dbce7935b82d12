"""The suite ``mini-docker``, once in containers and once in local processes: the same bytes in every artifact."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from harness.store.artifacts import Store
from harness.store.ledger import latest_run, read_events

pytestmark = [pytest.mark.docker, pytest.mark.images, pytest.mark.network]  # network: it fetches two packages


def run(store: Path, runner: str) -> str:
    command = [sys.executable, "-m", "harness.cli", "run", "mini-docker", "--runner", runner, "--device", "cpu"]
    done = subprocess.run([*command, "--store", str(store)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stderr


def files(root: Path) -> dict[str, str]:
    """SHA-256 of every file of every artifact, by the stage's name; keys differ, because the base image is in them."""
    store = Store(root)
    manifests = [manifest for key in store if (manifest := store.look(key).manifest)]
    return {f"{manifest.name}/{entry.path}": entry.sha256 for manifest in manifests for entry in manifest.files}


def test_both_runners_leave_the_same_bytes(tmp_path: Path) -> None:
    said = run(tmp_path / "docker", "docker")
    run(tmp_path / "local", "local")

    assert "Suite mini-docker in containers (as asked)." == said.splitlines()[0]
    assert files(tmp_path / "docker") == files(tmp_path / "local")
    scores = [
        {
            path.relative_to(tmp_path / runner).as_posix(): json.loads(path.read_text())["score"]
            for path in sorted((tmp_path / runner / "results" / "mini-docker").rglob("*-s1.json"))
        }
        for runner in ("docker", "local")
    ]
    assert scores[0] == scores[1]
    assert 2 * 3 * 4 == len(scores[0])
    events = list(read_events(tmp_path / "docker", str(latest_run(tmp_path / "docker"))))
    done = [event for event in events if event["event"] == "ended" and event["outcome"] == "done"]
    assert {"sha256:"} == {event["image"]["id"][:7] for event in done}, "every stage records its image"
    assert not (tmp_path / "docker" / "containers").exists(), "nothing is left on the engine"
