"""One run of a suite: plan, walk, results, page."""

from __future__ import annotations

import fnmatch
import signal
import sys
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal, Protocol

from harness.data.release import ReleaseFiles
from harness.errors import FailureClass, Outcome
from harness.plan import first_seen
from harness.plan.limits import disk_needed
from harness.plan.stage import Phase, Plan
from harness.plan.stats import stats_name
from harness.plan.suite import Planned, RunLocation, plan_suite
from harness.provenance import describe_process, git_state
from harness.run import executor
from harness.run.attempt import Watcher
from harness.run.explain import Decision, matching_stages, selected_stages
from harness.run.results import write_results
from harness.run.scheduler import StageResult, foretell
from harness.run.statistics import Following, add_statistics
from harness.runners.base import Host, Runner, RunnerName, RunnerRequest
from harness.runners.hosts import bases, host_for
from harness.runners.preflight import NotReady, check_disk
from harness.store.artifacts import Store
from harness.store.ledger import Ledger, new_run_id
from leaderboard.site import Extras, build_site


class Display(Watcher, Protocol):
    """What shows a run to a person."""

    def say(self, text: str) -> None: ...
    def planned(self, plan: Plan, decisions: Mapping[str, Decision]) -> None: ...
    def further(self, plan: Plan, decisions: Mapping[str, Decision]) -> None: ...
    def close(self) -> None: ...


@dataclass(frozen=True, kw_only=True)
class Request:
    """What a person asks a run to do.

    Attributes:
        device: ``cpu`` or ``cuda`` instead of what the suite says; None leaves it to the suite.
        gpus: the GPUs to use, by number or id; None: all.
        stage_memory: bytes of memory a stage may use; None: what the plan thinks it needs.
        stage_output: bytes a stage may write to its output; None: likewise.
        stage_seconds: seconds a stage may take; None: what the plan thinks generous.
    """

    suite: str
    store: Path
    workers: int
    runner: RunnerName = "local"
    device: Literal["cpu", "cuda"] | None = None
    gpus: tuple[str, ...] | None = None
    stage_memory: int | None = None
    stage_output: int | None = None
    stage_seconds: float | None = None
    data: Path | None = None
    only: tuple[str, ...] = ()
    force: tuple[str, ...] = ()
    smoke: bool = False
    keep_weights: bool = False
    fail_fast: bool = False
    allowed: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class RunReport:
    """What a run did."""

    run: str
    suite: str
    ends: Mapping[str, StageResult]
    plan: Plan
    results: Path
    page: Path

    def counts(self) -> dict[str, int]:
        """Stages by outcome."""
        counts = {outcome.value: 0 for outcome in Outcome}
        for end in self.ends.values():
            counts[end.outcome.value] += 1
        return counts

    @property
    def exit_code(self) -> int:
        """0: nothing failed; 2: rows could not be read, and nothing else failed; 1: a stage failed."""
        stages = self.plan.by_key()
        failed = {key: end.failure for key, end in self.ends.items() if end.outcome is Outcome.FAILED}
        if not failed:
            return 0
        bad_rows = all(
            stages[key].phase is Phase.PREPARE and failure is not None and failure.kind is FailureClass.BAD_INPUT
            for key, failure in failed.items()
        )
        return 2 if bad_rows else 1

    def to_json(self) -> dict[str, Any]:
        stages = self.plan.by_key()
        failures = [
            {"stage": stages[key].name, "key": key, **end.failure.to_json()}
            for key, end in self.ends.items()
            if end.outcome is Outcome.FAILED and end.failure
        ]
        return {
            "run": self.run,
            "suite": self.suite,
            "counts": self.counts(),
            "failures": failures,
            "results": str(self.results),
            "page": str(self.page),
        }


def run_suite(request: Request, display: Display) -> RunReport:
    """Plan a suite, run what is missing, write results and page.

    Raises:
        UserError: bad input, or a store that cannot be used; nothing was run.
        KeyboardInterrupt: finished stages are kept, half-made ones are gone.
    """
    store = Store(request.store)
    planned = plan_suite(
        request.suite,
        data_dir=request.data,
        smoke=request.smoke,
        store=store.root,
        where=RunLocation(bases=bases(request.runner), device=request.device),
        allowed=request.allowed,
    )
    planned = replace(planned, plan=_limited(planned.plan, request))
    forced = matching_stages(planned.plan, request.force, "--force")
    selected = selected_stages(planned.plan, request.only)

    with walking(planned, store, display, request, forced, selected) as walked:
        results = store.root / "results" / planned.plan.suite
        scored = write_results(planned.resolved, planned.plan, store, walked.ends, results)
        following = Following(
            store=store,
            place=walked.place,
            ledger=walked.ledger,
            watcher=display,
            further=display.further,
            limited=lambda plan: _limited(plan, request),
            forced=any(fnmatch.fnmatchcase(stats_name(planned.plan.suite), pattern) for pattern in request.force),
        )
        more, ends = add_statistics(planned, scored, results, following)
        page = store.root / "site" / planned.plan.suite
        build_site(results, page, Extras(artifacts=store.root / "artifacts"))
    return RunReport(
        run=walked.ledger.run,
        suite=planned.plan.suite,
        ends={**walked.ends, **ends},
        plan=replace(planned.plan, stages=(*planned.plan.stages, *more.stages)),
        results=results,
        page=page / "index.html",
    )


@dataclass(frozen=True, kw_only=True)
class Walked:
    """A run whose stages have ended, with the store still held: what else belongs to it can be done now."""

    ledger: Ledger
    ends: Mapping[str, StageResult]
    place: Host


@contextmanager
def walking(
    planned: Planned,
    store: Store,
    display: Display,
    request: Request,
    forced: set[str],
    selected: set[str],
) -> Iterator[Walked]:
    """Hold the store, run what is selected and missing, and give how every stage ended.

    The run is over, and its ledger closed, with the block.
    """

    def waiting(holder: str) -> None:
        display.say(f"Another run ({holder}) is using {store.root}; waiting for it to end.")

    place = host_for(RunnerRequest(runner=request.runner, workers=request.workers, gpus=request.gpus))
    with closing(place), store.locked(waiting), _interruptible():
        place.sweep(store.root)
        store.clear_tmp()
        first_seen.check_cached(planned.plan, store)
        decisions = foretell(planned.plan, store, forced, selected)
        _check(planned, place, store, request, {key for key, decision in decisions.items() if decision.runs})
        display.planned(planned.plan, decisions)
        ledger = Ledger(store.root, new_run_id(store.root))
        try:
            runner = place.runner(store.root, ledger.run)
            ends = _walk(planned, store, runner, ledger, display, request, forced, selected)
            for repository, paths in first_seen.remember(planned.plan, store).items():
                display.say(f"Seen first, and recorded: {', '.join(paths)} of {repository}.")
            yield Walked(ledger=ledger, ends=ends, place=place)
            ledger.write("end", interrupted=False)
        except KeyboardInterrupt:
            ledger.write("end", interrupted=True)
            raise
        finally:
            ledger.close()
            display.close()


def _check(planned: Planned, place: Host, store: Store, request: Request, running: set[str]) -> None:
    """Look at everything the stages that will run stand on.

    Raises:
        NotReady: something is missing; all of it is said at once, and nothing was run.
    """
    if not running:
        return
    needed = disk_needed(planned.plan, running, request.workers, keep_weights=request.keep_weights)
    plan = replace(planned.plan, stages=tuple(stage for stage in planned.plan.stages if stage.key in running))
    release = ReleaseFiles(folder=planned.data, paths=planned.files)
    problems = place.problems(plan, release) + check_disk(store.root, needed)
    if problems:
        raise NotReady(problems)


def _limited(plan: Plan, request: Request) -> Plan:
    """The plan with the limits a person gave instead of its own; keys stay as they are."""
    given = {"memory": request.stage_memory, "output": request.stage_output, "seconds": request.stage_seconds}
    changed: dict[str, Any] = {name: value for name, value in given.items() if value is not None}
    stages = tuple(replace(stage, limits=replace(stage.limits, **changed)) for stage in plan.stages)
    return replace(plan, stages=stages) if changed else plan


def _walk(
    planned: Planned,
    store: Store,
    runner: Runner,
    ledger: Ledger,
    display: Display,
    request: Request,
    forced: set[str],
    selected: set[str],
) -> Mapping[str, StageResult]:
    ledger.write(
        "start",
        run=ledger.run,
        suite=planned.plan.suite,
        argv=sys.argv[1:],
        runner=runner.name,
        workers=request.workers,
        stages=len(planned.plan.stages),
        git=git_state(),
        **describe_process(),
    )
    options = executor.Options(
        data=planned.data,
        forced=forced,
        selected=selected,
        keep_weights=request.keep_weights,
        fail_fast=request.fail_fast,
        waits=executor.WAITS,
    )
    try:
        return executor.Executor(planned.plan, store, runner, ledger, display, options).execute()
    finally:
        runner.close()


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
