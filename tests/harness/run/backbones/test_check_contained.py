"""The conformance run in the containers that a backbone's stages run in: the same findings, and faults as rows."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from harness.cli import main
from harness.runners.images import lockfile
from harness.runners.images.lockfile import Base
from harness.runners.images.pins import relocked
from tests import snapshots

pytestmark = [
    pytest.mark.docker,
    # A command's connection to the engine ends with its process; here the process goes on.
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory with a tiny published model and its spec."""
    folder = snapshots.write(snapshots.snapshot("roberta"), tmp_path / "model")
    (tmp_path / "images" / "backbones").mkdir(parents=True)
    spec = {
        "name": "mine", "title": "Mine", "family": "text", "source": {"kind": "folder", "path": str(folder)},
        "architecture": "roberta", "layers": snapshots.LAYERS, "hidden_size": snapshots.HIDDEN, "max_length": 64,
        "languages": ["en"],
    }  # fmt: skip
    (tmp_path / "images/backbones/mine.yaml").write_text(json.dumps(spec))
    tmp_path.chmod(0o755)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def checked(own: Path, capsys: pytest.CaptureFixture[str], runner: str) -> tuple[int, dict[str, dict[str, Any]]]:
    """The exit code, and every check by its name."""
    capsys.readouterr()
    code = main(["backbones", "check", "mine", "--store", str(own / "store"), "--runner", runner, "--json"])
    found = json.loads(capsys.readouterr().out)
    for entry in found["checks"]:
        del entry["seconds"]
    return code, {entry["check"]: entry for entry in found["checks"]}


@pytest.mark.images
def test_containers_find_what_is_found_here(own: Path, capsys: pytest.CaptureFixture[str]) -> None:
    inside, here = checked(own, capsys, "docker"), checked(own, capsys, "local")

    assert inside == here
    code, found = inside
    assert code == 0
    assert found["train step"]["passed"]
    assert found["language en"]["passed"]


def test_an_image_that_is_missing_is_a_row_of_the_table(
    own: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    base = Base(image="nobody/has:1", digest="sha256:" + "7" * 64)
    lockfile.write_lock(relocked(None, plain=base, torch=None, torch_build="cpu"), own / "lock.yaml")
    monkeypatch.setenv(lockfile.LOCK_VARIABLE, str(own / "lock.yaml"))

    code = main(["backbones", "check", "mine", "--store", str(own / "store"), "--runner", "docker"])

    out = capsys.readouterr().out
    assert code == 3
    for image in ("fetch", "train", "retrieve"):
        assert f"image {image}: the engine holds no image codestilts/{image}:" in out
    rows = [line.split()[:2] for line in out.splitlines()]
    assert [["machine", "FAILED"]] * 3 == rows[:3]
    assert "; codestilts images build." in out
    assert "all that loads it       shown   not tried: there is no checkpoint" in out
    assert "mine: 3 of 4 checks failed." in out
