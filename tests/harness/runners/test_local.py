"""The local runner with real worker processes: reports, logs, warmth, deaths, and what an orphan does."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from harness.errors import FailureClass
from harness.plan.stage import Phase, Stage
from harness.runners.base import Job, JobResult
from harness.runners.local import LocalRunner
from harness.runners.stage import write_spec
from tests.harness.conftest import make_stage


@pytest.fixture
def runner() -> Iterator[LocalRunner]:
    found = LocalRunner(2)
    yield found
    found.close()


#: A split that no plan writes: the stage's own code stumbles over it.
WRONG_TYPE = {"generator": "miniature", "task": "mini-xnli", "split": "test", "rows": "many"}


def labels_stage(**changes: Any) -> Stage:
    """A stage that needs neither torch nor data: test labels of a generated task."""
    params = {
        "kind": "labels",
        "languages": ["en"],
        "limit": 20,
        "task": {
            "name": "mini-xnli",
            "type": "sentence_pair",
            "labels": ["entailment", "neutral", "contradiction"],
            "metric": "accuracy",
        },
        "split": {"generator": "miniature", "task": "mini-xnli", "split": "test", "rows": 30},
    }
    return make_stage("prepare/labels/mini-xnli", phase=Phase.PREPARE, params=params | changes)


def job(stage: Stage, folder: Path) -> Job:
    (folder / "out").mkdir(parents=True, exist_ok=True)
    write_spec(stage, folder / "spec", {}, None)
    return Job(stage=stage, spec=folder / "spec", inputs={}, out=folder / "out", log=folder / "log")


def run(runner: LocalRunner, stage: Stage, folder: Path) -> tuple[JobResult, list[tuple[float, str]]]:
    told: list[tuple[float, str]] = []
    return runner.run(job(stage, folder), lambda fraction, note: told.append((fraction, note))), told


def worker_ids() -> set[int]:
    """Process ids of the workers that this process has started."""
    found = subprocess.run(
        ["ps", "-ww", "--ppid", str(os.getpid()), "-o", "pid=,args="], capture_output=True, text=True, check=False
    )
    return {int(line.split()[0]) for line in found.stdout.splitlines() if "harness.runners.worker" in line}


def test_a_stage_runs_and_reports(runner: LocalRunner, tmp_path: Path) -> None:
    ended, told = run(runner, labels_stage(), tmp_path)

    assert ended.failure is None
    assert ended.peak_memory is not None
    assert ended.peak_memory > 10_000_000
    assert "python" in ended.provenance["versions"]
    assert (0.0, "en") in told
    assert (tmp_path / "out" / "test-en.jsonl").is_file()


def test_workers_stay_warm(runner: LocalRunner, tmp_path: Path) -> None:
    run(runner, labels_stage(), tmp_path / "a")
    first = worker_ids()
    run(runner, labels_stage(), tmp_path / "b")

    assert len(first) == 1
    assert first == worker_ids()
    assert (tmp_path / "a/out/test-en.jsonl").read_bytes() == (tmp_path / "b/out/test-en.jsonl").read_bytes()


def test_bad_input_inside_a_stage_is_said_without_a_traceback(runner: LocalRunner, tmp_path: Path) -> None:
    broken = labels_stage(split={"format": "xtreme_pairs", "files": {"en": []}})

    ended, _ = run(runner, broken, tmp_path)

    assert ended.failure is not None
    assert FailureClass.BAD_INPUT is ended.failure.kind
    assert "--data" in ended.failure.reason
    assert "Traceback" not in (tmp_path / "log").read_text()


def test_an_error_of_the_stage_itself_leaves_its_traceback_in_the_log(runner: LocalRunner, tmp_path: Path) -> None:
    ended, _ = run(runner, labels_stage(split=WRONG_TYPE), tmp_path)

    assert ended.failure is not None
    assert FailureClass.STAGE_ERROR is ended.failure.kind
    assert "TypeError" in ended.failure.reason
    assert "Traceback" in (tmp_path / "log").read_text()
    assert ended.failure.log == str(tmp_path / "log")


def test_a_worker_survives_a_failed_stage(runner: LocalRunner, tmp_path: Path) -> None:
    run(runner, labels_stage(split=WRONG_TYPE), tmp_path / "a")
    before = worker_ids()

    ended, _ = run(runner, labels_stage(), tmp_path / "b")

    assert ended.failure is None
    assert before == worker_ids()


def test_a_killed_worker_fails_its_stage_and_the_next_gets_a_fresh_one(runner: LocalRunner, tmp_path: Path) -> None:
    """Rows enough to be in the middle of it when the signal comes."""
    long = labels_stage(
        split={"generator": "miniature", "task": "mini-xnli", "split": "test", "rows": 300_000}, limit=None
    )

    def kill_soon() -> None:
        while not worker_ids():
            time.sleep(0.01)
        time.sleep(0.5)
        for number in worker_ids():
            os.kill(number, signal.SIGKILL)

    threading.Thread(target=kill_soon).start()
    ended, _ = run(runner, long, tmp_path / "a")
    after, _ = run(runner, labels_stage(), tmp_path / "b")

    assert ended.failure is not None
    assert FailureClass.KILLED is ended.failure.kind
    assert "SIGKILL" in ended.failure.reason
    assert after.failure is None


@pytest.mark.parametrize("module", ["tasks", "harness", "random", "json", "runpy"])
def test_no_module_of_the_current_folder_is_imported(
    runner: LocalRunner, module: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "here").mkdir()
    (tmp_path / "here" / f"{module}.py").write_text("raise SystemExit('imported')")
    monkeypatch.chdir(tmp_path / "here")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(("", ".", str(Path(__file__).parents[3]))))

    ended, _ = run(runner, labels_stage(), tmp_path)

    assert ended.failure is None, (tmp_path / "log").read_text()
    assert (tmp_path / "out" / "test-en.jsonl").is_file()


def test_a_worker_that_dies_at_its_start_says_why_in_the_log(
    runner: LocalRunner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "faulty").mkdir()
    (tmp_path / "faulty" / "queue.py").write_text("raise SystemExit('no queue today')")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "faulty"))

    ended, _ = run(runner, labels_stage(), tmp_path)

    assert ended.failure is not None
    assert FailureClass.WORKER_DIED is ended.failure.kind
    assert ended.failure.log == str(tmp_path / "log")
    assert "no queue today" in (tmp_path / "log").read_text()


def test_a_worker_that_died_while_idle_is_not_given_a_stage(runner: LocalRunner, tmp_path: Path) -> None:
    run(runner, labels_stage(), tmp_path / "a")
    (idle,) = worker_ids()
    os.kill(idle, signal.SIGKILL)
    os.waitid(os.P_PID, idle, os.WEXITED | os.WNOWAIT)

    ended, _ = run(runner, labels_stage(), tmp_path / "b")

    assert ended.failure is None


def test_stop_ends_what_runs_at_once(runner: LocalRunner, tmp_path: Path) -> None:
    long = labels_stage(
        split={"generator": "miniature", "task": "mini-xnli", "split": "test", "rows": 300_000}, limit=None
    )
    threading.Timer(1.0, runner.stop).start()
    started = time.monotonic()

    ended, _ = run(runner, long, tmp_path)

    assert time.monotonic() - started < 20
    assert ended.failure is not None
    assert FailureClass.INTERRUPTED is ended.failure.kind


def test_a_worker_goes_when_its_orchestrator_is_gone(tmp_path: Path) -> None:
    """Closing the request pipe is all that a killed orchestrator leaves behind."""
    worker = subprocess.Popen(
        [sys.executable, "-m", "harness.runners.worker"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert worker.stdin is not None
    long = labels_stage(
        split={"generator": "miniature", "task": "mini-xnli", "split": "test", "rows": 300_000}, limit=None
    )
    request = job(long, tmp_path)
    worker.stdin.write(json.dumps({"spec": str(request.spec), "out": str(request.out), "log": str(request.log)}) + "\n")
    worker.stdin.flush()
    time.sleep(0.5)

    worker.stdin.close()

    assert worker.wait(timeout=20) == 0
    assert worker.stdout is not None
    worker.stdout.close()


def test_the_same_stage_as_a_program_of_its_own(tmp_path: Path) -> None:
    """What a container will call."""
    request = job(labels_stage(), tmp_path)

    found = subprocess.run(
        [sys.executable, "-m", "harness.runners.stage", str(request.spec), str(request.out)],
        capture_output=True,
        text=True,
        check=False,
    )

    events = [json.loads(line) for line in found.stdout.splitlines()]
    assert found.returncode == 0
    assert events[-1]["event"] == "done"
    assert (request.out / "test-en.jsonl").is_file()


def test_a_failing_program_says_so_to_machines(tmp_path: Path) -> None:
    request = job(labels_stage(split=WRONG_TYPE), tmp_path)

    found = subprocess.run(
        [sys.executable, "-m", "harness.runners.stage", str(request.spec), str(request.out)],
        capture_output=True,
        text=True,
        check=False,
    )

    assert found.returncode == 1
    assert json.loads(found.stdout.splitlines()[-1])["kind"] == "stage-error"


def environment_of(worker: int) -> dict[str, str]:
    entries = Path(f"/proc/{worker}/environ").read_bytes().decode().split("\0")
    return dict(entry.split("=", 1) for entry in entries if "=" in entry)


@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="needs /proc")
def test_the_hub_and_its_token_reach_fetch_alone(
    runner: LocalRunner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_TOKEN", "hf_secret")
    monkeypatch.setenv("HF_ENDPOINT", "http://hub.example")
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    params = {"kind": "folder", "files": {}}
    for number, stage in enumerate([labels_stage(), make_stage("fetch/x", phase=Phase.FETCH, params=params)]):
        before = worker_ids()
        ended, _ = run(runner, stage, tmp_path / str(number))
        (worker,) = worker_ids() - before
        found = environment_of(worker)
        if stage.phase is Phase.FETCH:
            assert ("hf_secret", None) == (found.get("HF_TOKEN"), found.get("HF_HUB_OFFLINE"))
        else:
            assert ended.failure is None
            assert (None, None, "1") == tuple(found.get(name) for name in ("HF_TOKEN", "HF_ENDPOINT", "HF_HUB_OFFLINE"))
