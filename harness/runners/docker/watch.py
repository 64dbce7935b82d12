"""Sees a container to its end: its reports, its log, its deadline, and what its end means."""

from __future__ import annotations

import signal
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from types import TracebackType
from typing import Literal, Self

from docker import APIClient
from docker.errors import APIError

from harness.context import Progress
from harness.errors import Failure, FailureClass
from harness.runners.base import Job, timeout_reason
from harness.runners.docker.faults import ENGINE_ERRORS, is_gone
from harness.runners.docker.logs import Follower
from harness.runners.quota import Quota, output_reason
from harness.runners.reports import Done, Ended, Reports

_POLL = 1.0  # seconds between looks at a container whose streams are open
_SETTLE = 0.05  # seconds between looks once they are not
_SIGNALS_FROM = 128  # exit codes of processes that a signal ended
_GIB = 2**30
Cause = Literal["late", "overfull"]  # of a kill of ours
_MOST_LOG = 2**28  # bytes of a stage's log file; whoever says more says it to nobody


@dataclass(frozen=True, kw_only=True)
class End:
    """How a container ended.

    Attributes:
        report: the stage's last word, if it had one.
        code: exit code of its process.
        out_of_memory: the kernel killed something in it for want of memory.
        late: we killed it past its deadline.
        overfull: we killed it for what it wrote to its output.
        engine_left: the engine did not answer in between.
    """

    report: Done | Ended | None
    code: int
    out_of_memory: bool
    late: bool = False
    overfull: bool = False
    engine_left: bool = False


class Watch:
    """Watches one container while the block lasts."""

    def __init__(self, client: APIClient, container: str, job: Job, progress: Progress, *, patience: float) -> None:
        """Follow the container's output.

        Args:
            client: of the engine.
            container: its id.
            job: what runs in it.
            progress: told how far it is.
            patience: seconds that an engine may be away; where containers outlive it, nothing is lost.
        """
        self._client = client
        self._container = container
        self._job = job
        self._patience = patience
        self._reports = Reports(progress, self._logged)
        self._woken = threading.Event()
        self._log = job.log.open("ab")
        self._log_guard = threading.Lock()
        self._log_room = _MOST_LOG
        self._followers = [
            Follower(client, container, "stdout", self._reports.take, self._woken),
            Follower(client, container, "stderr", self._logged, self._woken),
        ]

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for follower in self._followers:
            follower.finish()
        with self._log_guard:
            self._log.close()

    def until_end(self) -> End:
        """Wait for the end, or bring it about at the deadline.

        Raises:
            ENGINE_ERRORS: the engine stayed away for longer than it may, or somebody removed the container.
        """
        deadline = time.monotonic() + self._job.stage.limits.seconds
        quota = Quota(self._job.out, self._job.stage)
        killed: Cause | None = None
        away_since: float | None = None
        engine_left = False
        while True:
            try:
                state = self._client.inspect_container(self._container)["State"]
                away_since = None
                if not state["Running"] and state["Status"] != "created":
                    break
                killed = killed or self._kill_if_due(deadline, quota)
            except ENGINE_ERRORS as error:
                if not is_gone(error):
                    raise
                engine_left = True
                away_since = away_since or time.monotonic()
                if time.monotonic() - away_since > self._patience:
                    raise
            self._woken.wait(max(_SETTLE, min(_POLL, deadline - time.monotonic())) if killed is None else _POLL)
            if self._woken.is_set():
                self._woken.clear()
                time.sleep(_SETTLE)
        for follower in self._followers:
            follower.finish()
        return End(
            report=self._reports.last,
            code=int(state["ExitCode"]),
            out_of_memory=bool(state.get("OOMKilled")),
            late=killed == "late",
            overfull=killed == "overfull" or quota.exceeded(now=True),
            engine_left=engine_left,
        )

    def _kill_if_due(self, deadline: float, quota: Quota) -> Cause | None:
        """Kill it if it is past its deadline, or has written too much; why."""
        late = time.monotonic() >= deadline
        if not late and not quota.exceeded():
            return None
        with suppress(APIError):  # it ended in this very moment
            self._client.kill(self._container)
        return "late" if late else "overfull"

    def _logged(self, line: bytes) -> None:
        with self._log_guard:
            if self._log.closed or self._log_room <= 0:
                return
            self._log_room -= len(line) + 1
            self._log.write(line + b"\n" if self._log_room > 0 else b"(the log is full; what follows is lost)\n")
            self._log.flush()


def failure_of(end: End, job: Job) -> Failure | None:
    """What the end of a container means; None where the stage did what it should."""
    found = _class_and_reason(end, job)
    return Failure(kind=found[0], reason=found[1], log=str(job.log)) if found else None


def _class_and_reason(end: End, job: Job) -> tuple[FailureClass, str] | None:
    report = end.report
    if end.overfull:
        return FailureClass.OUTPUT, output_reason(job.stage)
    if isinstance(report, Done) and end.code == 0:
        return None
    if end.late:
        found = FailureClass.TIMEOUT, timeout_reason(job.stage)
    elif end.out_of_memory:
        found = FailureClass.OUT_OF_MEMORY, _memory_reason(job)
    elif isinstance(report, Ended):
        found = report.kind, report.reason
    elif end.engine_left:
        found = FailureClass.ENGINE_GONE, "the Docker engine was restarted and ended the stage; run again."
    elif end.code > _SIGNALS_FROM:
        name = _signal_name(end.code)
        found = FailureClass.KILLED, f"it was killed by {name}; run again, the other stages are kept."
    else:
        found = FailureClass.WORKER_DIED, f"it ended by itself with exit code {end.code}; its log file says more."
    return found


def _memory_reason(job: Job) -> str:
    limit = job.stage.limits.memory / _GIB
    why = f"the kernel killed it at its limit of {limit:.3g} GiB of memory"
    return f"{why}; give stages more with --stage-memory, or use smaller batches."


def _signal_name(code: int) -> str:
    try:
        return signal.Signals(code - _SIGNALS_FROM).name
    except ValueError:
        return f"signal {code - _SIGNALS_FROM}"
