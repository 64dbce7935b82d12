"""Writing the results folder of a suite: one small JSON file a cell."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from harness.errors import Outcome
from harness.plan.stage import Cell, Plan
from harness.plan.stats import ScoredCell
from harness.results.cells import STAGES_SCHEMA, CellReader, write_json
from harness.results.diff import STAGES_FILE
from harness.results.grid import grid
from harness.run.scheduler import StageResult
from harness.specs.resolve import ResolvedSuite
from harness.store.artifacts import Store
from leaderboard.results import (
    Gap,
    Gaps,
)


def write_results(
    resolved: ResolvedSuite, plan: Plan, store: Store, ends: Mapping[str, StageResult], out: Path
) -> tuple[ScoredCell, ...]:
    """Write the folder anew beside the old one and put it in its place; the cells that have a result, in plan order."""
    aside = out.parent / f".{out.name}.part"
    shutil.rmtree(aside, ignore_errors=True)
    aside.mkdir(parents=True)
    reader = CellReader(resolved, plan.by_key(), store)
    gaps = []
    scored = []
    for cell in plan.cells:
        end = ends[cell.score]
        if not end.outcome.satisfied:
            gaps.append(_gap(cell, end, plan))
            continue
        folder = aside / cell.backbone / cell.recipe
        folder.mkdir(parents=True, exist_ok=True)
        result = reader.result(cell, baseline=ends[cell.baseline].outcome.satisfied)
        write_json(folder / f"{cell.target}-s{cell.seed}.json", result.model_dump(by_alias=True))
        scored.append(reader.scored(cell, result))
        units = reader.units(cell).model_dump(by_alias=True)
        write_json(folder / f"{cell.target}-s{cell.seed}.units.json", units, depth=2)
    write_json(aside / "suite.json", grid(resolved).model_dump(by_alias=True))
    write_json(aside / STAGES_FILE, {"schema": STAGES_SCHEMA, "stages": reader.identities()})
    write_json(aside / "gaps.json", Gaps(gaps=tuple(gaps)).model_dump(by_alias=True))
    old = out.parent / f".{out.name}.old"
    shutil.rmtree(old, ignore_errors=True)
    if out.exists():
        out.rename(old)
    aside.rename(out)
    shutil.rmtree(old, ignore_errors=True)
    return tuple(scored)


def _gap(cell: Cell, end: StageResult, plan: Plan) -> Gap:
    own = plan.by_key()[cell.score].name
    if end.outcome is Outcome.NOT_RUN or end.failure is None:
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
    outcome: Literal["failed", "blocked"] = "blocked" if end.outcome is Outcome.BLOCKED else "failed"
    return Gap(
        backbone=cell.backbone,
        recipe=cell.recipe,
        target=cell.target,
        seed=cell.seed,
        outcome=outcome,
        stage=end.at_fault or own,
        failure=end.failure.kind.value,
        reason=end.failure.reason,
    )
