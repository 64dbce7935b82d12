"""Both runners over a copy of our packages in which one phase does what a test tells it."""

from __future__ import annotations

import shutil
import uuid
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from harness.plan.stage import Limits, Phase, Stage
from harness.runners.base import Job, JobResult, Runner
from harness.runners.docker.host import copy_packages
from harness.runners.local import LocalRunner
from harness.runners.stage import write_spec
from tests.harness.conftest import make_stage


@pytest.fixture(scope="session")
def code(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Our packages, with ``behaviour`` as the phase ``score``."""
    folder = tmp_path_factory.mktemp("code")
    copy_packages(folder)
    shutil.copy(Path(__file__).with_name("behaviour.py"), folder / "harness" / "phases" / "score.py")
    return folder


def docker_runner(code: Path, **changes: Any) -> Any:
    """A runner with the images of the lock, under a store's name of its own."""
    from harness.runners.docker.runner import DockerRunner, Settings, StageImage
    from harness.runners.images import engine
    from harness.runners.images.found import images_for
    from harness.runners.images.lockfile import read_lock
    from harness.runners.images.targets import Target

    with closing(engine.connect()) as asked:
        found = images_for(asked, read_lock(), [Target.REPORT])[Target.REPORT]
    client = changes.pop("client", None) or engine.connect()
    images = dict.fromkeys(Target, StageImage(id=found.id, about={"name": found.reference}))
    store = changes.pop("store", f"test-{uuid.uuid4().hex[:8]}")
    settings = {"slots": 2, "images": images, "code": code, "store": store, "run": "run"}
    return DockerRunner(client, Settings(**(settings | changes)))


@pytest.fixture(
    params=["local", pytest.param("docker", marks=[pytest.mark.docker, pytest.mark.images])],
)
def runner(request: pytest.FixtureRequest, code: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Runner]:
    """Each runner in turn. Local workers import our packages from the copy."""
    monkeypatch.setenv("PYTHONPATH", str(code))
    found: Runner = LocalRunner(2) if request.param == "local" else docker_runner(code)
    yield found
    found.close()


def behaving(do: str, *, name: str | None = None, limits: Limits | None = None, **params: Any) -> Stage:
    """A stage that does so."""
    fields: dict[str, Any] = {"limits": limits} if limits else {}
    return make_stage(name or f"score/{do}", phase=Phase.SCORE, params={"do": do, **params}, **fields)


def job_of(stage: Stage, folder: Path, **inputs: Path) -> Job:
    """A job as the walk makes it."""
    (folder / "out").mkdir(parents=True, exist_ok=True)
    write_spec(stage, folder / "spec", inputs, None)
    return Job(stage=stage, spec=folder / "spec", inputs=inputs, out=folder / "out", log=folder / "log")


Go = Callable[..., tuple[JobResult, list[tuple[float, str]]]]


@pytest.fixture
def go(tmp_path: Path) -> Go:
    """Run one behaviour; how it ended, and what was told of its progress."""

    def act(runner: Runner, stage: Stage, **inputs: Path) -> tuple[JobResult, list[tuple[float, str]]]:
        told: list[tuple[float, str]] = []
        job = job_of(stage, tmp_path / stage.name.replace("/", "-"), **inputs)
        return runner.run(job, lambda fraction, note: told.append((fraction, note))), told

    return act
