"""The executor: what runs, what is kept, what is blocked, and what an interrupt leaves."""

from __future__ import annotations

import dataclasses
import os
import signal
import threading
import time
from collections.abc import Callable, Collection, Iterator
from pathlib import Path
from typing import Any

import pytest

from harness.context import RESUME, Progress
from harness.errors import Failure, FailureClass, Outcome
from harness.plan.stage import Phase, Plan, Stage
from harness.run.executor import Executor, Options
from harness.run.explain import Reason, selected_stages
from harness.run.scheduler import StageResult, foretell
from harness.runners.base import Job, JobResult
from harness.store.artifacts import State, Store
from harness.store.cleaning import collect
from harness.store.ledger import Ledger, new_run_id, read_events
from harness.store.unfinished import Unfinished
from tests.harness.conftest import WritingRunner, make_stage
from tests.harness.test_trees import make_deep


class Silent:
    """Shows nothing."""

    def begun(self, *_: Any) -> None: ...
    def progressed(self, *_: Any) -> None: ...
    def retried(self, *_: Any) -> None: ...
    def ended(self, *_: Any) -> None: ...


def execute(plan: Plan, store: Store, runner: WritingRunner, **options: Any) -> dict[str, StageResult]:
    """Execute a plan; the results by stage name."""
    ledger = Ledger(store.root, new_run_id(store.root))
    try:
        ends = Executor(plan, store, runner, ledger, Silent(), Options(**options)).execute()
    finally:
        ledger.close()
    names = {stage.key: stage.name for stage in plan.stages}
    return {names[key]: end for key, end in ends.items()}


def outcomes(ends: dict[str, StageResult]) -> dict[str, str]:
    return {name: end.outcome.value for name, end in sorted(ends.items())}


def test_everything_runs_once_then_nothing(diamond: Plan, store: Store) -> None:
    runner = WritingRunner()

    first = outcomes(execute(diamond, store, runner))
    second = outcomes(execute(diamond, store, runner))

    assert dict.fromkeys("abcd", "done") == first
    assert dict.fromkeys("abcd", "cached") == second
    assert ["a", "b", "c", "d"] == sorted(runner.ran)


def test_inputs_come_before_what_reads_them(diamond: Plan, store: Store) -> None:
    runner = WritingRunner(slots=1)

    execute(diamond, store, runner)

    assert runner.ran[0] == "a"
    assert runner.ran[-1] == "d"


def test_a_failure_blocks_what_stands_on_it_and_nothing_else(diamond: Plan, store: Store) -> None:
    runner = WritingRunner()
    runner.fail["b"] = FailureClass.OUT_OF_MEMORY

    ends = execute(diamond, store, runner)

    assert {"a": "done", "b": "failed", "c": "done", "d": "blocked"} == outcomes(ends)
    assert ends["b"].failure is not None
    assert FailureClass.OUT_OF_MEMORY is ends["b"].failure.kind
    assert ends["d"].at_fault == "b"
    assert State.ABSENT is store.look(diamond.stages[1].key).state


def test_a_failed_stage_is_tried_again_next_time(diamond: Plan, store: Store) -> None:
    runner = WritingRunner()
    runner.fail["b"] = FailureClass.STAGE_ERROR
    execute(diamond, store, runner)
    runner.fail.clear()

    assert {"a": "cached", "b": "done", "c": "cached", "d": "done"} == outcomes(execute(diamond, store, runner))


def test_fail_fast_starts_nothing_more(store: Store) -> None:
    stages = tuple(make_stage(name, cost=cost) for name, cost in (("first", 9.0), ("second", 1.0)))
    runner = WritingRunner(slots=1)
    runner.fail["first"] = FailureClass.STAGE_ERROR

    ends = execute(Plan(suite="s", stages=stages, cells=()), store, runner, fail_fast=True)

    assert {"first": "failed", "second": "not-run"} == outcomes(ends)


def test_the_longest_chain_goes_first(store: Store) -> None:
    short = make_stage("short", cost=5.0)
    head = make_stage("head", cost=1.0)
    tail = make_stage("tail", inputs={"x": head}, cost=50.0)
    runner = WritingRunner(slots=1)

    execute(Plan(suite="s", stages=(short, head, tail), cells=()), store, runner)

    assert ["head", "tail", "short"] == runner.ran


def test_transient_files_go_when_all_that_reads_them_is_done(diamond: Plan, store: Store) -> None:
    execute(diamond, store, WritingRunner())

    held = store.look(diamond.stages[1].key)
    assert State.DROPPED is held.state
    assert not (held.folder / "weights.bin").exists()
    assert (held.folder / "out.txt").exists()


def test_keep_weights_keeps_them(diamond: Plan, store: Store) -> None:
    execute(diamond, store, WritingRunner(), keep_weights=True)

    assert State.PRESENT is store.look(diamond.stages[1].key).state


def test_dropped_weights_are_made_again_only_where_needed(diamond: Plan, store: Store) -> None:
    """Removing the last artifact needs b's weights back, but not a's or c's work."""
    execute(diamond, store, WritingRunner())
    store.remove(diamond.stages[3].key)
    runner = WritingRunner()

    told = foretell(diamond, store, (), {stage.key for stage in diamond.stages})
    ends = execute(diamond, store, runner)

    assert [Reason.CACHED, Reason.MISSING, Reason.CACHED, Reason.NEW] == [told[s.key].reason for s in diamond.stages]
    assert ["b", "d"] == runner.ran
    assert {"a": "cached", "b": "done", "c": "cached", "d": "done"} == outcomes(ends)
    assert State.DROPPED is store.look(diamond.stages[1].key).state


def test_a_damaged_artifact_is_made_again_and_equal_bytes_spare_the_rest(diamond: Plan, store: Store) -> None:
    execute(diamond, store, WritingRunner())
    (store.folder(diamond.stages[0].key) / "out.txt").write_text("longer than it was, by quite a lot of characters")
    runner = WritingRunner()

    told = foretell(diamond, store, (), {stage.key for stage in diamond.stages})
    execute(diamond, store, runner)

    assert "damaged" in str(told[diamond.stages[0].key])
    assert Reason.BELOW is told[diamond.stages[3].key].reason
    assert ["a"] == runner.ran


def test_a_damaged_artifact_made_again_with_other_bytes_reruns_what_stands_on_it(diamond: Plan, store: Store) -> None:
    execute(diamond, store, WritingRunner())
    (store.folder(diamond.stages[0].key) / "out.txt").unlink()
    runner = WritingRunner()
    runner.content["a"] = "other"

    ends = execute(diamond, store, runner)

    assert ["a", "b", "c", "d"] == sorted(runner.ran)
    assert "other bytes" in str(ends["b"].decision)


def test_restored_weights_with_other_bytes_rerun_what_was_cached_on_them(store: Store) -> None:
    trained = make_stage("trained", transient=("weights.bin",))
    kept = make_stage("kept", inputs={"x": trained})
    lost = make_stage("lost", inputs={"x": trained})
    plan = Plan(suite="s", stages=(trained, kept, lost), cells=())
    execute(plan, store, WritingRunner())
    store.remove(lost.key)
    runner = WritingRunner(slots=1)
    runner.content["trained"] = "other weights"

    ends = execute(plan, store, runner)

    assert ["kept", "lost", "trained"] == sorted(runner.ran)
    assert dict.fromkeys(("kept", "lost", "trained"), "done") == outcomes(ends)


def test_forced_stages_run_and_equal_bytes_spare_the_rest(diamond: Plan, store: Store) -> None:
    execute(diamond, store, WritingRunner())
    runner = WritingRunner()

    execute(diamond, store, runner, forced={diamond.stages[2].key})

    assert ["c"] == runner.ran


def test_only_runs_what_was_selected_and_what_that_needs(diamond: Plan, store: Store) -> None:
    ends = execute(diamond, store, WritingRunner(), selected=selected_stages(diamond, ["b"]))

    assert {"a": "done", "b": "done", "c": "not-run", "d": "not-run"} == outcomes(ends)


def test_a_changed_parameter_says_which(diamond: Plan, store: Store) -> None:
    execute(diamond, store, WritingRunner())
    changed = dataclasses.replace(diamond.stages[0], params={"name": "a", "learning_rate": 2e-4})
    plan = Plan(suite="s", stages=(changed,), cells=())

    told = foretell(plan, store, (), {changed.key})

    assert str(told[changed.key]) == "changed: params.learning_rate added"


@pytest.fixture
def interruptible() -> Iterator[None]:
    """An interrupt is raised here, even if whoever started the tests in the background has interrupts ignored."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("interruptible")
def test_an_interrupt_keeps_what_is_finished_and_drops_what_is_half_made(diamond: Plan, store: Store) -> None:
    runner = WritingRunner(slots=1)
    runner.before = lambda job: runner.wait_until_stopped(job) if job.stage.name == "b" else None
    ledger = Ledger(store.root, "20260101T000000-1")

    def interrupt_when_running() -> None:
        while "b" not in runner.ran:
            time.sleep(0.01)
        os.kill(os.getpid(), signal.SIGINT)

    threading.Thread(target=interrupt_when_running).start()
    with pytest.raises(KeyboardInterrupt):
        Executor(diamond, store, runner, ledger, Silent(), Options()).execute()
    ledger.close()

    assert State.PRESENT is store.look(diamond.stages[0].key).state
    assert State.ABSENT is store.look(diamond.stages[1].key).state
    ends = [
        event for event in read_events(store.root, ledger.run) if event["event"] == "ended" and event["stage"] == "b"
    ]
    assert ends[-1]["failure"]["kind"] == "interrupted"
    assert {"b": "done"}.items() <= outcomes(execute(diamond, store, WritingRunner())).items()


def test_a_full_disk_fails_the_stage_as_such(diamond: Plan, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: Any, **__: Any) -> Any:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("harness.store.artifacts.describe_files", full)

    ends = execute(diamond, store, WritingRunner())

    assert Outcome.FAILED is ends["a"].outcome
    assert ends["a"].failure is not None
    assert FailureClass.DISK_FULL is ends["a"].failure.kind
    assert Outcome.BLOCKED is ends["d"].outcome


BAD_OUTPUT: dict[str, Callable[[Path], object]] = {
    "deep": lambda out: make_deep(out / "d"),
    "deep-state": lambda out: make_deep(out / RESUME / "d"),
    "odd-link": lambda out: (out / os.fsdecode(b"\xff\xfe")).symlink_to("/"),
    "manifest": lambda out: (out / "manifest.json").mkdir(),
    "pipe": lambda out: os.mkfifo(out / "pipe"),
    "hard-link": lambda out: os.link(out / "out.txt", out / "again.txt"),
}


class Leaving(WritingRunner):
    """Leaves more in the output of ``b`` than it may, done or failed."""

    def __init__(self, kind: str, failure: FailureClass | None) -> None:
        super().__init__()
        self.kind, self.failure = kind, failure

    def run(self, job: Job, progress: Progress) -> JobResult:
        result = super().run(job, progress)
        if job.stage.name == "b":
            (job.out / RESUME).mkdir(exist_ok=True)
            BAD_OUTPUT[self.kind](job.out)
            if self.failure:
                return JobResult(failure=Failure(kind=self.failure, reason="gone."), seconds=0.01)
        return result


@pytest.mark.parametrize("failure", [None, FailureClass.STAGE_ERROR, FailureClass.KILLED])
@pytest.mark.parametrize("kind", BAD_OUTPUT)
def test_bad_output_is_the_failure_of_its_stage_alone(
    diamond: Plan, store: Store, kind: str, failure: FailureClass | None
) -> None:
    ends = execute(diamond, store, Leaving(kind, failure))

    fine = failure is None and kind == "deep-state"  # a saved state is removed and never published
    assert {"a": "done", "b": "done" if fine else "failed", "c": "done"}.items() <= outcomes(ends).items()
    if not fine:
        told = ends["b"].failure
        assert told is not None
        assert (failure or FailureClass.STAGE_ERROR) is told.kind
        assert failure or "b left '" in told.reason
    collect(store, None, dry_run=False)
    Store(store.root).clear_tmp()
    assert [] == list((store.root / "tmp").iterdir())
    assert set(outcomes(execute(diamond, store, WritingRunner())).values()) <= {"done", "cached"}


class Raising(WritingRunner):
    """Raises an error of its own in the middle of ``b``, as a runner never should."""

    def __init__(self, error: Exception) -> None:
        super().__init__()
        self.error = error

    def run(self, job: Job, progress: Progress) -> JobResult:
        if job.stage.name == "b":
            raise self.error
        return super().run(job, progress)


@pytest.mark.parametrize(
    "error", [RecursionError("deep"), TypeError("a\nFailed: c"), KeyError(os.fsdecode(b"\xff")), RuntimeError("\ud800")]
)
def test_an_error_in_handling_a_stage_is_that_stages_failure(diamond: Plan, store: Store, error: Exception) -> None:
    ends = execute(diamond, store, Raising(error))

    assert {"a": "done", "b": "failed", "c": "done", "d": "blocked"} == outcomes(ends)
    failure = ends["b"].failure
    assert failure is not None
    assert FailureClass.STAGE_ERROR is failure.kind
    assert failure.reason.startswith(type(error).__name__)
    assert failure.reason.isprintable()
    assert "Traceback" in Path(failure.log or "").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "text", ["\ud800", os.fsdecode(b"a\xff"), "a\x1b[2J", "a.\nFailed: c: killed: forged", "x" * 10**6]
)
def test_any_words_of_a_stage_reach_the_ledger_printable(diamond: Plan, store: Store, text: str) -> None:
    class Saying(WritingRunner):
        def run(self, job: Job, progress: Progress) -> JobResult:
            super().run(job, progress)
            failure = Failure(kind=FailureClass.STAGE_ERROR, reason=text) if job.stage.name == "b" else None
            return JobResult(failure=failure, seconds=0.01, provenance={"stage": "forged", "key": "forged"})

    execute(diamond, store, Saying())

    (run,) = (store.root / "runs").glob("*.jsonl")
    events = [event for event in read_events(store.root, run.stem) if event["event"] == "ended"]
    assert ["a", "b", "c", "d"] == sorted(event["stage"] for event in events)
    reasons = [event["failure"]["reason"] for event in events if event["failure"]]
    assert 2 == len(reasons)
    assert all(reason.isprintable() and len(reason) < 5000 for reason in reasons)


def test_what_the_runner_knows_is_not_overwritten(diamond: Plan, store: Store) -> None:
    class Forging(WritingRunner):
        def run(self, job: Job, progress: Progress) -> JobResult:
            done = super().run(job, progress)
            forged = {"runner": "forged", "run": "forged", "made": "forged", "seconds": -1, "git": {}, "cpu": "real"}
            return JobResult(failure=None, seconds=done.seconds, peak_memory=1, provenance=forged)

    execute(diamond, store, Forging())

    manifest = store.look(diamond.stages[0].key).manifest
    assert manifest is not None
    assert {"runner": "writing", "seconds": 0.01, "cpu": "real"}.items() <= manifest.provenance.items()
    assert "forged" not in manifest.provenance.values()


class Saving(WritingRunner):
    """A training: says what it found of an earlier try, and saves before it fails."""

    def __init__(self) -> None:
        super().__init__(slots=1)
        self.found: list[str | None] = []
        self.before = self._save

    def _save(self, job: Any) -> None:
        if job.stage.name != "train":
            return
        state = job.out / RESUME / "state.pt"
        self.found.append(state.read_text() if state.exists() else None)
        state.write_text(f"try {len(self.found)}")


@pytest.fixture
def training() -> Plan:
    rows = make_stage("rows")
    train = make_stage("train", phase=Phase.FINETUNE, inputs={"rows": rows})
    return Plan(suite="training", stages=(rows, train), cells=())


@pytest.mark.parametrize(
    ("failure", "found"),
    [
        (FailureClass.KILLED, [None, "try 1"]),
        (FailureClass.OUT_OF_MEMORY, [None, "try 1"]),
        (FailureClass.DIVERGED, [None, None]),
        (FailureClass.STAGE_ERROR, [None, None]),
    ],
)
def test_a_training_goes_on_where_the_machine_was_at_fault(
    training: Plan, store: Store, failure: FailureClass, found: list[str | None]
) -> None:
    runner = Saving()
    runner.fail["train"] = failure
    execute(training, store, runner)
    del runner.fail["train"]
    ends = execute(training, store, runner)

    assert found == runner.found
    assert {"rows": "cached", "train": "done"} == outcomes(ends)
    held = store.look(training.stages[1].key)
    assert held.manifest is not None
    assert ["out.txt", "weights.bin"] == sorted(entry.path for entry in held.manifest.files)
    assert not (held.folder / RESUME).exists()
    assert [] == list(Unfinished(store.root))


def test_a_training_starts_anew_when_forced_or_on_other_inputs(training: Plan, store: Store) -> None:
    runner = Saving()
    runner.fail["train"] = FailureClass.KILLED
    execute(training, store, runner)
    execute(training, store, runner, forced={training.stages[1].key})
    runner.content["rows"] = "other rows"
    execute(training, store, runner, forced={training.stages[0].key})

    assert [None, None, None] == runner.found


def test_what_a_killed_orchestrator_left_is_salvaged_with_the_next_run(training: Plan, store: Store) -> None:
    runner = Saving()
    key = training.stages[1].key
    runner.fail["train"] = FailureClass.KILLED
    execute(training, store, runner)
    left = store.root / "tmp" / "some-run" / key / "out"
    left.mkdir(parents=True)
    (store.root / "unfinished" / key).rename(left / RESUME)
    store.clear_tmp()
    execute(training, store, runner)

    assert [None, "try 1"] == runner.found
    assert f"unfinished/{key[:8]}" in [removed.what for removed in collect(store, set(), dry_run=True)]
    collect(store, set(), dry_run=False)
    assert [] == list(Unfinished(store.root))


class Passing(WritingRunner):
    """Fails a stage so many times before it lets it through."""

    def __init__(self, times: int, kind: FailureClass) -> None:
        super().__init__(slots=1)
        self.times = times
        self.kind = kind

    def run(self, job: Job, progress: Progress) -> JobResult:
        self.fail = {}
        if job.stage.name == "b" and self.times:
            self.times -= 1
            self.fail = {"b": self.kind}
            (job.out / "half-made.txt").write_text("of an attempt that came to nothing")
        return super().run(job, progress)


@pytest.mark.parametrize("kind", [kind for kind in FailureClass if kind.passing])
def test_a_passing_fault_is_tried_again_and_written_down(store: Store, diamond: Plan, kind: FailureClass) -> None:
    runner = Passing(2, kind)

    ends = execute(diamond, store, runner, waits=(0.01, 0.01, 0.01))

    assert {Outcome.DONE} == {end.outcome for end in ends.values()}
    assert 3 == runner.ran.count("b")
    (run,) = (store.root / "runs").glob("*.jsonl")
    retried = [event for event in read_events(store.root, run.stem) if event["event"] == "retried"]
    assert [("b", 1, kind.value), ("b", 2, kind.value)] == [
        (event["stage"], event["attempt"], event["failure"]["kind"]) for event in retried
    ]
    (made,) = [held for stage in diamond.stages if stage.name == "b" and (held := store.look(stage.key).manifest)]
    assert [kind.value] * 2 == [failure["kind"] for failure in made.provenance["retried_after"]]
    assert {"out.txt", "weights.bin"} == {entry.path for entry in made.files}, "nothing is left of a failed attempt"


def test_a_training_that_is_tried_again_goes_on_even_when_forced(training: Plan, store: Store) -> None:
    class Once(Saving):
        def run(self, job: Job, progress: Progress) -> JobResult:
            ended = super().run(job, progress)
            if job.stage.name == "train":
                self.fail = {}
            return ended

    runner = Once()
    runner.fail["train"] = FailureClass.KILLED
    ends = execute(training, store, runner, forced={training.stages[1].key}, waits=(0.01,))

    assert {"rows": "done", "train": "done"} == outcomes(ends)
    assert [None, "try 1"] == runner.found


def test_tries_are_bounded(store: Store, diamond: Plan) -> None:
    runner = Passing(9, FailureClass.ENGINE_GONE)

    ends = execute(diamond, store, runner, waits=(0.01, 0.01))

    assert Outcome.FAILED is ends["b"].outcome
    assert 3 == runner.ran.count("b")
    assert Outcome.BLOCKED is ends["d"].outcome


@pytest.mark.parametrize("kind", [kind for kind in FailureClass if not kind.passing and kind.value != "blocked"])
def test_what_would_only_happen_again_is_not_tried_again(store: Store, diamond: Plan, kind: FailureClass) -> None:
    runner = Passing(1, kind)

    ends = execute(diamond, store, runner, waits=(0.01, 0.01))

    assert Outcome.FAILED is ends["b"].outcome
    assert 1 == runner.ran.count("b")


def test_an_interrupt_does_not_wait_for_the_next_try(store: Store, diamond: Plan) -> None:
    runner = Passing(1, FailureClass.ENGINE_GONE)
    threading.Timer(0.5, lambda: os.kill(os.getpid(), signal.SIGINT)).start()
    started = time.monotonic()
    before = signal.signal(signal.SIGINT, signal.default_int_handler)

    try:
        with pytest.raises(KeyboardInterrupt):
            execute(diamond, store, runner, waits=(60.0,))
    finally:
        signal.signal(signal.SIGINT, before)

    assert time.monotonic() - started < 20


def test_a_stage_without_room_waits_and_the_others_go_on(store: Store, diamond: Plan) -> None:
    """One GPU for b and c, which could else run side by side."""

    class OneAtATime(WritingRunner):
        most = 0

        def has_room(self, stage: Stage, running: Collection[Stage]) -> bool:
            self.most = max(self.most, len(running))
            return not running

    runner = OneAtATime()

    ends = execute(diamond, store, runner)

    assert {Outcome.DONE} == {end.outcome for end in ends.values()}
    assert 1 == runner.most
