"""The Docker runner on a real engine: what is left behind, connections cut, an engine restarted, pre-flight."""

from __future__ import annotations

import gc
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import pytest

from harness import provenance
from harness.cli import main
from harness.errors import FailureClass, Outcome
from harness.plan.stage import Environment, Limits, Plan
from harness.run.executor import Executor, Options
from harness.store.artifacts import Store
from harness.store.ledger import Ledger, new_run_id, read_events
from tests.harness.run.test_executor import Silent
from tests.harness.runners.conftest import Go, behaving, docker_runner, job_of

pytestmark = [pytest.mark.docker, pytest.mark.images]


@pytest.fixture
def client() -> Iterator[Any]:
    from harness.runners.images import engine

    found = engine.connect()
    yield found
    found.close()


def ours(client: Any, store: str) -> list[dict[str, Any]]:
    """The containers of a store, running or not."""
    found: list[dict[str, Any]] = client.containers(all=True, filters={"label": f"io.codestilts.store={store}"})
    return found


def wait_for(what: Any, seconds: float = 60.0) -> Any:
    """What it gives once it gives something."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if found := what():
            return found
        time.sleep(0.1)
    pytest.fail("it did not come")


ORPHAN = """
import sys
from pathlib import Path
from tests.harness.runners.conftest import behaving, docker_runner, job_of
runner = docker_runner(Path(sys.argv[1]), store=sys.argv[2])
runner.run(job_of(behaving("sleeps"), Path(sys.argv[3])), lambda fraction, note: print(note, flush=True))
"""


@pytest.mark.parametrize("same_store", [True, False])
def test_nothing_runs_on_after_a_killed_orchestrator_and_the_next_command(
    client: Any, code: Path, tmp_path: Path, *, same_store: bool
) -> None:
    """Another store's run sweeps by the process that is gone, the same store's by the store; nobody else is touched."""
    from harness.runners.docker import labels

    foreign = client.create_container(_any_image(client), command=["true"])
    store = f"test-orphan-{os.getpid()}-{same_store}"
    orphan = subprocess.Popen(
        [sys.executable, "-c", ORPHAN, str(code), store, str(tmp_path / "job")],
        stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[3],
    )  # fmt: skip
    try:
        assert orphan.stdout is not None
        assert "asleep" in orphan.stdout.readline()
        orphan.kill()
        orphan.wait()
        orphan.stdout.close()
        (left,) = ours(client, store)
        assert "running" == left["State"]

        labels.sweep(client, store if same_store else "another")

        assert [] == ours(client, store)
        assert client.inspect_container(foreign["Id"])["State"]["Status"] == "created"
    finally:
        orphan.kill()
        labels.remove(client, store=store)
        client.remove_container(foreign["Id"], force=True)


def test_a_living_run_of_another_store_is_left_alone(client: Any, code: Path, tmp_path: Path) -> None:
    from harness.runners.docker import labels

    runner = docker_runner(code, store="test-living")
    running = threading.Thread(
        target=runner.run, args=(job_of(behaving("sleeps"), tmp_path), lambda _fraction, _note: None)
    )
    running.start()
    try:
        wait_for(lambda: [found for found in ours(client, "test-living") if found["State"] == "running"])

        labels.sweep(client, "another")

        assert 1 == len(ours(client, "test-living"))
    finally:
        runner.close()
        running.join()
    assert [] == ours(client, "test-living")


def test_no_container_is_left_of_a_stage_however_it_ends(client: Any, code: Path, go: Go) -> None:
    runner = docker_runner(code, store="test-left")
    for do in ("work", "error", "killed", "leaves"):
        go(runner, behaving(do))

        assert [] == ours(client, "test-left")
    runner.close()


def _any_image(client: Any) -> str:
    return str(client.images(quiet=True)[0])


# -- connections -------------------------------------------------------------------------------------------------------


class Cutting:
    """A proxy before the engine's socket that cuts every connection which nothing passes for ``idle`` seconds."""

    def __init__(self, path: Path, upstream: str, idle: float) -> None:
        self.address = f"unix://{path}"
        self.cut = 0
        self._upstream = upstream
        self._idle = idle
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(path))
        self._listener.listen()
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                near, _ = self._listener.accept()
                threading.Thread(target=self._serve, args=(near,), daemon=True).start()

    def _serve(self, near: socket.socket) -> None:
        far = socket.socket(socket.AF_UNIX)
        far.connect(self._upstream)
        last = [time.monotonic()]
        pumps = [
            threading.Thread(target=self._pump, args=(*ends, last), daemon=True) for ends in ((near, far), (far, near))
        ]
        for thread in pumps:
            thread.start()
        while any(thread.is_alive() for thread in pumps):
            if time.monotonic() - last[0] > self._idle:
                self.cut += 1
                self._shut(near, far)
                break
            time.sleep(0.05)
        for thread in pumps:
            thread.join()
        near.close()
        far.close()

    def _pump(self, source: socket.socket, target: socket.socket, last: list[float]) -> None:
        with suppress(OSError):
            while data := source.recv(65536):
                last[0] = time.monotonic()
                target.sendall(data)
        self._shut(source, target)

    def _shut(self, *ends: socket.socket) -> None:
        for end in ends:
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)


def test_logs_and_progress_survive_silence_on_a_connection_that_is_cut(go: Go, code: Path, tmp_path: Path) -> None:
    """An hour's silence in small: eight seconds, through something that cuts what is idle for one and a half."""
    from harness.runners.images import engine

    proxy = Cutting(tmp_path / "s", "/var/run/docker.sock", 1.5)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DOCKER_HOST", proxy.address)
        client = engine.connect()
    runner = docker_runner(code, client=client)
    ended, told = go(runner, behaving("sleeps", seconds=8))
    runner.close()
    proxy.close()

    assert proxy.cut >= 2, "both streams were cut"
    assert ended.failure is None
    assert [(0.1, "asleep"), (0.9, "awake")] == told, "each once"
    assert ["awake again"] == (tmp_path / "score-sleeps" / "log").read_text().splitlines()


# -- an engine of our own ----------------------------------------------------------------------------------------------


class OwnEngine:
    """A dockerd that may be restarted: its own folders, socket and containerd namespace, no network."""

    def __init__(self, folder: Path) -> None:
        self.address = f"unix://{folder}/d.sock"
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        places = [f"--{name}={self._folder / name}" for name in ("data-root", "exec-root", "pidfile")]
        spaces = ["--containerd-namespace=codestilts-test", "--containerd-plugins-namespace=codestilts-test-plugins"]
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                # A network of its own: an engine without a bridge removes that of its neighbours.
                ["unshare", "--net", "dockerd", "-H", self.address, "--bridge=none", "--iptables=false",
                 *places, *spaces],
                stdout=log, stderr=log, start_new_session=True,
            )  # fmt: skip
        wait_for(self._answers)

    def stop(self) -> None:
        assert self._process is not None
        self._process.send_signal(signal.SIGTERM)
        self._process.wait(60)

    def _answers(self) -> bool:
        return provenance.output_of(["docker", "-H", self.address, "version"], timeout=5)[0] == 0


@pytest.fixture
def own_engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OwnEngine]:
    if os.getuid() != 0 or shutil.which("dockerd") is None:
        pytest.skip("docker: only root can start an engine of its own")
    folder = tmp_path_factory.mktemp("d")
    found = OwnEngine(folder)
    try:
        found.start()
        yield found
    finally:
        found.stop()
        # An engine mounts its folder on itself, which would be in the way when the folder goes.
        subprocess.run(["umount", "-l", str(folder / "data-root")], capture_output=True, check=False)
        shutil.rmtree(folder, ignore_errors=True)


# The SDK leaves a socket to the garbage collector when the engine refuses the connection.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_an_engine_restarted_under_a_stage_costs_a_try_and_no_more(
    own_engine: OwnEngine, code: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from harness.runners.docker.runner import StageImage
    from harness.runners.images import engine
    from harness.runners.images.found import images_for
    from harness.runners.images.lockfile import read_lock
    from harness.runners.images.targets import Target

    with closing(engine.connect()) as shared:
        image = images_for(shared, read_lock(), [Target.REPORT])[Target.REPORT]
    copy = f"docker save {image.id} | docker -H {own_engine.address} load"
    assert 0 == provenance.output_of(["bash", "-o", "pipefail", "-c", copy], timeout=300)[0]
    monkeypatch.setenv("DOCKER_HOST", own_engine.address)
    client = engine.connect()
    images = dict.fromkeys(Target, StageImage(id=image.id))
    store = Store(tmp_path / "store")
    tmp_path.chmod(0o755)
    ledger = Ledger(store.root, new_run_id(store.root))
    runner = docker_runner_of(client, code, images, ledger.run)
    stage = behaving("sleeps", seconds=6)
    plan = Plan(suite="restart", stages=(stage,), cells=())

    def restart() -> None:
        with closing(engine.connect()) as watching:
            wait_for(lambda: ours(watching, "test-restart"))
        time.sleep(1.5)
        own_engine.stop()
        own_engine.start()

    thread = threading.Thread(target=restart)
    thread.start()
    ends = Executor(plan, store, runner, ledger, Silent(), Options(waits=(1.0, 4.0, 10.0))).execute()
    thread.join()
    runner.close()
    ledger.close()
    gc.collect()  # while such sockets are still expected

    (end,) = ends.values()
    assert Outcome.DONE is end.outcome, end.failure
    retried = [event for event in read_events(store.root, ledger.run) if event["event"] == "retried"]
    assert retried
    assert {event["failure"]["kind"] for event in retried} <= {"engine-gone", "killed", "engine-refused"}
    manifest = store.look(stage.key).manifest
    assert manifest is not None
    assert len(retried) == len(manifest.provenance["retried_after"])


def docker_runner_of(client: Any, code: Path, images: Any, run: str) -> Any:
    """A runner on another engine, which need not be waited for long."""
    from harness.runners.docker.runner import DockerRunner, Settings

    settings = Settings(slots=1, images=images, code=code, store="test-restart", run=run, patience=20.0)
    return DockerRunner(client, settings)


# The SDK leaves a socket to the garbage collector when the engine refuses the connection.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_an_engine_that_stays_away_is_said_to_be_gone(own_engine: OwnEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    from harness.runners.docker import faults
    from harness.runners.images import engine

    monkeypatch.setenv("DOCKER_HOST", own_engine.address)
    client = engine.connect()
    own_engine.stop()
    try:
        client.info()
    except faults.ENGINE_ERRORS as error:
        kind, reason = faults.judge(error)
    client.close()
    own_engine.start()
    gc.collect()  # while such sockets are still expected

    assert FailureClass.ENGINE_GONE is kind
    assert "start the Docker engine" in reason


# -- before any work ---------------------------------------------------------------------------------------------------


def test_a_missing_image_is_called_that(go: Go, code: Path) -> None:
    from harness.runners.docker.runner import StageImage
    from harness.runners.images.targets import Target

    runner = docker_runner(code, images=dict.fromkeys(Target, StageImage(id=f"sha256:{'0' * 64}")))
    ended, _ = go(runner, behaving("work"))
    runner.close()

    assert ended.failure is not None
    assert FailureClass.IMAGE is ended.failure.kind
    assert "codestilts images build" in ended.failure.reason


def test_everything_that_is_missing_is_said_at_once_and_nothing_is_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The project's own lock, whose bases no engine of a test has, a disk that is full, and no GPU."""
    from harness.paths import images_dir
    from harness.runners.images import lockfile

    if provenance.gpus():
        pytest.skip("there is a GPU here")
    monkeypatch.setenv(lockfile.LOCK_VARIABLE, str(images_dir() / "images.lock.yaml"))
    monkeypatch.setattr(provenance, "free_bytes", lambda _folder: 10)

    status = main(["run", "mini-docker", "--runner", "docker", "--device", "cuda", "--store", str(tmp_path / "store")])

    said = capsys.readouterr().err
    assert 3 == status
    assert "problems keep stages from running" in said
    for words in ("image train:", "image report:", "images build", "cannot give containers a GPU", "store gc"):
        assert words in said
    assert [] == list((tmp_path / "store" / "artifacts").iterdir())


def test_a_gpu_that_the_engine_cannot_give_is_a_lost_gpu(code: Path, go: Go) -> None:
    import dataclasses

    if provenance.gpus():
        pytest.skip("there is a GPU here")
    runner = docker_runner(code, gpus=["0"])
    on_gpu = dataclasses.replace(
        behaving("work"), environment=Environment(base="local", lock="0" * 64, device="cuda"), limits=Limits()
    )
    ended, _ = go(runner, on_gpu)
    runner.close()

    assert ended.failure is not None
    assert FailureClass.GPU_LOST is ended.failure.kind
    assert "NVIDIA container toolkit" in ended.failure.reason
