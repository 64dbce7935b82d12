"""One run of a suite: plan, walk, results, page."""

from __future__ import annotations

import fnmatch
import signal
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from harness import walk
from harness.errors import SpecError
from harness.explain import Decision, foretell
from harness.outcome import Outcome
from harness.plan.stage import Plan
from harness.planning import Planned, plan_suite
from harness.preflight import require_hardware
from harness.results import write_results
from harness.runners.local import LocalRunner
from harness.store.artifacts import Store
from harness.store.ledger import Ledger, new_run_id
from harness.surroundings import git_state, surroundings
from leaderboard.site import build_site


class Display(walk.Watcher, Protocol):
    """What shows a run to a person."""

    def say(self, text: str) -> None: ...
    def planned(self, plan: Plan, decisions: Mapping[str, Decision]) -> None: ...
    def close(self) -> None: ...


@dataclass(frozen=True, kw_only=True)
class Request:
    """What a person asks a run to do."""

    suite: str
    store: Path
    workers: int
    data: Path | None = None
    only: tuple[str, ...] = ()
    force: tuple[str, ...] = ()
    smoke: bool = False
    keep_weights: bool = False
    fail_fast: bool = False


@dataclass(frozen=True, kw_only=True)
class RunReport:
    """What a run did."""

    run: str
    suite: str
    ends: Mapping[str, walk.StageEnd]
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
    def failed(self) -> bool:
        """Whether some stage failed."""
        return any(end.outcome is Outcome.FAILED for end in self.ends.values())

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
        request.suite, data_dir=request.data, smoke=request.smoke, cache=store.root / "data-digests.json"
    )
    forced = _matching(planned.plan, request.force, "--force")
    selected = walk.select(planned.plan, request.only) if _matching(planned.plan, request.only, "--only") else None
    require_hardware(planned.plan)

    with walking(planned, store, display, request, forced, selected) as (ledger, ends):
        results = store.root / "results" / planned.plan.suite
        write_results(planned.resolved, planned.plan, store, ends, results)
        page = store.root / "site" / planned.plan.suite
        build_site(results, page)
    return RunReport(
        run=ledger.run,
        suite=planned.plan.suite,
        ends=ends,
        plan=planned.plan,
        results=results,
        page=page / "index.html",
    )


@contextmanager
def walking(
    planned: Planned,
    store: Store,
    display: Display,
    request: Request,
    forced: set[str],
    selected: set[str] | None,
) -> Iterator[tuple[Ledger, Mapping[str, walk.StageEnd]]]:
    """Hold the store, run what is selected (everything if None) and missing, and give how every stage ended, by key.

    The run is over, and its ledger closed, with the block.
    """

    def waiting(holder: str) -> None:
        display.say(f"Another run ({holder}) is using {store.root}; waiting for it to end.")

    with store.locked(waiting), _interruptible():
        store.clear_tmp()
        everything = {stage.key for stage in planned.plan.stages}
        display.planned(
            planned.plan, foretell(planned.plan, store, forced, everything if selected is None else selected)
        )
        ledger = Ledger(store.root, new_run_id(store.root))
        try:
            yield ledger, _walk(planned, store, ledger, display, request, forced, selected)
            ledger.write("end", interrupted=False)
        except KeyboardInterrupt:
            ledger.write("end", interrupted=True)
            raise
        finally:
            ledger.close()
            display.close()


def _walk(
    planned: Planned,
    store: Store,
    ledger: Ledger,
    display: Display,
    request: Request,
    forced: set[str],
    selected: set[str] | None,
) -> Mapping[str, walk.StageEnd]:
    runner = LocalRunner(request.workers)
    ledger.write(
        "start",
        run=ledger.run,
        suite=planned.plan.suite,
        argv=sys.argv[1:],
        runner=runner.name,
        workers=request.workers,
        stages=len(planned.plan.stages),
        git=git_state(),
        **surroundings(),
    )
    options = walk.Options(
        data=planned.data,
        forced=forced,
        selected=selected,
        keep_weights=request.keep_weights,
        fail_fast=request.fail_fast,
        waits=walk.WAITS,
    )
    try:
        return walk.Walk(planned.plan, store, runner, ledger, display, options).run()
    finally:
        runner.close()


def _matching(plan: Plan, patterns: tuple[str, ...], option: str) -> set[str]:
    """Keys of the stages the patterns match; a pattern that matches nothing is an error, not a silent no-op."""
    found: set[str] = set()
    for pattern in patterns:
        matched = {stage.key for stage in plan.stages if fnmatch.fnmatchcase(stage.name, pattern)}
        if not matched:
            raise SpecError(
                f"no stage matches '{pattern}'",
                where=option,
                remedy=f"'codestilts plan {plan.suite}' lists their names",
            )
        found |= matched
    return found


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
