"""The exit code of a run: whose fault it was that something failed."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.errors import Failure, FailureClass, Outcome
from harness.plan.stage import Phase, Plan
from harness.run.explain import Decision, Reason
from harness.run.scheduler import StageResult
from harness.run.suite import RunReport
from tests.harness.conftest import make_stage

BAD, OWN = FailureClass.BAD_INPUT, FailureClass.STAGE_ERROR


@pytest.mark.parametrize(
    ("failures", "code"),
    [
        ({}, 0),
        ({Phase.PREPARE: BAD}, 2),  # rows that cannot be read
        ({Phase.PREPARE: OWN}, 1),
        ({Phase.SCORE: BAD}, 1),  # an artifact that has been touched, not what a person has given
        ({Phase.PREPARE: BAD, Phase.FINETUNE: OWN}, 1),
    ],
)
def test_bad_rows_are_bad_input(tmp_path: Path, failures: dict[Phase, FailureClass], code: int) -> None:
    stages = {phase: make_stage(phase.value, phase=phase) for phase in Phase}
    ends = {
        stage.key: StageResult(
            outcome=Outcome.FAILED if phase in failures else Outcome.DONE,
            decision=Decision(reason=Reason.NEW),
            failure=Failure(kind=failures[phase], reason="why") if phase in failures else None,
        )
        for phase, stage in stages.items()
    }
    plan = Plan(suite="s", stages=tuple(stages.values()), cells=())
    report = RunReport(run="r", suite="s", results=ends, plan=plan, folder=tmp_path, page=tmp_path)
    assert code == report.exit_code
