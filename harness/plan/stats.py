"""The plan of a suite's statistics: one stage, known only when its scores are."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from harness.plan import limits
from harness.plan.stage import Environment, Phase, Plan, Stage
from harness.plan.stage_list import LOCK_OF_PHASE, PlanInputs
from harness.specs.model import SpecModel

#: Seconds of a core: to start, and for each cell.
_SECONDS, _CELL_SECONDS = 2.0, 0.02


@dataclass(frozen=True, kw_only=True)
class ScoredCell:
    """What statistics read of one result.

    Attributes:
        name: ``BACKBONE/RECIPE/TARGET-sSEED``.
        digest: of the score artifact, which holds scores and counts per resampling unit.
        validation: its score on validation rows; None where there is none.
    """

    name: str
    digest: str
    validation: float | None


class CellParams(SpecModel):
    """One cell: the digest of its score artifact, and its score on validation rows if it has one."""

    score: str
    validation: float | None


class StatsParams(SpecModel):
    """All that the statistics of a results folder read there, and how they are made (``leaderboard.stats``)."""

    design: dict[str, Any]
    settings: dict[str, Any]
    cells: dict[str, CellParams]


def stats_name(suite: str) -> str:
    """What the stage is called."""
    return f"stats/{suite}"


def stats_plan(
    suite: str,
    design: Mapping[str, Any],
    settings: Mapping[str, Any],
    cells: Collection[ScoredCell],
    inputs: PlanInputs,
) -> Plan:
    """One stage over a results folder; all that it reads there stands in its parameters.

    Args:
        suite: its name.
        design: rows, columns and pairs, as JSON.
        settings: what is chosen about the statistics, as JSON.
        cells: the results that are there, at least one.
        inputs: locks, versions, bases.
    """
    lock = LOCK_OF_PHASE[Phase.STATS]
    size = _SECONDS + _CELL_SECONDS * len(cells)
    stage = Stage(
        phase=Phase.STATS,
        name=stats_name(suite),
        version=inputs.versions[Phase.STATS.value],
        environment=Environment(base=inputs.bases.get(lock, "local"), lock=inputs.locks[lock]),
        params=StatsParams(
            design=dict(design),
            settings=dict(settings),
            cells={cell.name: CellParams(score=cell.digest, validation=cell.validation) for cell in cells},
        ).to_json(),
        needs_data=True,
        cost=size,
        limits=limits.limits(Phase.STATS, None, size, "cpu"),
        disk=limits.disk(Phase.STATS, None),
    )
    return Plan(suite=suite, stages=(stage,), cells=())
