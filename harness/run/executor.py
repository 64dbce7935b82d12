"""Executing a plan: ready stages run in parallel, finished stages are reused, failures block only what reads them."""

from __future__ import annotations

import threading
from collections.abc import Collection, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from pathlib import Path

from harness.plan.stage import Plan, Stage
from harness.provenance import git_state
from harness.run.attempt import RunContext, StageAttempt, Watcher
from harness.run.explain import Snapshot
from harness.run.scheduler import Scheduler, StageResult
from harness.runners.base import Runner
from harness.store.artifacts import Store
from harness.store.ledger import Ledger
from harness.store.manifest import Manifest

#: Seconds before each further try of a stage that a passing fault ended: time for an engine to come back.
WAITS = (2.0, 8.0, 30.0)

_Running = dict[Future[tuple[StageResult, Manifest | None]], Stage]


@dataclass(frozen=True, kw_only=True)
class Options:
    """How to execute a plan.

    Attributes:
        data: release files.
        forced: keys of stages that run even if the store holds them.
        selected: keys of the stages that may run; None: all.
        keep_weights: keep transient files when all that reads them is done.
        fail_fast: start nothing more after a failure.
        waits: seconds before a stage that a passing fault ended is started again; one further try each.
    """

    data: Path | None = None
    forced: Collection[str] = ()
    selected: Collection[str] | None = None
    keep_weights: bool = False
    fail_fast: bool = False
    waits: tuple[float, ...] = ()


class Executor:
    """Executes one plan over a store. The caller holds the store's lock."""

    def __init__(
        self, plan: Plan, store: Store, runner: Runner, ledger: Ledger, watcher: Watcher, options: Options
    ) -> None:
        self._plan = plan
        self._store = store
        self._runner = runner
        self._ledger = ledger
        self._watcher = watcher
        self._options = options
        self._stop = threading.Event()

    def execute(self) -> Mapping[str, StageResult]:
        """Run all that must and can run; the result of every stage, by key.

        An interrupt kills what runs, is written to the ledger, and is raised again.
        """
        options = self._options
        scheduler = Scheduler(
            self._plan,
            Snapshot.of(self._plan, self._store),
            forced=options.forced,
            selected=options.selected,
            keep_weights=options.keep_weights,
            fail_fast=options.fail_fast,
        )
        self._write_down(scheduler)
        running: _Running = {}
        with ThreadPoolExecutor(max_workers=self._runner.slots) as pool:
            try:
                self._start(scheduler, pool, running)
                while running:
                    # With a timeout: the kernel may hand a signal to another thread, which wakes nobody here.
                    done, _ = wait(running, timeout=0.5, return_when=FIRST_COMPLETED)
                    for future in sorted(done, key=lambda future: running[future].name):
                        result, manifest = future.result()
                        scheduler.ended(running.pop(future), result, manifest.digest if manifest else None)
                        self._write_down(scheduler)
                    self._start(scheduler, pool, running)
            except BaseException:
                self._stop.set()
                self._runner.stop()
                for future, stage in running.items():
                    record(self._ledger, self._watcher, stage, future.result()[0])
                raise
        scheduler.finish()
        self._write_down(scheduler)
        return scheduler.results

    def _start(self, scheduler: Scheduler, pool: ThreadPoolExecutor, running: _Running) -> None:
        """Start as many ready stages as there is room for."""
        context = RunContext(
            store=self._store,
            runner=self._runner,
            ledger=self._ledger,
            watcher=self._watcher,
            data=self._options.data,
            waits=self._options.waits,
            stop=self._stop,
        )
        while len(running) < self._runner.slots:
            start = scheduler.next(lambda stage: self._runner.has_room(stage, tuple(running.values())))
            if start is None:
                return
            stage = start.stage
            digests = {role: digest for role, digest in start.digests.items() if digest is not None}
            assert digests.keys() == stage.inputs.keys(), stage.name
            self._watcher.begun(stage, start.decision)
            self._ledger.write("begun", stage=stage.name, key=stage.key, reason=str(start.decision))
            running[pool.submit(StageAttempt(stage, start.decision, digests, context).run)] = stage

    def _write_down(self, scheduler: Scheduler) -> None:
        """Record the results that have become known, and let transient files go that nothing waits for."""
        for stage, result in scheduler.take_settled():
            record(self._ledger, self._watcher, stage, result)
        for stage in scheduler.take_unneeded():
            self._store.drop_files(stage.key, stage.transient)


def record(ledger: Ledger, watcher: Watcher, stage: Stage, result: StageResult) -> None:
    """Write down how a stage ended, and show it."""
    known = {
        "stage": stage.name,
        "key": stage.key,
        "outcome": result.outcome.value,
        "reason": str(result.decision),
        "seconds": round(result.seconds, 3),
        "peak_memory": result.peak_memory,
        "failure": result.failure.to_json() if result.failure else None,
        "at_fault": result.at_fault,
        "git": git_state(),
    }
    ledger.write("ended", **{**result.provenance, **known})
    watcher.ended(stage, result)
