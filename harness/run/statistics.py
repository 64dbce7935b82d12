"""The statistics of a run's results: one more stage, cached like any, whose files go into the results folder."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

from harness.data.release import ReleaseFiles
from harness.errors import Failure, FailureClass, Outcome
from harness.plan.stage import Plan
from harness.plan.stats import ScoredCell, stats_plan
from harness.plan.suite import Planned
from harness.results.grid import grid
from harness.run import executor
from harness.run.attempt import Watcher
from harness.run.explain import Decision
from harness.run.scheduler import StageResult, foretell
from harness.runners.base import Host
from harness.runners.preflight import Problem
from harness.store.artifacts import Store
from harness.store.ledger import Ledger
from leaderboard.statistics import LANGUAGES_FILE, STATISTICS_FILE
from leaderboard.stats.design import Design
from leaderboard.stats.settings import Settings

_NOTHING = Plan(suite="", stages=(), cells=())


@dataclass(frozen=True, kw_only=True)
class Following:
    """The run that statistics belong to.

    Attributes:
        store: held by the run.
        place: where its stages ran; its runner is closed by now.
        ledger: still open.
        watcher: what shows the run.
        further: tells it of stages that were not known at the beginning.
        limited: puts a person's own limits in place of a plan's.
        forced: run it even if it is there.
    """

    store: Store
    place: Host
    ledger: Ledger
    watcher: Watcher
    further: Callable[[Plan, Mapping[str, Decision]], None]
    limited: Callable[[Plan], Plan]
    forced: bool = False


def add_statistics(
    planned: Planned, scored: Collection[ScoredCell], results: Path, following: Following
) -> tuple[Plan, Mapping[str, StageResult]]:
    """Put statistics beside results, and give the stage and how it ended; nothing where no cell has a score.

    A failure is an end like any other: the results stand, without statistics.
    """
    if not scored:
        return _NOTHING, {}
    design = Design.of(grid(planned.resolved)).model_dump(mode="json")
    plan = following.limited(
        stats_plan(planned.plan.suite, design, Settings().model_dump(mode="json"), scored, planned.inputs)
    )
    (stage,) = plan.stages
    keys = {stage.key}
    forced = keys if following.forced else set()
    decisions = foretell(plan, following.store, forced, keys)
    following.further(plan, decisions)
    if decisions[stage.key].runs and (
        problems := following.place.problems(plan, ReleaseFiles(folder=results, paths=(".",)))
    ):
        return plan, {stage.key: _kept_from(problems, plan, decisions[stage.key], following)}
    runner = following.place.runner(following.store.root, following.ledger.run)
    options = executor.Options(data=results, forced=forced, waits=executor.WAITS)
    try:
        ends = executor.Executor(plan, following.store, runner, following.ledger, following.watcher, options).execute()
    finally:
        runner.close()
    if ends[stage.key].outcome.satisfied:
        for name in (STATISTICS_FILE, LANGUAGES_FILE):
            shutil.copyfile(following.store.folder(stage.key) / name, results / name)
    return plan, ends


def _kept_from(problems: Collection[Problem], plan: Plan, decision: Decision, following: Following) -> StageResult:
    """The end of a stage that cannot run here: an image that nothing else of this run needed, and that is not there."""
    (stage,) = plan.stages
    reason = " ".join(str(problem) for problem in problems)
    failure = Failure(kind=FailureClass.IMAGE, reason=reason)
    end = StageResult(outcome=Outcome.FAILED, decision=decision, failure=failure)
    following.ledger.write(
        "ended",
        stage=stage.name,
        key=stage.key,
        outcome=end.outcome.value,
        reason=str(decision),
        seconds=0.0,
        failure=failure.to_json(),
    )
    following.watcher.ended(stage, end)
    return end
