"""The workflow that verifies and publishes a board: its steps, run here, with a bare repository as the remote."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import yaml

from tests.harness.results.conftest import Call, Made

ROOT = Path(__file__).parents[4]
WORKFLOW = ROOT / ".github" / "workflows" / "board.yml"


def steps(job: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = yaml.safe_load(WORKFLOW.read_text(encoding="utf-8"))["jobs"][job]["steps"]
    return found


def test_only_githubs_own_actions_run_and_little_is_permitted() -> None:
    workflow = yaml.safe_load(WORKFLOW.read_text(encoding="utf-8"))
    used = {
        step["uses"].partition("@")[0] for job in workflow["jobs"].values() for step in job["steps"] if "uses" in step
    }
    assert {"actions/checkout"} == used
    assert {"contents": "read"} == workflow["permissions"]
    assert "permissions" not in workflow["jobs"]["verify"]
    assert "pull_request_target" not in WORKFLOW.read_text(encoding="utf-8")


def test_its_steps_verify_build_and_publish(original: Made, tmp_path: Path, call: Call) -> None:
    remote, checkout = tmp_path / "remote.git", tmp_path / "checkout"
    subprocess.run(["git", "init", "--quiet", "--bare", remote], check=True)
    subprocess.run(["git", "init", "--quiet", checkout], check=True)
    subprocess.run(["git", "-C", checkout, "remote", "add", "origin", remote], check=True)
    for name in ("harness", "tasks", "leaderboard", "images"):
        (checkout / name).symlink_to(ROOT / name)
    (checkout / ".venv" / "bin").mkdir(parents=True)
    (checkout / ".venv" / "bin" / "python").symlink_to(sys.executable)
    shutil.copytree(original.results, checkout / "results" / "tiny")
    settings = yaml.safe_load(WORKFLOW.read_text(encoding="utf-8"))["env"]
    kept = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    environment = {**kept, **settings, "PYTHONPATH": str(ROOT)}

    def run(script: str) -> subprocess.CompletedProcess[str]:
        # As GitHub runs it. The suite is a miniature, which the workflow rightly does not let out.
        script = script.replace("site publish", "site publish --allow-miniature")
        command = ["bash", "-e", "-o", "pipefail", "-c", script]
        return subprocess.run(command, cwd=checkout, env=environment, capture_output=True, text=True, check=False)

    scripts = [step["run"] for job in ("verify", "publish") for step in steps(job) if "run" in step]
    for script in scripts:
        if "pip install" not in script:
            done = run(script)
            assert 0 == done.returncode, done.stderr
    names = subprocess.run(
        ["git", "-C", remote, "ls-tree", "--name-only", "gh-pages"], capture_output=True, text=True, check=True
    ).stdout.split()
    assert {"index.html", "scores.csv", ".nojekyll"} <= set(names)

    # A row less: the log goes on from the one that is public.
    grid = checkout / "results" / "tiny" / "suite.json"
    held = grid.read_text(encoding="utf-8")
    record = json.loads(held)
    gone = record["backbones"].pop()["name"]
    grid.write_text(json.dumps(record), encoding="utf-8")
    shutil.move(checkout / "results" / "tiny" / gone, tmp_path / gone)
    for name in ("board", "public"):
        shutil.rmtree(checkout / name)
    for script in scripts:
        if "site build" in script or "site publish" in script:
            done = run(script)
            assert 0 == done.returncode, done.stderr
    told = ["git", "-C", str(remote), "show", "gh-pages:log.json"]
    log = json.loads(subprocess.run(told, capture_output=True, text=True, check=True).stdout)
    assert [{"added"}, {"withdrawn"}] == [{one["kind"] for one in build["changes"]} for build in log["builds"]]
    grid.write_text(held, encoding="utf-8")
    shutil.move(tmp_path / gone, checkout / "results" / "tiny" / gone)

    path = checkout / "results" / "tiny" / "mini-xlmr" / "none" / "mini-xnli-s1.json"
    path.write_text(
        re.sub(r'"units": ?(\d)', r'"units":1\1', path.read_text(encoding="utf-8"), count=1), encoding="utf-8"
    )
    done = run(next(script for script in scripts if "verify --all" in script))
    assert 1 == done.returncode
    assert "mini-xlmr/none/mini-xnli-s1.json, field languages." in done.stdout
