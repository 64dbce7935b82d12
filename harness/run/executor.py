"""Walking a plan: what can run, runs; what failed blocks only what stands on it; what is there is not made again."""

from __future__ import annotations

import heapq
import itertools
import shutil
import threading
from collections.abc import Collection, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from harness.context import ENCODED, RESUME
from harness.errors import Failure, FailureClass, Outcome, StoreError
from harness.plan.stage import Phase, Plan, Stage
from harness.provenance import git_state
from harness.run.explain import Decision, Reason, StalenessRule
from harness.runners.base import Job, JobResult, Runner
from harness.runners.stage import classify, write_spec
from harness.store.artifacts import State, Store
from harness.store.encodings import Encodings
from harness.store.ledger import Ledger, now
from harness.store.manifest import Manifest
from harness.store.unfinished import Unfinished

#: Phases that save what they have done so far.
_RESUMABLE = frozenset({Phase.FETCH, Phase.PRETRAIN, Phase.INTERMEDIATE, Phase.FINETUNE})
#: Phases that encode training rows.
_ENCODING = frozenset({Phase.INTERMEDIATE, Phase.FINETUNE})

#: Seconds before each further try of a stage that a passing fault ended: time for an engine to come back.
WAITS = (2.0, 8.0, 30.0)


class Watcher(Protocol):
    """What a display is told. Called from several threads."""

    def begun(self, stage: Stage, decision: Decision) -> None: ...
    def progressed(self, stage: Stage, fraction: float, note: str) -> None: ...
    def retried(self, stage: Stage, failure: Failure, wait: float) -> None: ...
    def ended(self, stage: Stage, end: StageResult) -> None: ...


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


@dataclass(frozen=True, kw_only=True)
class Options:
    """How to walk."""

    data: Path | None = None
    forced: Collection[str] = ()  # keys
    selected: Collection[str] | None = None  # keys; None: all
    keep_weights: bool = False
    fail_fast: bool = False
    waits: tuple[float, ...] = ()  # seconds before a stage that a passing fault ended is started again; one try each


@dataclass(kw_only=True)
class Progress:
    """The state of a walk, by key."""

    ends: dict[str, StageResult] = field(default_factory=dict)
    digests: dict[str, str] = field(default_factory=dict)
    running: dict[str, Stage] = field(default_factory=dict)


class Executor:
    """One walk of a plan over a store. The caller holds the store's lock."""

    def __init__(
        self, plan: Plan, store: Store, runner: Runner, ledger: Ledger, watcher: Watcher, options: Options
    ) -> None:
        self._plan = plan
        self._store = store
        self._runner = runner
        self._ledger = ledger
        self._watcher = watcher
        self._options = options
        self._judge = StalenessRule(store, options.forced)
        self._stages = plan.by_key()
        self._consumers = plan.consumers()
        self._urgency = _critical_paths(plan, self._consumers)
        self._order = itertools.count()
        self._ready: list[tuple[float, int, str, Decision]] = []
        self._restore: dict[str, Decision] = {}
        self._pending: set[str] = set()
        self._work = store.root / "tmp" / ledger.run
        self._unfinished = Unfinished(store.root)
        self._encodings = Encodings(store.root)
        self._stop = threading.Event()
        self._halted = False
        self.progress = Progress()

    def run(self) -> Mapping[str, StageResult]:
        """Walk to the end. An interrupt kills what runs, is written down, and is raised again."""
        self._pending = set(self._stages)
        for stage in self._plan.stages:
            self._consider(stage)
        futures: dict[Future[tuple[StageResult, Manifest | None]], Stage] = {}
        with ThreadPoolExecutor(max_workers=self._runner.slots) as pool:
            try:
                while self._ready or futures:
                    self._start(pool, futures)
                    done, _ = wait(futures, timeout=0.5, return_when=FIRST_COMPLETED)
                    for future in sorted(done, key=lambda f: futures[f].name):
                        self._finish(futures.pop(future), *future.result())
            except BaseException:
                self._stop.set()
                self._runner.stop()
                for future, stage in futures.items():
                    end, _ = future.result()
                    self._record(stage, end)
                raise
        for stage in self._plan.stages:
            if stage.key in self._pending:
                self._record(stage, StageResult(outcome=Outcome.NOT_RUN, decision=Decision(reason=Reason.NOT_SELECTED)))
        return self.progress.ends

    # -- deciding ------------------------------------------------------------------------------------------------------

    def _consider(self, stage: Stage) -> None:
        """Settle a pending stage whose inputs are settled: cached, blocked, or ready to run."""
        if self._halted or stage.key not in self._pending:
            return
        ends = [self.progress.ends.get(key) for key in stage.inputs.values()]
        failed = [end for end in ends if end is not None and not end.outcome.satisfied]
        if failed:
            self._block(stage, failed[0])
            return
        if any(end is None for end in ends):
            return
        decision = self._decide(stage)
        if decision.reason is Reason.NOT_SELECTED:
            self._settle(stage, StageResult(outcome=Outcome.NOT_RUN, decision=decision))
        elif not decision.runs:
            self.progress.digests[stage.key] = self._digest_of(stage)
            self._settle(stage, StageResult(outcome=Outcome.CACHED, decision=decision))
        elif not self._restored_first(stage):
            self._pending.discard(stage.key)
            heapq.heappush(self._ready, (-self._urgency[stage.key], next(self._order), stage.key, decision))

    def _decide(self, stage: Stage) -> Decision:
        if stage.key in self._restore:
            return self._restore[stage.key]
        digests = {role: self.progress.digests[key] for role, key in stage.inputs.items()}
        decision = self._judge.decide(stage, self._store.look(stage.key), digests)
        selected = self._options.selected
        if decision.runs and selected is not None and stage.key not in selected:
            return Decision(reason=Reason.NOT_SELECTED)
        return decision

    def _restored_first(self, stage: Stage) -> bool:
        """Whether inputs whose files were let go must be made again before ``stage`` can run; starts that if so."""
        gone = [key for key in stage.inputs.values() if self._store.look(key).state is State.DROPPED]
        for key in gone:
            if key not in self._restore:
                detail = f"its weights were let go; {stage.name} needs them"
                self._restore[key] = Decision(reason=Reason.MISSING, detail=detail)
                self.progress.ends.pop(key, None)
                self._pending.add(key)
                self._consider(self._stages[key])
        return bool(gone)

    def _digest_of(self, stage: Stage) -> str:
        manifest = self._store.look(stage.key).manifest
        assert manifest is not None, stage.name
        return manifest.digest

    def _block(self, stage: Stage, cause: StageResult) -> None:
        if cause.outcome is Outcome.NOT_RUN:
            decision = Decision(reason=Reason.NOT_SELECTED)
            self._settle(stage, StageResult(outcome=Outcome.NOT_RUN, decision=decision))
            return
        name = cause.at_fault or next(
            self._stages[key].name for key in stage.inputs.values() if self.progress.ends.get(key) is cause
        )
        cause_failure = cause.failure
        assert cause_failure is not None, name
        failure = Failure(kind=FailureClass.BLOCKED, reason=cause_failure.reason, log=cause_failure.log)
        decision = Decision(reason=Reason.BELOW, detail=f"{name} failed")
        self._settle(stage, StageResult(outcome=Outcome.BLOCKED, decision=decision, failure=failure, at_fault=name))

    # -- running -------------------------------------------------------------------------------------------------------

    def _start(
        self, pool: ThreadPoolExecutor, futures: dict[Future[tuple[StageResult, Manifest | None]], Stage]
    ) -> None:
        later = []
        while self._ready and len(futures) < self._runner.slots:
            entry = heapq.heappop(self._ready)
            _, _, key, decision = entry
            stage = self._stages[key]
            if not self._runner.has_room(stage, tuple(futures.values())):
                later.append(entry)
                continue
            self.progress.running[key] = stage
            self._watcher.begun(stage, decision)
            self._ledger.write("begun", stage=stage.name, key=key, reason=str(decision))
            futures[pool.submit(self._execute, stage, decision)] = stage
        for entry in later:
            heapq.heappush(self._ready, entry)

    def _execute(self, stage: Stage, decision: Decision) -> tuple[StageResult, Manifest | None]:
        """Run and publish one stage. In a thread of the pool; never raises."""
        if self._stop.is_set():
            failure = Failure(kind=FailureClass.INTERRUPTED, reason="interrupted.")
            return StageResult(outcome=Outcome.FAILED, decision=decision, failure=failure), None
        earlier: list[Failure] = []
        while True:
            end, manifest = self._attempt(stage, decision, earlier)
            if end.failure is None or not end.failure.kind.passing or len(earlier) >= len(self._options.waits):
                return end, manifest
            wait_for = self._options.waits[len(earlier)]
            earlier.append(end.failure)
            self._ledger.write(
                "retried", stage=stage.name, key=stage.key, attempt=len(earlier), failure=end.failure.to_json(),
                seconds=round(end.seconds, 3), wait=wait_for,
            )  # fmt: skip
            self._watcher.retried(stage, end.failure, wait_for)
            if self._stop.wait(wait_for):
                return end, None

    def _attempt(
        self, stage: Stage, decision: Decision, earlier: Collection[Failure]
    ) -> tuple[StageResult, Manifest | None]:
        """Run and publish one stage once."""
        work = self._work / stage.key
        started = now()
        try:
            afresh = decision.reason is Reason.FORCED and not earlier
            job = self._job(stage, work, afresh=afresh)
            ended = self._runner.run(job, lambda f, n: self._watcher.progressed(stage, f, n))
            manifest = None
            if ended.failure is not None and ended.failure.kind.environmental:
                self._unfinished.take_back(stage.key, work / "out")
            elif ended.failure is None and not self._stop.is_set():
                shutil.rmtree(work / "out" / RESUME, ignore_errors=True)
                self._encodings.take(work / "out")
                manifest = self._store.publish(work / "out", self._manifest(stage, started, ended, earlier))
        except (StoreError, OSError, ValueError) as error:
            kind, reason = classify(error)
            failure = Failure(kind=kind, reason=reason)
            return StageResult(outcome=Outcome.FAILED, decision=decision, failure=failure), None
        finally:
            shutil.rmtree(work, ignore_errors=True)
        failure_found = ended.failure
        if failure_found is None and manifest is None:
            failure_found = Failure(kind=FailureClass.INTERRUPTED, reason="interrupted.")
        outcome = Outcome.DONE if failure_found is None else Outcome.FAILED
        return StageResult(
            outcome=outcome,
            decision=decision,
            failure=failure_found,
            seconds=ended.seconds,
            peak_memory=ended.peak_memory,
            provenance=ended.provenance,
        ), manifest

    def _job(self, stage: Stage, work: Path, *, afresh: bool) -> Job:
        shutil.rmtree(work, ignore_errors=True)
        (work / "out").mkdir(parents=True)
        if stage.phase in _RESUMABLE:
            digests = {role: self.progress.digests[key] for role, key in stage.inputs.items()}
            self._unfinished.hand_out(stage.key, digests, work / "out", afresh=afresh)
        inputs = {role: self._store.folder(key).resolve() for role, key in stage.inputs.items()}
        inputs |= {role: Path(folder) for role, folder in stage.folders.items()}
        if stage.phase in _ENCODING:
            inputs[ENCODED] = self._encodings.folder().resolve()
        data = self._options.data.resolve() if stage.needs_data and self._options.data else None
        write_spec(stage, work / "spec", inputs, data)
        log = self._ledger.logs / (stage.name.replace("/", "__") + f".{stage.key[:8]}.log")
        return Job(
            stage=stage,
            spec=(work / "spec").resolve(),
            inputs=inputs,
            data=data,
            out=(work / "out").resolve(),
            log=log.resolve(),
        )

    def _manifest(self, stage: Stage, started: str, ended: JobResult, earlier: Collection[Failure]) -> Manifest:
        provenance: dict[str, Any] = {
            "made": started,
            "seconds": round(ended.seconds, 3),
            "peak_memory": ended.peak_memory,
            "runner": self._runner.name,
            "run": self._ledger.run,
            "git": git_state(),
            **ended.provenance,
        }
        if earlier:  # attempts that the machine ended; nothing of them is in the artifact
            provenance["retried_after"] = [failure.to_json() for failure in earlier]
        inputs = {role: self.progress.digests[key] for role, key in stage.inputs.items()}
        return Manifest(
            key=stage.key,
            phase=stage.phase.value,
            name=stage.name,
            inputs=inputs,
            files=(),
            identity=stage.identity(),
            provenance=provenance,
        )

    # -- after a stage -------------------------------------------------------------------------------------------------

    def _finish(self, stage: Stage, end: StageResult, manifest: Manifest | None) -> None:
        self.progress.running.pop(stage.key, None)
        restored = self._restore.pop(stage.key, None) is not None
        before = self.progress.digests.get(stage.key)
        if manifest is not None:
            self.progress.digests[stage.key] = manifest.digest
            if restored and before is not None and before != manifest.digest:
                self._reconsider_cached(stage)
        if self._options.fail_fast and end.failure is not None:
            self._halt()
        self._settle(stage, end)

    def _reconsider_cached(self, stage: Stage) -> None:
        """Bytes made again came out different: what was taken from the cache on top of them is judged once more."""
        for key in self._consumers[stage.key]:
            end = self.progress.ends.get(key)
            if end is not None and end.outcome is Outcome.CACHED:
                del self.progress.ends[key]
                self._pending.add(key)

    def _halt(self) -> None:
        """Start nothing more; what runs may end."""
        self._halted = True
        self._pending.update(key for _, _, key, _ in self._ready)
        self._ready.clear()

    def _settle(self, stage: Stage, end: StageResult) -> None:
        """Write down an end and look at what it sets free."""
        self._pending.discard(stage.key)
        self._record(stage, end)
        for key in self._consumers[stage.key]:
            self._consider(self._stages[key])
        self._let_go(stage)

    def _record(self, stage: Stage, end: StageResult) -> None:
        self.progress.ends[stage.key] = end
        self._ledger.write(
            "ended",
            stage=stage.name,
            key=stage.key,
            outcome=end.outcome.value,
            reason=str(end.decision),
            seconds=round(end.seconds, 3),
            peak_memory=end.peak_memory,
            failure=end.failure.to_json() if end.failure else None,
            at_fault=end.at_fault,
            git=git_state(),
            **end.provenance,
        )
        self._watcher.ended(stage, end)

    def _let_go(self, stage: Stage) -> None:
        """Drop transient files of inputs that nothing in the plan still waits for."""
        if self._options.keep_weights:
            return
        for key in stage.inputs.values():
            patterns = self._stages[key].transient
            if patterns and all(self._satisfied(consumer) for consumer in self._consumers[key]):
                self._store.drop_files(key, patterns)

    def _satisfied(self, key: str) -> bool:
        end = self.progress.ends.get(key)
        return end is not None and end.outcome.satisfied


def _critical_paths(plan: Plan, consumers: Mapping[str, list[str]]) -> dict[str, float]:
    """For each stage the cost of the longest chain that starts with it: the longest chain runs first."""
    found: dict[str, float] = {}
    for stage in reversed(plan.stages):
        below = max((found[key] for key in consumers[stage.key]), default=0.0)
        found[stage.key] = stage.cost + below
    return found
