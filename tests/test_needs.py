"""A test that this machine cannot run is skipped and listed at the end with the reason, or fails where required."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
EXAMPLE = """
import pytest

@pytest.mark.{need}
def test_needs_it():
    pass

def test_needs_nothing():
    pass
"""


def run(folder: Path, need: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run an example with the project's conftest.py, where there is no command on the PATH."""
    (folder / "tests").mkdir()
    shutil.copy(ROOT / "tests" / "conftest.py", folder / "tests")
    (folder / "tests" / "test_example.py").write_text(EXAMPLE.format(need=need), encoding="utf-8")
    markers = "".join(f"    {name}: x\n" for name in ("docker", "gpu", "data", "network", "browser"))
    (folder / "pytest.ini").write_text(f"[pytest]\naddopts = --strict-markers\nmarkers =\n{markers}", encoding="utf-8")
    kept = {name: os.environ[name] for name in ("HOME", "LD_LIBRARY_PATH") if name in os.environ}
    settings = kept | {"PATH": str(folder), "PYTHONPATH": str(ROOT), "COLUMNS": "200"} | environment
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests"]
    return subprocess.run(command, cwd=folder, env=settings, capture_output=True, text=True, check=False)


def test_what_cannot_run_is_skipped_and_listed_with_its_reason(tmp_path: Path) -> None:
    done = run(tmp_path, "docker", DOCKER_HOST="unix:///nowhere")
    assert done.returncode == 0, done.stdout
    assert "1 passed, 1 skipped" in done.stdout
    section = done.stdout[done.stdout.index("not run on this machine") :]
    assert "1 test: docker: no docker command, and no engine's socket" in section


def test_what_is_required_fails_instead(tmp_path: Path) -> None:
    done = run(tmp_path, "docker", DOCKER_HOST="unix:///nowhere", CODESTILTS_REQUIRE="data, docker")
    assert done.returncode == 1, done.stdout
    assert "CODESTILTS_REQUIRE says it must be usable" in done.stdout
    assert "Traceback" not in done.stdout


def test_what_is_there_runs(tmp_path: Path) -> None:
    chromium = tmp_path / "chromium"
    chromium.write_text("#!/bin/sh\n", encoding="utf-8")
    chromium.chmod(0o755)
    done = run(tmp_path, "browser", CODESTILTS_REQUIRE="browser")
    assert "2 passed" in done.stdout
    assert "not run on this machine" not in done.stdout


def test_data_is_looked_for_where_the_environment_says(tmp_path: Path) -> None:
    done = run(tmp_path, "data", CODESTILTS_DATA="/no/such/folder")
    assert "1 test: data: no such folder: /no/such/folder" in done.stdout


def test_a_misspelt_requirement_is_refused_since_it_would_require_nothing(tmp_path: Path) -> None:
    done = run(tmp_path, "docker", CODESTILTS_REQUIRE="data,dokcer")
    assert done.returncode == pytest.ExitCode.USAGE_ERROR
    assert "CODESTILTS_REQUIRE names dokcer; known: docker, gpu, data" in done.stderr
