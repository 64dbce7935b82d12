"""One run of a suite: plan, execute, results, statistics, site."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from harness.data.release import ReleaseFiles
from harness.errors import FailureClass, Outcome
from harness.plan.stage import Phase, Plan
from harness.plan.suite import RunLocation, plan_suite
from harness.run.explain import matching_stages, selected_stages
from harness.run.results import add_statistics, write_results
from harness.run.scheduler import StageResult
from harness.run.session import Display, SessionOptions, open_session
from harness.runners.base import RunnerName, RunnerRequest
from harness.runners.hosts import bases
from harness.store.artifacts import Store
from leaderboard.site import Extras, build_site


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
    results: Mapping[str, StageResult]
    plan: Plan
    folder: Path
    page: Path

    def counts(self) -> dict[str, int]:
        """Stages by outcome."""
        counts = {outcome.value: 0 for outcome in Outcome}
        for result in self.results.values():
            counts[result.outcome.value] += 1
        return counts

    @property
    def exit_code(self) -> int:
        """0: nothing failed; 2: rows could not be read, and nothing else failed; 1: a stage failed."""
        stages = self.plan.by_key()
        failed = {key: result.failure for key, result in self.results.items() if result.outcome is Outcome.FAILED}
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
            {"stage": stages[key].name, "key": key, **result.failure.to_json()}
            for key, result in self.results.items()
            if result.outcome is Outcome.FAILED and result.failure
        ]
        return {
            "run": self.run,
            "suite": self.suite,
            "counts": self.counts(),
            "failures": failures,
            "results": str(self.folder),
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
    forced = matching_stages(planned.plan, request.force, "--force")
    selected = selected_stages(planned.plan, request.only)

    limits = {"memory": request.stage_memory, "output": request.stage_output, "seconds": request.stage_seconds}
    options = SessionOptions(
        limits={name: value for name, value in limits.items() if value is not None},
        keep_weights=request.keep_weights,
        fail_fast=request.fail_fast,
    )
    runner = RunnerRequest(runner=request.runner, workers=request.workers, gpus=request.gpus)
    with open_session(store, display, runner, options) as session:
        release = ReleaseFiles(folder=planned.data, paths=planned.files)
        ended = session.execute(planned.plan, release, forced=forced, selected=selected)
        results = store.root / "results" / planned.plan.suite
        scored = write_results(planned.rows, planned.plan, store, ended, results)
        statistics, more = add_statistics(planned, scored, results, session, force=request.force)
        page = store.root / "site" / planned.plan.suite
        build_site(results, page, Extras(artifacts=store.root / "artifacts"))
    return RunReport(
        run=session.run,
        suite=planned.plan.suite,
        results={**ended, **more},
        plan=replace(planned.plan, stages=(*planned.plan.stages, *statistics)),
        folder=results,
        page=page / "index.html",
    )
