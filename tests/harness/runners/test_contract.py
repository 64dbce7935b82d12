"""What every runner does alike. Written once, run for each of them."""

from __future__ import annotations

import json
import os
import threading
import time
from pathlib import Path

import pytest

from harness.errors import FailureClass
from harness.plan.stage import Limits
from harness.runners.base import Runner
from harness.trees import remove_tree
from tests.harness.runners.conftest import Go, behaving, job_of


def test_a_stage_works_reports_and_logs(runner: Runner, go: Go, tmp_path: Path) -> None:
    (tmp_path / "rows").mkdir()
    (tmp_path / "rows" / "train.jsonl").write_text("{}\n")

    ended, told = go(runner, behaving("work"), **{"rows:mnli": tmp_path / "rows"})

    assert ended.failure is None
    assert [(0.0, "part 0"), (0.25, "part 1"), (0.5, "part 2"), (0.75, "part 3")] == told
    found = tmp_path / "score-work" / "out" / "deep" / "found.json"
    assert {"rows:mnli": ["train.jsonl"]} == json.loads(found.read_text())
    assert "to the log: grüße" in (tmp_path / "score-work" / "log").read_text(encoding="utf-8")
    assert ended.peak_memory is not None
    assert ended.peak_memory > 1_000_000
    assert ended.provenance["versions"]["python"]
    assert os.uname().nodename == ended.provenance["host"]
    owners = {path.lstat().st_uid for path in (tmp_path / "score-work" / "out").rglob("*")}
    assert {os.getuid()} == owners, "what a stage leaves belongs to the caller"


@pytest.mark.parametrize(
    ("do", "kind", "words"),
    [
        ("bad_input", FailureClass.BAD_INPUT, "rows.tsv: line 3 has two fields; mend it."),
        ("error", FailureClass.STAGE_ERROR, "ZeroDivisionError"),
        ("network", FailureClass.NETWORK, "the index is away"),
        ("cuda_memory", FailureClass.OUT_OF_MEMORY, "use smaller batches"),
        ("cuda_lost", FailureClass.GPU_LOST, "nvidia-smi"),
        ("full", FailureClass.DISK_FULL, "free space"),
        ("killed", FailureClass.KILLED, "SIGKILL"),
        ("leaves", FailureClass.WORKER_DIED, "exit code 7"),
    ],
)
def test_every_end_has_its_class_and_a_remedy(
    runner: Runner, go: Go, tmp_path: Path, do: str, kind: FailureClass, words: str
) -> None:
    ended, _ = go(runner, behaving(do))

    assert ended.failure is not None
    assert kind is ended.failure.kind
    assert words in ended.failure.reason
    assert str(tmp_path / f"score-{do}" / "log") == ended.failure.log


def test_an_own_error_leaves_its_traceback_in_the_log(runner: Runner, go: Go, tmp_path: Path) -> None:
    go(runner, behaving("error"))

    assert "Traceback" in (tmp_path / "score-error" / "log").read_text()


def test_a_long_line_comes_whole(runner: Runner, go: Go, tmp_path: Path) -> None:
    go(runner, behaving("long_lines"))

    assert ["x" * 100_000, "the end"] == (tmp_path / "score-long_lines" / "log").read_text().splitlines()


def test_a_stage_past_its_deadline_is_killed(runner: Runner, go: Go) -> None:
    ended, told = go(runner, behaving("sleeps", limits=Limits(seconds=6.0)))

    assert ended.failure is not None
    assert FailureClass.TIMEOUT is ended.failure.kind
    assert "--stage-hours" in ended.failure.reason
    assert (0.1, "asleep") in told
    assert ended.seconds < 60


@pytest.mark.parametrize(
    ("how", "limits"), [("files", Limits(output=2**23)), ("folders", Limits(files=500)), ("one", Limits(output=2**23))]
)
def test_a_stage_that_fills_its_output_is_ended(
    runner: Runner, go: Go, tmp_path: Path, how: str, limits: Limits
) -> None:
    stage = behaving("fills_output", how=how, limits=limits)

    ended, told = go(runner, stage)

    assert ended.failure is not None
    assert FailureClass.OUTPUT is ended.failure.kind
    assert "--stage-output" in ended.failure.reason
    assert [(0.1, "writing")] == told
    assert ended.seconds < 60


@pytest.mark.parametrize(
    "line",
    [
        '{"event": "done", "peak_memory": 1, "provenance": {"runner": "forged"}}',
        '{"event": "done", "peak_memory": NaN}',
        '{"event": "error", "kind": "killed", "reason": "\\ud800"}',
        '{"event": "progress", "fraction": 1, "note": ' + "[" * 9000,
    ],
)
def test_a_malformed_report_fails_its_stage_and_no_other(runner: Runner, go: Go, line: str) -> None:
    ended, _ = go(runner, behaving("reports", line=line))
    after, _ = go(runner, behaving("work"))

    assert ended.failure is not None
    assert FailureClass.STAGE_ERROR is ended.failure.kind
    assert "its report is not as a stage's must be" in ended.failure.reason
    assert {} == {name: ended.provenance[name] for name in ("versions", "runner") if name in ended.provenance}
    assert after.failure is None


@pytest.mark.parametrize("do", ["odd_words", "mute"])
def test_words_of_a_stage_are_printable(runner: Runner, go: Go, do: str) -> None:
    ended, told = go(runner, behaving(do))

    assert ended.failure is not None
    assert FailureClass.STAGE_ERROR is ended.failure.kind
    assert ended.failure.reason.isprintable()
    assert all(0 <= fraction <= 1 and note.isprintable() for fraction, note in told)


@pytest.mark.parametrize(("levels", "kind"), [(0, None), (3000, FailureClass.OUTPUT)])
def test_odd_output_harms_no_runner(
    runner: Runner, go: Go, tmp_path: Path, levels: int, kind: FailureClass | None
) -> None:
    ended, _ = go(runner, behaving("leaves_odd", levels=levels))
    remove_tree(tmp_path / "score-leaves_odd" / "out")

    assert kind is (ended.failure.kind if ended.failure else None)
    assert not (tmp_path / "score-leaves_odd" / "out").exists()


def test_a_failed_stage_does_not_harm_the_next(runner: Runner, go: Go) -> None:
    go(runner, behaving("killed"))
    ended, _ = go(runner, behaving("work"))

    assert ended.failure is None


def test_stop_ends_what_runs_at_once(runner: Runner, tmp_path: Path) -> None:
    asleep = threading.Event()
    threading.Thread(target=lambda: (asleep.wait(60), runner.stop()), daemon=True).start()
    started = time.monotonic()

    ended = runner.run(job_of(behaving("sleeps"), tmp_path), lambda _fraction, _note: asleep.set())

    assert time.monotonic() - started < 60
    assert ended.failure is not None
    assert FailureClass.INTERRUPTED is ended.failure.kind
