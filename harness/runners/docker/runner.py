"""The Docker runner: each stage in a container of its own, closed in, watched, and removed whatever happens."""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from docker import APIClient

from harness.context import BAKED, Progress
from harness.errors import Failure, FailureClass
from harness.plan.stage import Stage
from harness.runners.base import Job, JobResult
from harness.runners.docker import confinement, labels
from harness.runners.docker.faults import ENGINE_ERRORS, judge
from harness.runners.docker.watch import End, Watch, failure_of
from harness.runners.gpus import Leases
from harness.runners.images.targets import image_of
from harness.runners.reports import Done, Ended
from harness.runners.stage import write_spec
from harness.trees import walk

_PATIENCE = 60.0  # seconds an engine may be away before its stages are given up


@dataclass(frozen=True, kw_only=True)
class StageImage:
    """An image that stages run in.

    Attributes:
        id: which is what is run.
        about: what is written down with every artifact beside it.
        baked: it holds what its stages would else fetch, so they see no network.
    """

    id: str
    about: Mapping[str, str] = field(default_factory=dict)
    baked: bool = False


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What a Docker runner is told.

    Attributes:
        slots: how many stages run at once.
        images: by the name that ``image_of`` gives a stage's image.
        code: folder that holds our packages, mounted read-only; it must not change while the runner lives.
        store: what the store is called on the engine (``labels.of_store``).
        run: id of the run.
        gpus: devices it may lease, by the ids the engine knows them by.
        cdi: the engine knows devices by CDI names only.
        security: the engine's security options, as it tells them.
        patience: seconds an engine may be away.
    """

    slots: int
    images: Mapping[str, StageImage]
    code: Path
    store: str
    run: str
    gpus: Sequence[str] = ()
    cdi: bool = False
    security: tuple[str, ...] = ()
    patience: float = _PATIENCE


class DockerRunner:
    """Runs up to ``slots`` stages at once. The caller holds the store's lock."""

    name = "docker"

    def __init__(self, client: APIClient, settings: Settings, *, mark: Path | None = None) -> None:
        """Make a runner.

        Args:
            client: of the engine; it is the runner's from now on.
            settings: all the rest.
            mark: a file that says that containers may be left; removed once none are.
        """
        self.slots = settings.slots
        self._client = client
        self._settings = settings
        self._leases = Leases(settings.gpus)
        self._who = confinement.person(settings.security)
        self._cpus = int(client.info().get("NCPU") or 1)
        self._stopped = threading.Event()
        self._mark = mark
        # More slots than its pool has places cost a connection each, and are no reason to warn.
        logging.getLogger("urllib3.connectionpool").setLevel(logging.ERROR)

    def has_room(self, stage: Stage, running: Collection[Stage]) -> bool:
        """Whether there is a GPU for a stage that wants one."""
        return self._leases.has_room(stage, running)

    def run(self, job: Job, progress: Progress) -> JobResult:
        """Run one stage in a container of its own."""
        started = time.monotonic()
        report: Done | Ended | None = None
        failure: Failure | None = None
        with self._leases.lease(job.stage) as gpu:
            try:
                with self._container(job, gpu) as container:
                    end = self._see_through(container, job, progress)
                failure, report = failure_of(end, job), end.report
            except ENGINE_ERRORS as error:
                kind, reason = judge(error)
                failure = Failure(kind=kind, reason=reason, log=str(job.log))
        if failure is not None and self._stopped.is_set():
            failure = Failure(kind=FailureClass.INTERRUPTED, reason="interrupted.", log=str(job.log))
        self._give(job.out, confinement.caller())
        return JobResult(
            failure=failure,
            seconds=time.monotonic() - started,
            peak_memory=report.peak_memory if isinstance(report, Done) else None,
            provenance=self._provenance(job.stage, report.seen() if isinstance(report, Done) else {}),
        )

    def stop(self) -> None:
        """Kill and remove all of this run's containers at once."""
        self._stopped.set()
        self._remove_all()

    def close(self) -> None:
        """Remove what is left of this run, and let go of the engine."""
        self._stopped.set()
        if self._remove_all() and self._mark is not None:
            self._mark.unlink(missing_ok=True)
        self._client.close()

    def _remove_all(self) -> bool:
        try:
            labels.remove(self._client, store=self._settings.store, run=self._settings.run)
        except ENGINE_ERRORS:  # gone: the next run sweeps
            return False
        return True

    def _see_through(self, container: str, job: Job, progress: Progress) -> End:
        if self._stopped.is_set():
            return End(report=None, code=-1, out_of_memory=False)
        self._client.start(container)
        with Watch(self._client, container, job, progress, patience=self._settings.patience) as watch:
            return watch.until_end()

    @contextmanager
    def _container(self, job: Job, gpu: str | None) -> Iterator[str]:
        """A created container, gone after the block."""
        stage, settings = job.stage, self._settings
        # One that an engine kept while it was away, and that nobody watched to its end.
        labels.remove(self._client, store=settings.store, stage=stage.key)
        image = settings.images[image_of(stage)]
        if image.baked:  # all it reads is in the image; a folder of this machine need not be there
            job = replace(job, inputs={})
        inside = {role: Path(path) for role, path in confinement.inputs_inside(job).items()}
        inside |= {BAKED: Path(confinement.WEIGHTS)} if image.baked else {}
        spec = job.spec.with_name(job.spec.name + "-inside")
        write_spec(stage, spec, inside, Path(confinement.DATA) if job.data else None)
        self._give(job.out, self._who)
        marks = labels.of_container(store=settings.store, run=settings.run, stage=stage.key, name=stage.name)
        online = confinement.is_online(stage) and not image.baked
        host = confinement.host(
            job, spec=spec, code=settings.code, gpu=gpu, cdi=settings.cdi, cpus=self._cpus, online=online
        )
        made = self._client.create_container(
            **confinement.container(job, image=image.id, labels=marks, who=self._who, gpu=gpu, online=online),
            host_config=self._client.create_host_config(**host),
        )
        try:
            yield made["Id"]
        finally:
            self._remove(made["Id"])

    def _remove(self, container: str) -> None:
        try:
            self._client.remove_container(container, force=True, v=True)
        except ENGINE_ERRORS:  # gone already, or swept later
            return

    def _give(self, folder: Path, person: confinement.Person) -> None:
        """Give a folder and all in it to somebody, where root runs us and no stage of ours. No link is followed."""
        if os.getuid() != 0 or self._who == confinement.caller():
            return
        for found in walk(folder):
            os.chown(folder / found.path, person.user, person.group, follow_symlinks=False)
        os.chown(folder, person.user, person.group)

    def _provenance(self, stage: Stage, inside: Mapping[str, Any]) -> Mapping[str, Any]:
        """The versions and hardware that the stage reports, on which host, and in which image."""
        image = self._settings.images[image_of(stage)]
        return {**inside, "host": os.uname().nodename, "image": {"id": image.id, **image.about}}
