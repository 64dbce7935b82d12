"""A backbone's files in the image of ``fetch``, on the real engine: built in, handed on with no network, checked."""

from __future__ import annotations

import hashlib
import json
import shutil
import uuid
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from harness.cli import main
from harness.cli.display import make_display
from harness.plan.checkpoint import plan_fetch
from harness.run.checkpoints import ensure_checkpoint
from harness.run.session import StageFailedError
from harness.runners.docker import confinement
from harness.runners.images import engine, found, lockfile
from harness.store.artifacts import Store

pytestmark = [
    pytest.mark.docker,
    pytest.mark.images,
    # A command's connection to the engine ends with its process; here the process goes on.
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]
FILES = {"config.json": b"{}", "model.safetensors": b"weights"}


@pytest.fixture
def name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A backbone of a folder, with its image locked and built by the commands; the folder is gone afterwards."""
    name = f"baked-{uuid.uuid4().hex[:8]}"
    own, model = tmp_path / "images" / "backbones", tmp_path / "model"
    own.mkdir(parents=True)
    model.mkdir()
    for file, content in FILES.items():
        (model / file).write_bytes(content)
    digests = {file: hashlib.sha256(content).hexdigest() for file, content in FILES.items()}
    spec = {
        "name": name, "title": "Baked", "family": "text", "architecture": "bert", "layers": 2, "hidden_size": 32,
        "max_length": 48, "source": {"kind": "folder", "path": str(model), "files": digests}, "bake": True,
    }  # fmt: skip
    (own / f"{name}.yaml").write_text(json.dumps(spec))
    lock = tmp_path / "lock.yaml"
    shutil.copy(lockfile.lock_path(), lock)
    tmp_path.chmod(0o755)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(lockfile.LOCK_VARIABLE, str(lock))
    assert main(["images", "lock"]) == 0
    assert main(["images", "build", f"fetch+{name}", "--store", str(tmp_path / "built-from")]) == 0
    shutil.rmtree(model)
    yield name
    with closing(engine.connect()) as client:
        client.remove_image(image(name))  # and with it what it was made from


def image(name: str) -> str:
    """What it is called on the engine."""
    return found.reference_of(f"fetch+{name}", lockfile.read_lock().images[f"fetch+{name}"].recipe)


def test_the_stage_finds_its_files_where_nothing_else_has_them(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = Store(tmp_path / "store")
    networks = []

    def host(*arguments: Any, **settings: Any) -> dict[str, Any]:
        given = confinement_host(*arguments, **settings)
        networks.append(given["network_mode"])
        return given

    confinement_host = confinement.host
    monkeypatch.setattr(confinement, "host", host)

    folder = ensure_checkpoint(plan_fetch(name, store=store.root), store, 1, make_display(1), "docker")

    assert FILES == {path.name: path.read_bytes() for path in (folder / "files").iterdir()}
    manifest = json.loads((folder / "manifest.json").read_text())
    assert image(name) == manifest["provenance"]["image"]["name"]
    assert ["none"] == networks
    assert folder.name == plan_fetch(name, store=None).checkpoint.key


def test_an_image_of_other_bytes_is_refused_in_the_stage(name: str, tmp_path: Path) -> None:
    """Somebody else's image under the right name, with the right labels."""
    with closing(engine.connect()) as client:
        right = client.inspect_image(image(name))["Id"]
        other = client.create_container(
            right, user="0", entrypoint=["sh", "-c", "echo x > /opt/codestilts/weights/files/config.json"], command=[]
        )
        client.start(other)
        client.wait(other)
        repository, _, tag = image(name).partition(":")
        settings = 'USER codestilts\nENTRYPOINT ["python", "-m", "harness.runners.stage"]'
        client.commit(other, repository=repository, tag=tag, changes=settings)
        client.remove_container(other)
        assert right != client.inspect_image(image(name))["Id"]
    store = Store(tmp_path / "store")

    with pytest.raises(StageFailedError, match=r"its 'config\.json' does not have the recorded SHA-256"):
        ensure_checkpoint(plan_fetch(name, store=store.root), store, 1, make_display(1), "docker")
