"""A small plan without arithmetic and a runner that only writes files: the executor and the store, without torch."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import Any

import pytest

from harness.context import ENCODED, Progress
from harness.errors import Failure, FailureClass
from harness.plan.stage import Environment, Phase, Plan, Stage
from harness.runners.base import Job, JobResult
from harness.store.artifacts import Store

LOCAL = Environment(base="local", lock="0" * 64)


def make_stage(
    name: str, *, inputs: Mapping[str, Stage] | None = None, phase: Phase = Phase.SCORE, **fields: Any
) -> Stage:
    """A stage whose parameters are its name, unless given."""
    keys = {role: stage.key for role, stage in (inputs or {}).items()}
    params = fields.pop("params", {"name": name})
    return Stage(phase=phase, name=name, version=1, environment=LOCAL, params=params, inputs=keys, **fields)


class WritingRunner:
    """Writes one file a stage: its name and the contents of its inputs. Stages can be told to fail or to wait."""

    name = "writing"

    def __init__(self, slots: int = 2) -> None:
        self.slots = slots
        self.ran: list[str] = []
        self.fail: dict[str, FailureClass] = {}
        self.content: dict[str, str] = {}
        self.before: Callable[[Job], None] = lambda _job: None
        self._guard = threading.Lock()
        self._stopped = threading.Event()

    def has_room(self, stage: Stage, running: Collection[Stage]) -> bool:
        return True

    def run(self, job: Job, progress: Progress) -> JobResult:
        with self._guard:
            self.ran.append(job.stage.name)
        self.before(job)
        progress(0.5, "half")
        if job.stage.name in self.fail:
            kind = self.fail[job.stage.name]
            return JobResult(failure=Failure(kind=kind, reason=f"{kind}."), seconds=0.01)
        roles = sorted(job.inputs.keys() - {ENCODED})  # a place to find rows that others encoded is no input
        inputs = [(role, (job.inputs[role] / "out.txt").read_text()) for role in roles]
        own = self.content.get(job.stage.name, job.stage.name)
        (job.out / "out.txt").write_text(repr((own, inputs)))
        (job.out / "weights.bin").write_bytes(own.encode() * 10)
        return JobResult(failure=None, seconds=0.01, peak_memory=1)

    def wait_until_stopped(self, _job: Job) -> None:
        while not self._stopped.wait(0.01):
            time.sleep(0.01)

    def stop(self) -> None:
        self._stopped.set()

    def close(self) -> None:
        self.stop()


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "store")


@pytest.fixture
def diamond() -> Plan:
    """Stages a -> b, c -> d, with b's weights transient."""
    a = make_stage("a")
    b = make_stage("b", inputs={"x": a}, transient=("weights.bin",))
    c = make_stage("c", inputs={"x": a})
    d = make_stage("d", inputs={"left": b, "right": c})
    return Plan(suite="diamond", stages=(a, b, c, d), cells=())
