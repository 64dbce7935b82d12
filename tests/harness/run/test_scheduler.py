"""What a plan foretells beside what the executor does, over random graphs and states of a store."""

from __future__ import annotations

import dataclasses
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from harness.errors import Outcome
from harness.plan.stage import Plan, Stage
from harness.run.executor import Executor, Options
from harness.run.explain import Decision, Reason
from harness.run.scheduler import StageResult, foretell
from harness.store.artifacts import Store
from harness.store.ledger import Ledger, new_run_id
from tests.harness.conftest import WritingRunner, make_stage


@dataclass(frozen=True, kw_only=True)
class Case:
    """A plan, what happened to finished artifacts (by stage: gone, damaged, other bytes), and what is asked for."""

    plan: Plan
    damage: dict[str, str]
    keep_weights: bool
    forced: frozenset[str]
    selected: frozenset[str]


def with_inputs(plan: Plan, keys: Iterable[str]) -> frozenset[str]:
    stages = plan.by_key()
    return frozenset(keys).union(*(with_inputs(plan, stages[key].inputs.values()) for key in keys))


@st.composite
def cases(draw: st.DrawFn) -> Case:
    stages: list[Stage] = []
    for number in range(draw(st.integers(3, 7))):
        above = draw(st.lists(st.sampled_from(stages), unique_by=lambda stage: stage.key, max_size=2)) if stages else []
        inputs = {f"in{role}": stage for role, stage in enumerate(above)}
        transient = ("weights.bin",) if draw(st.integers(0, 2)) else ()
        stages.append(make_stage(f"s{number}", inputs=inputs, transient=transient, cost=draw(st.floats(1, 9))))
    plan = Plan(suite="random", stages=tuple(stages), cells=())
    keys = st.sampled_from([stage.key for stage in stages])
    selected = draw(st.one_of(st.just([stage.key for stage in stages]), st.lists(keys, min_size=1)))
    return Case(
        plan=plan,
        damage=draw(st.dictionaries(keys, st.sampled_from(["gone", "damaged", "other"]), min_size=1, max_size=3)),
        keep_weights=not draw(st.integers(0, 3)),
        forced=frozenset(draw(st.lists(keys, max_size=1))),
        selected=with_inputs(plan, selected),
    )


class Reporter(WritingRunner):
    """A runner and a watcher: if ``fresh``, what runs leaves other bytes than before, but for restored weights."""

    def __init__(self, case: Case, *, fresh: bool) -> None:
        super().__init__()
        self._fresh = fresh
        self.content = {s.name: f"other {s.name}" for s in case.plan.stages if case.damage.get(s.key) == "other"}

    def begun(self, stage: Stage, decision: Decision) -> None:
        if self._fresh and "let go" not in decision.detail:
            self.content[stage.name] = f"{stage.name} made again"

    def progressed(self, *_: Any) -> None: ...
    def retried(self, *_: Any) -> None: ...
    def ended(self, *_: Any) -> None: ...


def execute(case: Case, store: Store, *, fresh: bool, **options: Any) -> dict[str, StageResult]:
    ledger = Ledger(store.root, new_run_id(store.root))
    runner = Reporter(case, fresh=fresh)
    try:
        return dict(Executor(case.plan, store, runner, ledger, runner, Options(**options)).execute())
    finally:
        ledger.close()


def prepare(folder: Path, case: Case) -> Store:
    """A store in which the plan was finished, and that was damaged afterwards."""
    store = Store(folder)
    execute(dataclasses.replace(case, damage={}), store, fresh=False, keep_weights=case.keep_weights)
    for key, damage in case.damage.items():
        if damage == "other":
            execute(case, store, fresh=False, forced={key}, selected=with_inputs(case.plan, [key]))
    for key, damage in case.damage.items():
        if damage == "gone":
            store.remove(key)
        elif damage == "damaged":
            (store.folder(key) / "out.txt").unlink()
    return store


#: What a foretold reason is called once the stage has ended.
OUTCOMES = {Reason.CACHED: Outcome.CACHED, Reason.NOT_SELECTED: Outcome.NOT_RUN}


@given(cases())
@settings(max_examples=30, deadline=None)
def test_what_is_foretold_is_done(case: Case) -> None:
    """With a runner whose bytes differ each time: every stage ends as foretold."""
    with tempfile.TemporaryDirectory() as folder:
        store = prepare(Path(folder) / "store", case)
        foretold = foretell(case.plan, store, case.forced, case.selected)
        results = execute(case, store, fresh=True, forced=case.forced, selected=case.selected)

    expected = {key: OUTCOMES.get(decision.reason, Outcome.DONE) for key, decision in foretold.items()}
    assert expected == {key: result.outcome for key, result in results.items()}


@given(cases())
@settings(max_examples=30, deadline=None)
def test_equal_bytes_spare_only_what_is_below_what_runs(case: Case) -> None:
    """With a runner whose bytes are those of before, nothing runs that was not foretold, and all that must."""
    with tempfile.TemporaryDirectory() as folder:
        store = prepare(Path(folder) / "store", case)
        foretold = foretell(case.plan, store, case.forced, case.selected)
        results = execute(case, store, fresh=False, forced=case.forced, selected=case.selected)

    done = {key for key, result in results.items() if result.outcome is Outcome.DONE}
    running = {key: decision for key, decision in foretold.items() if decision.runs}
    assert done <= running.keys()
    spared = {key for key in running.keys() - done if "let go" not in running[key].detail}
    assert {Reason.BELOW} >= {running[key].reason for key in spared}
