"""Which stages of a plan start next, from what the store held and how stages end; nothing is run or read here."""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from harness.errors import Failure, FailureClass, Outcome
from harness.plan.stage import Plan, Stage
from harness.run.explain import Decision, Reason, Snapshot, StalenessRule
from harness.store.artifacts import State, Store


@dataclass(frozen=True, kw_only=True)
class StageResult:
    """How a stage ended in this run."""

    outcome: Outcome
    decision: Decision
    failure: Failure | None = None
    at_fault: str | None = None  # for a blocked stage, the name of the stage that failed
    seconds: float = 0.0
    peak_memory: int | None = None
    provenance: Mapping[str, Any] = field(default_factory=dict)


_NOT_RUN = StageResult(outcome=Outcome.NOT_RUN, decision=Decision(reason=Reason.NOT_SELECTED))


@dataclass(frozen=True, kw_only=True)
class Start:
    """A stage that is to start.

    Attributes:
        decision: why it starts.
        digests: of its inputs by role; None where they are not known, while foretelling.
        restored: only its transient files are missing; the bytes it left before are recorded.
    """

    stage: Stage
    decision: Decision
    digests: Mapping[str, str | None]
    restored: bool


class Scheduler:
    """Takes in how stages end and gives out what to start, the longest chain first.

    A stage that failed blocks those that read it and no others. Weights that were let go are made again where a stage
    that runs needs them.
    """

    def __init__(
        self,
        plan: Plan,
        snapshot: Snapshot,
        *,
        forced: Collection[str] = (),
        selected: Collection[str] | None = None,
        keep_weights: bool = False,
        fail_fast: bool = False,
    ) -> None:
        """Settle what can be settled without running anything.

        Args:
            plan: whose stages are scheduled.
            snapshot: what the store held when the run began.
            forced: keys of stages that run even if the store holds them.
            selected: keys of the stages that may run; None: all.
            keep_weights: no transient file becomes unneeded.
            fail_fast: start nothing more after a failure.
        """
        self.results: dict[str, StageResult] = {}
        self._plan = plan
        self._snapshot = snapshot
        self._rule = StalenessRule(snapshot=snapshot, forced=frozenset(forced))
        self._selected = selected
        self._keep_weights = keep_weights
        self._fail_fast = fail_fast
        self._stages = plan.by_key()
        self._consumers = plan.consumers()
        self._urgency = _critical_paths(plan, self._consumers)
        self._order = itertools.count()
        self._ready: list[tuple[float, int, str, Decision]] = []
        self._pending = set(self._stages)
        self._digests: dict[str, str | None] = {}
        self._dropped = {key for key, held in snapshot.artifacts.items() if held.state is State.DROPPED}
        self._restore: dict[str, Decision] = {}
        self._halted = False
        self._settled: list[tuple[Stage, StageResult]] = []
        self._unneeded: list[Stage] = []
        for stage in plan.stages:
            self._consider(stage)

    def next(self, fits: Callable[[Stage], bool]) -> Start | None:
        """The most urgent of the ready stages that fit beside those that run; None where none does."""
        waiting = []
        start = None
        while self._ready and start is None:
            entry = heapq.heappop(self._ready)
            _, _, key, decision = entry
            stage = self._stages[key]
            if fits(stage):
                start = Start(
                    stage=stage, decision=decision, digests=self._inputs(stage), restored=key in self._restore
                )
            else:
                waiting.append(entry)
        for entry in waiting:
            heapq.heappush(self._ready, entry)
        return start

    def ended(self, stage: Stage, result: StageResult, digest: str | None) -> None:
        """Take in how a started stage ended, and the digest of what it left if it is known."""
        restored = self._restore.pop(stage.key, None) is not None
        if result.outcome is Outcome.DONE:
            before = self._digests.get(stage.key)
            self._digests[stage.key] = digest
            self._dropped.discard(stage.key)
            if restored and before != digest:
                self._reconsider_cached(stage)
        if self._fail_fast and result.failure is not None:
            self._halt()
        self._settle(stage, result)

    def finish(self) -> None:
        """Settle what never became ready: it is not run this time."""
        for stage in self._plan.stages:
            if stage.key in self._pending:
                self._settled.append((stage, _NOT_RUN))
                self.results[stage.key] = _NOT_RUN

    def take_settled(self) -> list[tuple[Stage, StageResult]]:
        """Stages whose results have become known since the last call, in order."""
        settled, self._settled = self._settled, []
        return settled

    def take_unneeded(self) -> list[Stage]:
        """Stages whose transient files nothing in the plan waits for any more, since the last call."""
        unneeded, self._unneeded = self._unneeded, []
        return unneeded

    def _consider(self, stage: Stage) -> None:
        """Settle a pending stage whose inputs are settled: cached, blocked, or ready to run."""
        if self._halted or stage.key not in self._pending:
            return
        results = [self.results.get(key) for key in stage.inputs.values()]
        failed = [result for result in results if result is not None and not result.outcome.satisfied]
        if failed:
            self._settle(stage, self._blocked(stage, failed[0]))
            return
        if any(result is None for result in results):
            return
        decision = self._restore.get(stage.key) or self._rule.decide(stage, self._inputs(stage))
        if not decision.runs:
            self._digests[stage.key] = self._snapshot.digest(stage.key)
            self._settle(stage, StageResult(outcome=Outcome.CACHED, decision=decision))
        elif not (self._selected is None or stage.key in self._selected or stage.key in self._restore):
            self._settle(stage, _NOT_RUN)
        elif not self._restored_first(stage):
            self._pending.discard(stage.key)
            heapq.heappush(self._ready, (-self._urgency[stage.key], next(self._order), stage.key, decision))

    def _inputs(self, stage: Stage) -> dict[str, str | None]:
        return {role: self._digests[key] for role, key in stage.inputs.items()}

    def _restored_first(self, stage: Stage) -> bool:
        """Whether inputs whose files were let go must be made again before ``stage`` can run; starts that if so."""
        gone = [key for key in stage.inputs.values() if key in self._dropped]
        for key in gone:
            if key not in self._restore:
                detail = f"its weights were let go; {stage.name} needs them"
                self._restore[key] = Decision(reason=Reason.MISSING, detail=detail)
                self.results.pop(key, None)
                self._pending.add(key)
                self._consider(self._stages[key])
        return bool(gone)

    def _blocked(self, stage: Stage, cause: StageResult) -> StageResult:
        if cause.outcome is Outcome.NOT_RUN:
            return _NOT_RUN
        name = cause.at_fault or next(
            self._stages[key].name for key in stage.inputs.values() if self.results.get(key) is cause
        )
        assert cause.failure is not None, name
        failure = Failure(kind=FailureClass.BLOCKED, reason=cause.failure.reason, log=cause.failure.log)
        decision = Decision(reason=Reason.BELOW, detail=f"{name} failed")
        return StageResult(outcome=Outcome.BLOCKED, decision=decision, failure=failure, at_fault=name)

    def _reconsider_cached(self, stage: Stage) -> None:
        """Bytes made again came out different: what was taken from the cache on top of them is judged once more."""
        for key in self._consumers[stage.key]:
            result = self.results.get(key)
            if result is not None and result.outcome is Outcome.CACHED:
                del self.results[key]
                self._pending.add(key)

    def _halt(self) -> None:
        """Start nothing more; what runs may end."""
        self._halted = True
        self._pending.update(key for _, _, key, _ in self._ready)
        self._ready.clear()

    def _settle(self, stage: Stage, result: StageResult) -> None:
        """Note a result and look at what it sets free."""
        self._pending.discard(stage.key)
        self.results[stage.key] = result
        self._settled.append((stage, result))
        for key in self._consumers[stage.key]:
            self._consider(self._stages[key])
        for key in dict.fromkeys(stage.inputs.values()):
            above = self._stages[key]
            if above.transient and not self._keep_weights and key not in self._dropped and self._is_unneeded(key):
                self._dropped.add(key)
                self._unneeded.append(above)

    def _is_unneeded(self, key: str) -> bool:
        results = [self.results.get(consumer) for consumer in self._consumers[key]]
        return all(result is not None and result.outcome.satisfied for result in results)


def foretell(
    plan: Plan, store: Store | None, forced: Collection[str] = (), selected: Collection[str] | None = None
) -> dict[str, Decision]:
    """A decision for every stage of a plan, by key: the scheduler's own, with a runner that does nothing.

    What is made again is taken to have other bytes, so a stage that reads it is foretold to run: if the bytes come out
    the same, it will not. Weights that were let go are taken to come out the same.
    """
    snapshot = Snapshot.of(plan, store)
    scheduler = Scheduler(plan, snapshot, forced=forced, selected=selected)
    while (start := scheduler.next(lambda _stage: True)) is not None:
        stage = start.stage
        digest = snapshot.digest(stage.key) if start.restored else None
        scheduler.ended(stage, StageResult(outcome=Outcome.DONE, decision=start.decision), digest)
    return {stage.key: scheduler.results[stage.key].decision for stage in plan.stages}


def _critical_paths(plan: Plan, consumers: Mapping[str, list[str]]) -> dict[str, float]:
    """For each stage the cost of the longest chain that starts with it."""
    costs: dict[str, float] = {}
    for stage in reversed(plan.stages):
        below = max((costs[key] for key in consumers[stage.key]), default=0.0)
        costs[stage.key] = stage.cost + below
    return costs
