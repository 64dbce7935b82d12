"""A stage that tries everything it may not, inside a real container, through the runner itself."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from harness.errors import FailureClass
from harness.plan.stage import Limits
from tests.harness.runners.conftest import Go, behaving, docker_runner

pytestmark = [pytest.mark.docker, pytest.mark.images]

REFUSED = {
    "become_root": "PermissionError: Operation not permitted",
    "capabilities": "OSError: none",
    "engine": "OSError: no socket",
    "environment": "OSError: not passed on",
    "forks": "BlockingIOError: Resource temporarily unavailable",
    "interfaces": "OSError: only loopback",
    "io_uring": "PermissionError: Operation not permitted",
    "mount": "PermissionError: Operation not permitted",
    "network": "OSError: Network is unreachable",
    "other_output": "OSError: not there",
    "vsock": "PermissionError: Operation not permitted",
    "write_code": "OSError: Read-only file system",
    "write_input": "OSError: Read-only file system",
    "write_root": "OSError: Read-only file system",
    "write_spec": "OSError: Read-only file system",
}


def test_everything_a_stage_may_not_do_is_refused(
    go: Go, code: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CODESTILTS_TEST_SECRET", "token")
    inputs = tmp_path / "store" / "artifacts" / "aa" / "inputs"
    for key in ("inputs", "labels", "other"):
        folder = tmp_path / "store" / "artifacts" / "aa" / key
        folder.mkdir(parents=True)
        (folder / ("rows" if key == "inputs" else "secret")).write_text(key)
    runner = docker_runner(code)
    try:
        ended, _ = go(runner, behaving("hostile", limits=Limits(memory=2**29, processes=64)), inputs=inputs)
    finally:
        runner.close()

    assert ended.failure is None, "each refusal was reported to the stage, and it went on"
    tries = json.loads((tmp_path / "score-hostile" / "out" / "tries.json").read_text())
    names = tries.pop("names")
    assert names.startswith("gaierror"), names
    assert REFUSED == tries


def test_filling_memory_is_ended_and_called_what_it_is(go: Go, code: Path) -> None:
    runner = docker_runner(code)
    try:
        ended, _ = go(runner, behaving("fills_memory", limits=Limits(memory=2**28)))
    finally:
        runner.close()

    assert ended.failure is not None
    assert FailureClass.OUT_OF_MEMORY is ended.failure.kind
    assert "its limit of 0.25 GiB" in ended.failure.reason
    assert "--stage-memory" in ended.failure.reason
