"""A store that is held while plans are executed in it, one after another: checked, run, written to one ledger."""

from __future__ import annotations

import signal
import sys
from collections.abc import Collection, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from typing import Any, Protocol

from harness.data.release import ReleaseFiles
from harness.errors import EnvironmentFault, Failure, FailureClass
from harness.plan import first_seen
from harness.plan.limits import disk_needed
from harness.plan.stage import Plan, Stage
from harness.provenance import describe_process, git_state
from harness.run.attempt import Watcher
from harness.run.executor import WAITS, Executor, Options, record
from harness.run.explain import Decision
from harness.run.scheduler import StageResult, foretell
from harness.runners.base import Host, RunnerRequest
from harness.runners.hosts import host_for
from harness.runners.preflight import NotReady, check_disk
from harness.store.artifacts import Store
from harness.store.ledger import Ledger, new_run_id


class Display(Watcher, Protocol):
    """What shows a run to a person."""

    def say(self, text: str) -> None: ...
    def planned(self, plan: Plan, decisions: Mapping[str, Decision]) -> None: ...
    def close(self) -> None: ...


class StageFailedError(EnvironmentFault):
    """A stage failed that everything else depends on. The exit code is 2 where what a person gave is at fault.

    Attributes:
        stage: its name.
        failure: why.
    """

    def __init__(self, stage: str, failure: Failure) -> None:
        bad_input = failure.kind is FailureClass.BAD_INPUT
        super().__init__(
            failure.reason.rstrip("."), where=None if bad_input else f"stage {stage}", failure_class=failure.kind
        )
        self.exit_code = 2 if bad_input else 3
        self.stage, self.failure = stage, failure


@dataclass(frozen=True, kw_only=True)
class SessionOptions:
    """What holds for every plan of a session.

    Attributes:
        limits: fields of :class:`Limits` that a person gave instead of the plan's own; keys stay as they are.
        keep_weights: keep transient files when all that reads them is done.
        fail_fast: start nothing more after a failure.
        waits: seconds before a stage that a passing fault ended is started again; one further try each.
    """

    limits: Mapping[str, float] | None = None
    keep_weights: bool = False
    fail_fast: bool = False
    waits: tuple[float, ...] = WAITS


class Session:
    """One run. Its ledger begins with the first plan that is ready to be executed."""

    def __init__(
        self, store: Store, host: Host, display: Display, request: RunnerRequest, options: SessionOptions
    ) -> None:
        self.store = store
        self._host = host
        self._display = display
        self._request = request
        self._options = options
        self._ledger: Ledger | None = None

    @property
    def run(self) -> str:
        """The id of the run."""
        assert self._ledger is not None
        return self._ledger.run

    def execute(
        self,
        plan: Plan,
        release: ReleaseFiles | None = None,
        *,
        forced: Collection[str] = (),
        selected: Collection[str] | None = None,
    ) -> Mapping[str, StageResult]:
        """Run what of a plan is selected and missing; the result of every stage, by key.

        Args:
            plan: in this store.
            release: the release files it reads.
            forced: keys of stages that run even if the store holds them.
            selected: keys of the stages that may run; None: all.

        Raises:
            NotReady: something is missing that the stages need; all of it is said at once, and nothing was run.
        """
        release = release or ReleaseFiles()
        plan = self._limited(plan)
        first_seen.check_cached(plan, self.store)
        decisions = foretell(plan, self.store, forced, selected)
        running = tuple(stage for stage in plan.stages if decisions[stage.key].runs)
        self.check(replace(plan, stages=running), release)
        self._display.planned(plan, decisions)
        ledger = self._begin(plan)
        options = Options(
            data=release.folder,
            forced=forced,
            selected=selected,
            keep_weights=self._options.keep_weights,
            fail_fast=self._options.fail_fast,
            waits=self._options.waits,
        )
        with closing(self._host.runner(self.store.root, ledger.run)) as runner:
            results = Executor(plan, self.store, runner, ledger, self._display, options).execute()
        for repository, paths in first_seen.remember(plan, self.store).items():
            self._display.say(f"Seen first, and recorded: {', '.join(paths)} of {repository}.")
        return results

    def require(self, plan: Plan, release: ReleaseFiles | None = None) -> None:
        """Execute a plan of which every stage is needed.

        Raises:
            NotReady: something is missing that the stages need.
            StageFailedError: a stage failed.
        """
        results = self.execute(plan, release)
        for stage in plan.stages:
            failure = results[stage.key].failure
            if failure is not None:
                raise StageFailedError(stage.name, failure)

    def check(self, plan: Plan, release: ReleaseFiles | None = None) -> None:
        """Look at everything that the stages of a plan need to run here.

        Raises:
            NotReady: something is missing; all of it is said at once.
        """
        if not plan.stages:
            return
        keys = {stage.key for stage in plan.stages}
        needed = disk_needed(plan, keys, self._request.workers, keep_weights=self._options.keep_weights)
        problems = self._host.problems(plan, release or ReleaseFiles()) + check_disk(self.store.root, needed)
        if problems:
            raise NotReady(problems)

    def record(self, stage: Stage, result: StageResult) -> None:
        """Write down how a stage ended that never started."""
        assert self._ledger is not None
        record(self._ledger, self._display, stage, result)

    def end(self, *, interrupted: bool) -> None:
        """Write the end of the run, if it began."""
        if self._ledger is not None:
            self._ledger.write("end", interrupted=interrupted)

    def close(self) -> None:
        """Close ledger and display."""
        if self._ledger is not None:
            self._ledger.close()
        self._display.close()

    def _begin(self, plan: Plan) -> Ledger:
        if self._ledger is None:
            self._ledger = Ledger(self.store.root, new_run_id(self.store.root))
            self._ledger.write(
                "start",
                run=self._ledger.run,
                suite=plan.suite,
                argv=sys.argv[1:],
                runner=self._request.runner,
                workers=self._request.workers,
                stages=len(plan.stages),
                git=git_state(),
                **describe_process(),
            )
        return self._ledger

    def _limited(self, plan: Plan) -> Plan:
        limits: dict[str, Any] = dict(self._options.limits or {})
        stages = tuple(replace(stage, limits=replace(stage.limits, **limits)) for stage in plan.stages)
        return replace(plan, stages=stages) if limits else plan


@contextmanager
def open_session(
    store: Store, display: Display, request: RunnerRequest, options: SessionOptions | None = None
) -> Iterator[Session]:
    """Hold a store and a host for as long as the block runs; the run and its ledger end with the block.

    Raises:
        KeyboardInterrupt: Ctrl-C or SIGTERM; finished stages are kept, half-made ones are gone.
    """

    def say_waiting(holder: str) -> None:
        display.say(f"Another run ({holder}) is using {store.root}; waiting for it to end.")

    host = host_for(request)
    with closing(host), store.locked(say_waiting), _interruptible():
        host.sweep(store.root)
        store.clear_tmp()
        session = Session(store, host, display, request, options or SessionOptions())
        with closing(session):
            try:
                yield session
            except KeyboardInterrupt:
                session.end(interrupted=True)
                raise
            session.end(interrupted=False)


@contextmanager
def _interruptible() -> Iterator[None]:
    """SIGTERM ends a run as Ctrl-C does; a second signal does not cut short the writing down of the first."""
    asked = False

    def interrupt(_number: int, _frame: object) -> None:
        nonlocal asked
        if not asked:
            asked = True
            raise KeyboardInterrupt

    numbers = (signal.SIGINT, signal.SIGTERM)
    try:
        before = [signal.signal(number, interrupt) for number in numbers]
    except ValueError:  # not the main thread: the caller's signals are the caller's
        yield
        return
    try:
        yield
    finally:
        for number, handler in zip(numbers, before, strict=True):
            signal.signal(number, handler)
