"""The doctor sees what is there, says what to do about what is not, and changes and imports nothing."""

from __future__ import annotations

import json
import os
import shutil
import socketserver
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from harness import provenance
from harness.cli import doctor
from harness.cli.doctor import Finding
from harness.data.locate import hub_folder
from harness.data.receipts import RECEIPT
from harness.specs.catalog import Catalog

NAMES = ["python", "cores", "memory", "disk", "torch", "packages", "docker", "images", "gpu", "data", "browser"]
H200 = provenance.Gpu(name="NVIDIA H200", memory_mib=143771, driver="580.82.07")
Script = Callable[[str, str], None]


@pytest.fixture
def script(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Script:
    """Puts commands on an otherwise empty PATH."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    shell = shutil.which("sh", path="/bin:/usr/bin")

    def write(name: str, text: str) -> None:
        (folder / name).write_text(f"#!{shell}\n{text}\n", encoding="utf-8")
        (folder / name).chmod(0o755)

    return write


@pytest.fixture
def engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, object]]:
    """A Docker engine's socket that answers with the dictionary given; no docker command on the PATH."""
    answer: dict[str, object] = {}

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = json.dumps(answer if self.path == "/info" else {}).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def address_string(self) -> str:
            return "socket"

        def log_message(self, *arguments: object) -> None:
            return

    path = tmp_path / "docker.sock"
    monkeypatch.setenv("DOCKER_HOST", f"unix://{path}")
    monkeypatch.setenv("PATH", str(tmp_path))
    with socketserver.UnixStreamServer(str(path), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        yield answer
        server.shutdown()
        thread.join()


def test_everything_is_looked_at_and_each_lack_has_a_remedy(tmp_path: Path) -> None:
    findings = doctor.examine(None, tmp_path / "not" / "there" / "yet")
    assert [finding.name for finding in findings] == NAMES
    assert [f.name for f in findings if f.status == "warning" and not f.remedy] == []
    assert [f.name for f in findings if f.status == "missing" and not f.remedy and f.name != "gpu"] == []
    assert list(tmp_path.iterdir()) == [], "looking makes nothing"


def test_importing_it_is_light() -> None:
    heavy = ("torch", "transformers", "docker", "numpy", "yaml", "pydantic", "rich")
    code = f"import sys, harness.cli.doctor; print([name for name in {heavy!r} if name in sys.modules])"
    root = Path(doctor.__file__).parents[2]
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=root)
    assert done.stdout == "[]\n"


def test_the_table_shows_each_remedy_below_its_line() -> None:
    findings = [
        Finding(name="gpu", status="ok", detail="2 x NVIDIA H200"),
        Finding(name="docker", status="missing", detail="no engine", remedy="start it"),
    ]
    expected = "ok       gpu     2 x NVIDIA H200\nmissing  docker  no engine\n                 -> start it"
    assert doctor.render(findings) == expected
    assert doctor.render([]) == ""


def test_the_json_form_has_every_field() -> None:
    finding = Finding(name="gpu", status="missing", detail="none", remedy="buy one")
    assert doctor.to_json([finding]) == [{"name": "gpu", "status": "missing", "detail": "none", "remedy": "buy one"}]


@pytest.mark.parametrize(
    ("packages", "build"),
    [
        ({"torch": "2.13.0+cpu"}, "CPU"),
        ({"torch": "2.13.0+cpu", "nvidia-cuda-runtime": "13.0.96"}, "CPU"),
        ({"torch": "2.13.0", "nvidia-cuda-runtime": "13.0.96"}, "CUDA"),
        ({"torch": "2.8.0", "nvidia-cuda-runtime-cu12": "12.8"}, "CUDA"),
        ({"torch": "2.13.0+cu130"}, "CUDA"),
        ({"torch": "2.13.0"}, "CPU"),
    ],
)
def test_the_build_of_torch_is_told_without_importing_it(packages: dict[str, str], build: str) -> None:
    assert doctor.torch_build(packages) == build
    assert doctor.check_torch(packages).detail == f"{packages['torch']}, {build} build"


def test_no_torch_is_missing() -> None:
    assert doctor.check_torch({}).status == "missing"


def test_packages_are_held_against_the_lock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "locks").mkdir()
    lock = "# comment\nnumpy==2.4.6 \\\n    --hash=sha256:00\n    # via x\ntorch==2.13.0 ; sys_platform == 'linux' \\\n"
    (tmp_path / "locks" / "local.txt").write_text(lock, encoding="utf-8")
    monkeypatch.setattr(doctor, "images_dir", lambda: tmp_path)
    same = doctor.check_packages({"numpy": "2.4.6", "torch": "2.13.0+cpu", "extra": "1"})
    assert same == Finding(name="packages", status="ok", detail="all 2 as locked")
    other = doctor.check_packages({"numpy": "2.4.5", "torch": "2.13.0"})
    assert (other.status, other.detail) == ("warning", "other versions: numpy 2.4.5 (lock: 2.4.6)")
    lacking = doctor.check_packages({"numpy": "2.4.6"})
    assert (lacking.status, lacking.detail, lacking.remedy) == ("missing", "not installed: torch", "make install")


def test_the_projects_own_lock_is_found() -> None:
    assert doctor.read_pins(doctor.images_dir() / "locks" / "local.txt")["torch"] == "2.13.0"


def test_the_docker_command_is_asked_first(script: Script) -> None:
    script("docker", """echo '{"ServerVersion": "28.2.2", "Runtimes": {"runc": {}, "nvidia": {}}}'""")
    assert doctor.check_docker() == Finding(
        name="docker", status="ok", detail="engine 28.2.2, containers can have GPUs"
    )


@pytest.mark.parametrize(
    "text",
    [
        """echo '{"ServerVersion": "", "ServerErrors": ["Cannot connect to the Docker daemon"]}'""",
        """echo '{"ID": ""}'; echo 'Cannot connect to the Docker daemon' >&2; exit 1""",
    ],
)
def test_a_docker_command_without_an_engine_is_missing_with_its_own_words(script: Script, text: str) -> None:
    script("docker", text)
    finding = doctor.check_docker()
    assert finding.status == "missing"
    assert finding.detail == "Cannot connect to the Docker daemon"


def test_a_command_that_hangs_is_given_up(script: Script) -> None:
    """As a Docker engine may."""
    script("docker", "while :; do :; done")
    assert provenance.output_of(["docker", "info"], timeout=0.2) == (-1, "docker did not answer within 0 seconds")


def test_without_the_command_the_socket_is_asked(engine: dict[str, object]) -> None:
    engine.update({"ServerVersion": "27.0", "Runtimes": {"runc": {}}})
    assert doctor.check_docker().detail == "engine 27.0, containers without GPUs"
    assert doctor.docker_gpus() == ""


def test_a_socket_of_something_else_is_no_engine(engine: dict[str, object]) -> None:
    engine["hello"] = "world"
    assert doctor.check_docker().status == "missing"


def test_gpus_of_an_engine_are_said_in_words(engine: dict[str, object], monkeypatch: pytest.MonkeyPatch) -> None:
    devices = [{"Source": "cdi", "ID": "nvidia.com/gpu=0"}]
    engine.update({"ServerVersion": "28.2", "Runtimes": {"runc": {}}, "DiscoveredDevices": devices})
    monkeypatch.setattr(provenance, "gpus", lambda: (H200, H200))
    assert doctor.docker_gpus() == "a Docker engine (28.2) that offers 2 x NVIDIA H200 was found"


def test_gpus_are_read_from_nvidia_smi(script: Script) -> None:
    script("nvidia-smi", "echo 'NVIDIA H200, 143771, 580.82.07'; echo 'NVIDIA H200, 143771, 580.82.07'")
    assert provenance.gpus() == (H200, H200)


def test_a_driver_that_fails_shows_no_gpu(script: Script) -> None:
    script("nvidia-smi", "echo 'NVIDIA-SMI has failed because it could not communicate with the driver'; exit 9")
    assert provenance.gpus() == ()


@pytest.mark.parametrize(
    ("torch", "driver", "status", "remedy"),
    [
        ("2.13.0+cu130", "580.82.07", "ok", ""),
        ("2.13.0+cu130", "570.12", "warning", "this build of torch needs driver 580 or later"),
        ("2.13.0+cpu", "580.82.07", "warning", "torch is a CPU build: make install TORCH=cuda"),
    ],
)
def test_a_gpu_counts_when_torch_can_use_it(
    monkeypatch: pytest.MonkeyPatch, torch: str, driver: str, status: str, remedy: str
) -> None:
    monkeypatch.setattr(
        provenance, "gpus", lambda: (provenance.Gpu(name="NVIDIA H200", memory_mib=143771, driver=driver),)
    )
    finding = doctor.check_gpu({"torch": torch})
    assert (finding.status, finding.remedy) == (status, remedy)
    assert finding.detail == f"1 x NVIDIA H200, 140 GiB each, driver {driver}"


def test_data_is_told_by_task(tmp_path: Path) -> None:
    (tmp_path / "squad").mkdir()
    for name in ("train", "dev"):
        (tmp_path / f"squad/{name}-v1.1.json").touch()
    finding = doctor.check_data(tmp_path)
    assert (finding.status, finding.detail.partition(";")[0]) == ("ok", f"{tmp_path}: squad_v1")
    assert "; files lacking for bucc2018" in finding.detail
    (tmp_path / "squad/dev-v1.1.json").unlink()
    assert (doctor.check_data(tmp_path).status, doctor.check_data(tmp_path).detail) == (
        "missing",
        f"{tmp_path} holds no task's files",
    )


def test_a_broken_receipt_is_a_finding(tmp_path: Path) -> None:
    source = Catalog().task("xquad").splits["test"].sources()[-1]
    assert source.hub is not None
    receipt = tmp_path / hub_folder(source.hub, "en", {}) / source.hub.splits[0] / RECEIPT
    receipt.parent.mkdir(parents=True)
    receipt.write_text("[")
    finding = doctor.check_data(tmp_path)
    assert ("missing", "remove the folder and fetch it again") == (finding.status, finding.remedy)
    assert "not what 'data fetch' writes" in finding.detail


def test_no_data_folder_is_missing_with_what_to_give(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CODESTILTS_DATA", raising=False)
    assert "--data DIR" in doctor.check_data(None).remedy
    monkeypatch.setenv("CODESTILTS_DATA", str(tmp_path / "nowhere"))
    assert doctor.check_data(None).detail == f"no such folder: {tmp_path / 'nowhere'}"


@pytest.mark.data
def test_the_real_rows_are_found(shared_data: Path) -> None:
    assert "tatoeba" in doctor.check_data(shared_data).detail


def test_little_memory_and_disk_are_warned_of(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(provenance, "memory_bytes", lambda: 2_000_000_000)
    monkeypatch.setattr(provenance, "free_bytes", lambda folder: 1_000_000_000)
    assert (doctor.check_memory().status, doctor.check_memory().detail) == ("warning", "2.0 GB")
    assert doctor.check_disk(tmp_path).status == "warning"


def test_a_containers_limits_count(monkeypatch: pytest.MonkeyPatch) -> None:
    """The kernel's files of a container, of which this process can be in one at most."""
    files = {"/sys/fs/cgroup/cpu.max": "100000 100000\n", "/sys/fs/cgroup/memory.max": "1073741824\n"}
    monkeypatch.setattr(Path, "read_text", lambda path, **_options: files[str(path)])
    assert provenance.cores() == 1
    assert provenance.memory_bytes() == 1073741824
    files.update({"/sys/fs/cgroup/cpu.max": "max 100000\n", "/sys/fs/cgroup/memory.max": "max\n"})
    assert provenance.cores() == (len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count())
    assert provenance.memory_bytes() > 1073741824


def test_a_browser_is_found_on_the_path(script: Script) -> None:
    script("chromium", "true")
    found = provenance.browser()
    assert found
    assert (found.name, doctor.check_browser().status) == ("chromium", "ok")


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        ((0, "click (8.5.1)\nAvailable versions: 8.5.1"), "ok"),
        ((0, "Could not fetch URL https://x/: connection error\nclick (8.5.1) from find-links"), "missing"),
        ((1, "ERROR: No matching distribution found for click"), "missing"),
        ((-1, ""), "missing"),
    ],
)
def test_the_index_must_answer_itself(monkeypatch: pytest.MonkeyPatch, answer: tuple[int, str], status: str) -> None:
    monkeypatch.setattr(provenance, "output_of", lambda command, timeout: answer)
    assert doctor.check_network().status == status


def test_the_network_is_left_alone_unless_asked_for(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    asked: list[str] = []
    monkeypatch.setattr(provenance, "index_answers", lambda: asked.append("asked") or "")
    doctor.examine(None, tmp_path)
    assert asked == []
    assert doctor.examine(None, tmp_path, network=True)[-1].name == "network"
    assert asked == ["asked"]


@pytest.mark.network
def test_the_package_index_answers_here() -> None:
    assert doctor.check_network().status == "ok"
