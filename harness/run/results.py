"""Writing the results folder of a suite: one small JSON file a cell, and statistics of them all."""

from __future__ import annotations

import fnmatch
import shutil
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Literal

from harness.data.release import ReleaseFiles
from harness.data.suite_rows import SuiteRows
from harness.errors import Failure, FailureClass, Outcome
from harness.plan.stage import Cell, Plan, Stage
from harness.plan.stats import ScoredCell, stats_plan
from harness.plan.suite import Planned
from harness.results.cells import STAGES_SCHEMA, CellReader, write_json
from harness.results.diff import STAGES_FILE
from harness.results.grid import grid
from harness.run.explain import Decision, Reason
from harness.run.scheduler import StageResult
from harness.run.session import Session
from harness.runners.preflight import NotReady
from harness.store.artifacts import Store
from leaderboard.results import Gap, Gaps
from leaderboard.statistics import LANGUAGES_FILE, STATISTICS_FILE
from leaderboard.stats.design import Design
from leaderboard.stats.settings import Settings


def write_results(
    rows: SuiteRows, plan: Plan, store: Store, results: Mapping[str, StageResult], out: Path
) -> tuple[ScoredCell, ...]:
    """Write the folder anew beside the old one and put it in its place; the cells that have a result, in plan order."""
    aside = out.parent / f".{out.name}.part"
    shutil.rmtree(aside, ignore_errors=True)
    aside.mkdir(parents=True)
    reader = CellReader(rows, plan.by_key(), store)
    gaps = []
    scored = []
    for cell in plan.cells:
        ended = results[cell.score]
        if not ended.outcome.satisfied:
            gaps.append(_gap(cell, ended, plan))
            continue
        folder = aside / cell.backbone / cell.recipe
        folder.mkdir(parents=True, exist_ok=True)
        result = reader.result(cell, baseline=results[cell.baseline].outcome.satisfied)
        write_json(folder / f"{cell.target}-s{cell.seed}.json", result.model_dump(by_alias=True))
        scored.append(reader.scored(cell, result))
        units = reader.units(cell).model_dump(by_alias=True)
        write_json(folder / f"{cell.target}-s{cell.seed}.units.json", units, depth=2)
    write_json(aside / "suite.json", grid(rows).model_dump(by_alias=True))
    write_json(aside / STAGES_FILE, {"schema": STAGES_SCHEMA, "stages": reader.identities()})
    write_json(aside / "gaps.json", Gaps(gaps=tuple(gaps)).model_dump(by_alias=True))
    old = out.parent / f".{out.name}.old"
    shutil.rmtree(old, ignore_errors=True)
    if out.exists():
        out.rename(old)
    aside.rename(out)
    shutil.rmtree(old, ignore_errors=True)
    return tuple(scored)


def add_statistics(
    planned: Planned, scored: Collection[ScoredCell], results: Path, session: Session, *, force: Collection[str] = ()
) -> tuple[tuple[Stage, ...], Mapping[str, StageResult]]:
    """Put statistics beside results: computed, or the store's if it has those of the same scores.

    Args:
        planned: the suite.
        scored: the cells that have a result; without any there are no statistics.
        results: their folder.
        session: that the cells were scored in.
        force: patterns of stage names that run even if the store holds them.

    Returns:
        The stage, and how it ended. If it failed, or cannot run here, the results stand without statistics.
    """
    if not scored:
        return (), {}
    suite = planned.plan.suite
    design = Design.of(grid(planned.rows)).model_dump(mode="json")
    plan = stats_plan(suite, design, Settings().model_dump(mode="json"), scored, planned.inputs)
    (stage,) = plan.stages
    forced = {stage.key} if any(fnmatch.fnmatchcase(stage.name, pattern) for pattern in force) else set()
    try:
        (result,) = session.execute(plan, ReleaseFiles(folder=results, paths=(".",)), forced=forced).values()
    except NotReady as error:  # as an image that nothing else of this run needed
        reason = " ".join(str(problem) for problem in error.problems)
        failure = Failure(kind=FailureClass.IMAGE, reason=reason)
        result = StageResult(outcome=Outcome.FAILED, decision=Decision(reason=Reason.NEW), failure=failure)
        session.record(stage, result)
    if result.outcome.satisfied:
        for name in (STATISTICS_FILE, LANGUAGES_FILE):
            shutil.copyfile(session.store.folder(stage.key) / name, results / name)
    return plan.stages, {stage.key: result}


def _gap(cell: Cell, ended: StageResult, plan: Plan) -> Gap:
    own = plan.by_key()[cell.score].name
    if ended.outcome is Outcome.NOT_RUN or ended.failure is None:
        return Gap(
            backbone=cell.backbone,
            recipe=cell.recipe,
            target=cell.target,
            seed=cell.seed,
            outcome="not-run",
            stage=own,
            failure="not-selected",
            reason="not run this time.",
        )
    outcome: Literal["failed", "blocked"] = "blocked" if ended.outcome is Outcome.BLOCKED else "failed"
    return Gap(
        backbone=cell.backbone,
        recipe=cell.recipe,
        target=cell.target,
        seed=cell.seed,
        outcome=outcome,
        stage=ended.at_fault or own,
        failure=ended.failure.kind.value,
        reason=ended.failure.reason,
    )
