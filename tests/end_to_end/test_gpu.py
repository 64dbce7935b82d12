"""A small suite on a GPU: all its phases, the same bytes twice, scores as on a CPU."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from harness.store.artifacts import Store

pytestmark = pytest.mark.gpu


def run(suite: Path, store: Path, device: str) -> None:
    command = [sys.executable, "-m", "harness.cli", "run", str(suite), "--runner", "local", "--device", device]
    done = subprocess.run([*command, "--store", str(store)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def files(root: Path) -> dict[str, str]:
    """SHA-256 of every file of every artifact."""
    store = Store(root)
    return {
        f"{key}/{entry.path}": entry.sha256
        for key in store
        if (found := store.look(key).manifest)
        for entry in found.files
    }


def scores(root: Path) -> dict[str, float]:
    results = root / "results" / "tiny"
    return {
        path.relative_to(results).as_posix(): json.loads(path.read_text())["score"]
        for path in sorted(results.rglob("*-s1.json"))
    }


def test_a_suite_on_a_gpu_gives_the_same_bytes_twice_and_a_cpu_s_scores(suite: Path, tmp_path: Path) -> None:
    for name, device in (("once", "cuda"), ("again", "cuda"), ("cpu", "cpu")):
        run(suite, tmp_path / name, device)

    assert files(tmp_path / "once") == files(tmp_path / "again")
    on_gpu, on_cpu = scores(tmp_path / "once"), scores(tmp_path / "cpu")
    assert 2 * 5 == len(on_gpu)
    assert on_gpu.keys() == on_cpu.keys()
    gaps = [abs(on_gpu[cell] - on_cpu[cell]) for cell in on_cpu]
    assert sum(gaps) / len(gaps) < 0.06, "dropout draws otherwise there, so scores differ, but not by much"
