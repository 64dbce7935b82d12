"""The local runner: warm worker processes on this machine, started afresh (never forked) and fed stages one by one."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import threading
import time
from collections.abc import Collection, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from harness.context import Progress
from harness.errors import Failure, FailureClass
from harness.isolated import python
from harness.plan.stage import Phase, Stage
from harness.runners import environment
from harness.runners.base import Job, JobResult, timeout_reason
from harness.runners.gpus import Leases
from harness.runners.quota import Quota, output_reason
from harness.runners.reports import LONGEST_LINE, Done, Ended, Reports

_LOOK = 1.0  # seconds between looks at what a stage has written


class LocalRunner:
    """Runs up to ``slots`` stages at once, each in a worker process that stays for the next one."""

    name = "local"

    def __init__(self, slots: int, gpus: Sequence[str] = ()) -> None:
        """A runner of so many stages at once.

        Args:
            slots: how many.
            gpus: what it may lease to stages that ask for one, as ``CUDA_VISIBLE_DEVICES`` names them.
        """
        self.slots = slots
        self._leases = Leases(gpus)
        self._idle: list[_Worker] = []
        self._all: set[_Worker] = set()
        self._guard = threading.Lock()
        self._stopped = False

    def has_room(self, stage: Stage, running: Collection[Stage]) -> bool:
        """Whether there is a GPU for a stage that wants one."""
        return self._leases.has_room(stage, running)

    def run(self, job: Job, progress: Progress) -> JobResult:
        """Run one stage in a warm worker with the right number of threads."""
        with self._leases.lease(job.stage) as gpu:
            return self._run(job, progress, gpu)

    def _run(self, job: Job, progress: Progress, gpu: str | None) -> JobResult:
        job.log.touch()
        worker = self._take(job, gpu)
        started = time.monotonic()
        with _Guard(worker, job) as guard:
            report = worker.run(job, progress)
        seconds = time.monotonic() - started
        if worker.alive:
            with self._guard:
                self._idle.append(worker)
        else:
            worker.wait()
            self._forget(worker)
        failure = self._failure(report, worker, job)
        if guard.overfull:
            failure = Failure(kind=FailureClass.OUTPUT, reason=output_reason(job.stage), log=str(job.log))
        elif failure is not None and failure.kind is FailureClass.KILLED and seconds >= job.stage.limits.seconds:
            failure = Failure(kind=FailureClass.TIMEOUT, reason=timeout_reason(job.stage), log=str(job.log))
        return JobResult(
            failure=failure,
            seconds=seconds,
            peak_memory=report.peak_memory if isinstance(report, Done) else None,
            provenance=report.seen() if isinstance(report, Done) else {},
        )

    def stop(self) -> None:
        """Kill all workers at once."""
        with self._guard:
            self._stopped = True
            workers = list(self._all)
        for worker in workers:
            worker.kill()

    def close(self) -> None:
        """End all workers; none is busy when this is called in good order."""
        self.stop()
        for worker in list(self._all):
            worker.wait()

    def _take(self, job: Job, gpu: str | None) -> _Worker:
        threads, offline = job.stage.environment.threads, job.stage.phase is not Phase.FETCH
        with self._guard:
            for worker in self._idle:
                if (worker.threads, worker.gpu, worker.offline, worker.alive) == (threads, gpu, offline, True):
                    self._idle.remove(worker)
                    return worker
            spare = self._idle.pop() if self._idle else None  # other threads or GPU: replaced, not kept beside
        if spare is not None:
            spare.kill()
            spare.wait()
            self._forget(spare)
        worker = _Worker(threads, gpu, offline=offline, log=job.log)
        with self._guard:
            self._all.add(worker)
        if self._stopped:
            worker.kill()
        return worker

    def _forget(self, worker: _Worker) -> None:
        with self._guard:
            self._all.discard(worker)

    def _failure(self, report: Done | Ended | None, worker: _Worker, job: Job) -> Failure | None:
        if isinstance(report, Done):
            return None
        log = str(job.log)
        if report is not None:
            return Failure(kind=report.kind, reason=report.reason, log=log)
        if self._stopped:
            return Failure(kind=FailureClass.INTERRUPTED, reason="interrupted.", log=log)
        return Failure(kind=worker.death_class(), reason=worker.death_reason(), log=log)


class _Guard:
    """Ends a worker whose stage runs past its deadline, or writes more than it may, while the block lasts."""

    def __init__(self, worker: _Worker, job: Job) -> None:
        self.overfull = False
        self._worker = worker
        self._quota = Quota(job.out, job.stage)
        self._deadline = time.monotonic() + job.stage.limits.seconds
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, name=f"guard of {job.stage.name}", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._thread.join()
        self.overfull = self.overfull or self._quota.exceeded(now=True)

    def _watch(self) -> None:
        while not self._over.wait(min(_LOOK, max(0.0, self._deadline - time.monotonic()))):
            self.overfull = self._quota.exceeded()
            if self.overfull or time.monotonic() >= self._deadline:
                self._worker.kill()
                return


class _Worker:
    """One worker process."""

    def __init__(self, threads: int, gpu: str | None, *, offline: bool, log: Path) -> None:
        """Start it.

        Args:
            threads: compute threads.
            gpu: the one GPU it sees, if any.
            offline: it knows nothing of the hub.
            log: takes its words until it takes a stage, and with it that stage's own log.
        """
        self.threads = threads
        self.gpu = gpu
        self.offline = offline
        self._kills_before = _kernel_kills()
        # A stage that wants no GPU sees none.
        visible = {"CUDA_VISIBLE_DEVICES": gpu or ""}
        with log.open("ab") as words:
            self._process = subprocess.Popen(
                python("-m", "harness.runners.worker"),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=words,
                env={
                    **environment.inherited(os.environ, offline=offline),
                    **environment.fixed(threads, offline=offline),
                    **visible,
                },
            )

    @property
    def alive(self) -> bool:
        """Whether it can take another stage."""
        return self._process.poll() is None

    def run(self, job: Job, progress: Progress) -> Done | Ended | None:
        """Hand over a stage and relay its reports; its last word, or None if it died without one.

        A worker whose stage has sent something malformed takes no other stage.
        """
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        request = {"spec": str(job.spec), "out": str(job.out), "log": str(job.log)}
        reports = Reports(progress, lambda line: append(job.log, line))
        try:
            self._process.stdin.write(json.dumps(request).encode() + b"\n")
            self._process.stdin.flush()
        except OSError:
            self._process.wait()
            return None
        while reports.last is None and (line := self._process.stdout.readline(LONGEST_LINE)):
            reports.take(line)
        if reports.malformed:
            self.kill()
        if reports.last is None or reports.malformed:
            self._process.wait()
        return reports.last

    def kill(self) -> None:
        """End it at once."""
        self._process.kill()

    def wait(self) -> None:
        """Wait until it is gone, and close the pipes."""
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                try:
                    pipe.close()
                except OSError:  # a request that never reached the worker cannot be flushed any more
                    continue

    def death_class(self) -> FailureClass:
        """What killed it."""
        if self._process.returncode >= 0:
            return FailureClass.WORKER_DIED
        if -self._process.returncode == signal.SIGKILL and _kernel_kills() > self._kills_before:
            return FailureClass.OUT_OF_MEMORY
        return FailureClass.KILLED

    def death_reason(self) -> str:
        """One sentence about how it died, with what to do."""
        kind = self.death_class()
        if kind is FailureClass.OUT_OF_MEMORY:
            return "the kernel killed the worker for want of memory; use fewer --workers or smaller batches."
        if kind is FailureClass.KILLED:
            name = signal.Signals(-self._process.returncode).name
            return f"the worker was killed by {name}; run again, the other stages are kept."
        return f"the worker ended by itself with exit code {self._process.returncode}; its log file says more."


def append(log: Path, line: bytes) -> None:
    """Add a line to a stage's log."""
    with log.open("ab") as file:
        file.write(line if line.endswith(b"\n") else line + b"\n")


def _kernel_kills() -> int:
    """How many processes the kernel has killed for want of memory since it started; 0 where it does not count."""
    try:
        for line in Path("/proc/vmstat").read_text(encoding="ascii").splitlines():
            if line.startswith("oom_kill "):
                return int(line.split()[1])
    except OSError:
        pass
    return 0
