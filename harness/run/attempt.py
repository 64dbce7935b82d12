"""One stage from its start to its artifact: run, tried again after a passing fault, published with its manifest."""

from __future__ import annotations

import threading
import traceback
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from harness.context import ENCODED, RESUME
from harness.errors import BadOutput, Failure, FailureClass, Outcome
from harness.plan.stage import Phase, Stage
from harness.provenance import git_state
from harness.run.explain import Decision, Reason
from harness.run.scheduler import StageResult
from harness.runners.base import Job, JobResult, Runner
from harness.runners.stage import classify, write_spec
from harness.store.artifacts import Store
from harness.store.encodings import Encodings
from harness.store.ledger import Ledger, now
from harness.store.manifest import Manifest
from harness.store.unfinished import Unfinished
from harness.trees import remove_tree
from tasks.errors import UserError

#: Phases that save what they have done so far.
_RESUMABLE = frozenset({Phase.FETCH, Phase.PRETRAIN, Phase.INTERMEDIATE, Phase.FINETUNE, Phase.CHECK})
#: Phases that encode training rows.
_ENCODING = frozenset({Phase.INTERMEDIATE, Phase.FINETUNE})


class Watcher(Protocol):
    """What a display is told. Called from several threads."""

    def begun(self, stage: Stage, decision: Decision) -> None: ...
    def progressed(self, stage: Stage, fraction: float, note: str) -> None: ...
    def retried(self, stage: Stage, failure: Failure, wait: float) -> None: ...
    def ended(self, stage: Stage, end: StageResult) -> None: ...


@dataclass(frozen=True, kw_only=True)
class RunContext:
    """What the stages of one run share.

    Attributes:
        data: release files; None where no stage reads any.
        waits: seconds before a stage that a passing fault ended is started again; one further try each.
        stop: set when the run is interrupted.
    """

    store: Store
    runner: Runner
    ledger: Ledger
    watcher: Watcher
    data: Path | None
    waits: tuple[float, ...]
    stop: threading.Event


class StageAttempt:
    """Runs and publishes one stage, in a thread of the executor's."""

    def __init__(self, stage: Stage, decision: Decision, digests: Mapping[str, str], context: RunContext) -> None:
        """Nothing is done yet.

        Args:
            stage: whose inputs are all in the store.
            decision: why it runs.
            digests: of its inputs, by role.
            context: what it shares with other stages.
        """
        self._stage = stage
        self._decision = decision
        self._digests = digests
        self._context = context
        self._work = context.store.root / "tmp" / context.ledger.run / stage.key
        log = stage.name.replace("/", "__") + f".{stage.key[:8]}.log"
        self._log = (context.ledger.logs / log).resolve()
        self._unfinished = Unfinished(context.store.root)
        self._encodings = Encodings(context.store.root)
        self._earlier: list[Failure] = []

    def run(self) -> tuple[StageResult, Manifest | None]:
        """Run it, again after each passing fault while tries are left. Never raises for what goes wrong in the stage.

        Returns:
            How it ended, and the manifest of what it left if it was done.
        """
        stage, context = self._stage, self._context
        if context.stop.is_set():
            return self._failed(Failure(kind=FailureClass.INTERRUPTED, reason="interrupted.")), None
        while True:
            result, manifest = self._run_once()
            if result.failure is None or not result.failure.kind.passing or len(self._earlier) >= len(context.waits):
                return result, manifest
            wait = context.waits[len(self._earlier)]
            self._earlier.append(result.failure)
            context.ledger.write(
                "retried", stage=stage.name, key=stage.key, attempt=len(self._earlier),
                failure=result.failure.to_json(), seconds=round(result.seconds, 3), wait=wait,
            )  # fmt: skip
            context.watcher.retried(stage, result.failure, wait)
            if context.stop.wait(wait):
                return result, None

    def _run_once(self) -> tuple[StageResult, Manifest | None]:
        started = now()
        try:
            result, manifest = self._made(started)
        except Exception as error:  # noqa: BLE001 - whatever handling one stage runs into is that stage's failure
            return self._failed(self._fault(error)), None
        finally:
            remove_tree(self._work)
        failure = result.failure
        if failure is None and manifest is None:
            failure = Failure(kind=FailureClass.INTERRUPTED, reason="interrupted.")
        return StageResult(
            outcome=Outcome.DONE if failure is None else Outcome.FAILED,
            decision=self._decision,
            failure=failure,
            seconds=result.seconds,
            peak_memory=result.peak_memory,
            provenance=result.provenance,
        ), manifest

    def _made(self, started: str) -> tuple[JobResult, Manifest | None]:
        """Run the stage and publish what it left, if it was done and nobody wants to stop."""
        stage, context, out = self._stage, self._context, self._work / "out"
        job = self._job()
        result = context.runner.run(job, lambda fraction, note: context.watcher.progressed(stage, fraction, note))
        if result.failure is not None and result.failure.kind.environmental:
            self._unfinished.take_back(stage.key, out)
        if result.failure is not None or context.stop.is_set():
            return result, None
        remove_tree(out / RESUME)
        self._encodings.take(out)
        return result, context.store.publish(out, self._manifest(started, result), most=stage.limits.output)

    def _fault(self, error: Exception) -> Failure:
        """What an error in our own handling means; where it is no known one, its traceback goes to the stage's log."""
        kind, reason = classify(error)
        if not isinstance(error, (UserError, BadOutput)):
            with suppress(OSError), self._log.open("a", encoding="utf-8", errors="backslashreplace") as log:
                traceback.print_exception(error, file=log)
        return Failure(kind=kind, reason=reason, log=str(self._log))

    def _failed(self, failure: Failure) -> StageResult:
        return StageResult(outcome=Outcome.FAILED, decision=self._decision, failure=failure)

    def _job(self) -> Job:
        stage, store, work = self._stage, self._context.store, self._work
        remove_tree(work)
        (work / "out").mkdir(parents=True)
        if stage.phase in _RESUMABLE:
            afresh = self._decision.reason is Reason.FORCED and not self._earlier
            self._unfinished.hand_out(stage.key, self._digests, work / "out", afresh=afresh)
        inputs = {role: store.folder(key).resolve() for role, key in stage.inputs.items()}
        inputs |= {role: Path(folder) for role, folder in stage.folders.items()}
        if stage.phase in _ENCODING:
            inputs[ENCODED] = self._encodings.folder().resolve()
        data = self._context.data.resolve() if stage.needs_data and self._context.data else None
        write_spec(stage, work / "spec", inputs, data)
        return Job(
            stage=stage,
            spec=(work / "spec").resolve(),
            inputs=inputs,
            data=data,
            out=(work / "out").resolve(),
            log=self._log,
        )

    def _manifest(self, started: str, result: JobResult) -> Manifest:
        provenance: dict[str, Any] = {
            **result.provenance,
            "made": started,
            "seconds": round(result.seconds, 3),
            "peak_memory": result.peak_memory,
            "runner": self._context.runner.name,
            "run": self._context.ledger.run,
            "git": git_state(),
        }
        if self._earlier:  # attempts that the machine ended; nothing of them is in the artifact
            provenance["retried_after"] = [failure.to_json() for failure in self._earlier]
        return Manifest(
            key=self._stage.key,
            phase=self._stage.phase.value,
            name=self._stage.name,
            inputs=self._digests,
            files=(),
            identity=self._stage.identity(),
            provenance=provenance,
        )
