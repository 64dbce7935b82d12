"""A small image of our own kind on the real engine: the project's Dockerfile, packages of a few bytes."""

from __future__ import annotations

import base64
import hashlib
import re
import shutil
import subprocess
import uuid
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from harness import paths
from harness.runners.images import engine, found, lockfile, shelf
from harness.runners.images.build import Built, build
from harness.runners.images.folder import PackageSources, Wheelhouse
from harness.runners.images.lockfile import ImagesLock
from harness.runners.images.pins import relocked
from harness.runners.images.targets import Target

#: What the image ``report`` must be able to import.
PACKAGES = ("jinja2", "numpy", "pydantic", "scipy")
TEST_LABEL = "codestilts.test"


def quiet(_fraction: float, _note: str) -> None:
    """Progress that nobody looks at."""


@dataclass(frozen=True)
class Bench:
    """A place to build images in: its own files, its own lock, its own name and label for images."""

    client: Any
    folder: Path
    wheels: Path
    lock: ImagesLock
    lock_path: Path
    mark: str

    def build(self, lock: ImagesLock | None = None) -> Built:
        """Build the image ``report``."""
        supplies = PackageSources(wheelhouse=Wheelhouse(self.wheels))
        return build(
            self.client, lock or self.lock, Target.REPORT, supplies, lambda _fraction, _note: None, force=False
        )

    @contextmanager
    def locked(self, *requirements: str) -> Iterator[ImagesLock]:
        """For a while, let the image consist of more packages."""
        path = self.folder / "locks" / "report.txt"
        before = path.read_text()
        names = [line.partition("==")[0] for line in requirements]
        kept = [line for line in re.split(r"(?m)^(?=[a-z])", before) if line and line.partition("==")[0] not in names]
        path.write_text("".join([*kept, *requirements]))
        try:
            yield relocked(self.lock, plain=None, torch=None, torch_build=None)
        finally:
            path.write_text(before)

    def run(self, image: str, *command: str, **settings: Any) -> tuple[int, str]:
        """Exit status and output of a command in a container with no network, a read-only root and a user of ours."""
        host = self.client.create_host_config(network_mode="none", read_only=True, tmpfs={"/tmp": ""})
        made = self.client.create_container(
            image, entrypoint=list(command), command=[], host_config=host, user=settings.get("user")
        )
        try:
            self.client.start(made)
            status = self.client.wait(made)["StatusCode"]
            return int(status), self.client.logs(made).decode()
        finally:
            self.client.remove_container(made, force=True)


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    """Small packages under the names that ``report`` imports, on the base that the project's images stand on."""
    with pytest.MonkeyPatch.context() as patch:
        client = engine.connect()
        mark = uuid.uuid4().hex[:8]
        base = lockfile.read_lock().plain
        folder = tmp_path_factory.mktemp("images")
        shutil.copytree(paths.images_dir(), folder, dirs_exist_ok=True)
        wheels = tmp_path_factory.mktemp("wheels")
        (folder / "locks" / "report.txt").write_text("".join(requirement(wheels, name) for name in PACKAGES))
        text = (folder / "Dockerfile").read_text()
        (folder / "Dockerfile").write_text(text.replace("LABEL ", f"LABEL {TEST_LABEL}={mark} "))
        patch.setattr(paths, "images_dir", lambda: folder)
        patch.setattr(found, "REPOSITORY", f"codestilts-test-{mark}")
        lock = relocked(None, plain=base, torch=None, torch_build="cpu")
        path = folder / "images.lock.yaml"
        lockfile.write_lock(lock, path)
        patch.setenv(lockfile.LOCK_VARIABLE, str(path))
        yield Bench(client, folder, wheels, lock, path, mark)
        shelf.clean(client, lock, everything=True, dry_run=False)
        for image in client.images(quiet=True, filters={"label": f"{TEST_LABEL}={mark}"}):
            client.remove_image(image, force=True)
        client.close()


def requirement(folder: Path, name: str, source: str = "", version: str = "1.0", *, module: str = "") -> str:
    """Write a wheel of one module, of the same name unless another is given; its line in a lock."""
    path = folder / f"{name}-{version}-py3-none-any.whl"
    about = f"{name}-{version}.dist-info"
    files = {
        f"{module or name}.py": source,
        f"{about}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n",
        f"{about}/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = "".join(
        f"{file},sha256={base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b'=').decode()},"
        f"{len(text.encode())}\n"
        for file, text in files.items()
    )
    with zipfile.ZipFile(path, "w") as archive:
        for file, text in {**files, f"{about}/RECORD": f"{record}{about}/RECORD,,\n"}.items():
            archive.writestr(zipfile.ZipInfo(file, (2020, 1, 1, 0, 0, 0)), text)
    return f"{name}=={version} \\\n    --hash=sha256:{hashlib.sha256(path.read_bytes()).hexdigest()}\n"


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of Debian's docker-registry on loopback, which engines trust without TLS."""
    import socket
    import time

    program = shutil.which("docker-registry")
    if program is None:
        pytest.fail("docker-registry is not installed: apt-get install docker-registry")
    folder = tmp_path_factory.mktemp("registry")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    settings = folder / "config.yml"
    settings.write_text(
        f"version: 0.1\nstorage: {{filesystem: {{rootdirectory: {folder / 'files'}}}}}\nhttp: {{addr: '{address}'}}\n"
    )
    command = [program, "serve", str(settings)]
    with (folder / "log").open("wb") as log, subprocess.Popen(command, stdout=log, stderr=log) as process:
        host, _, port = address.partition(":")
        for _ in range(200):
            with suppress(OSError), socket.create_connection((host, int(port)), timeout=0.2):
                break
            time.sleep(0.05)
        yield address
        process.terminate()
