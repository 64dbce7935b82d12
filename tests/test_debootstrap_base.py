"""``images/debootstrap_base.py``: equal packages give equal bytes, and what stops it is one sentence."""

from __future__ import annotations

import hashlib
import importlib
import io
import json
import os
import shutil
import sys
import tarfile
import time
import uuid
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from types import ModuleType

import pytest

from harness.runners.images import engine

IMAGES = Path(__file__).resolve().parents[1] / "images"
#: A debootstrap that unpacks next to nothing, but all that must not be kept.
FAKE = """#!/bin/sh
eval root=\\${$#}; case $root in *://*) exit 9;; esac
[ -z "$NO_PACKAGES" ] || { echo "I: retrieving"; echo "E: Couldn't download packages: python3"; exit 1; }
mkdir -p $root/etc $root/usr/bin $root/var/log $root/usr/share/man/man1 $root/usr/share/doc/python3 $root/tmp $root/dev
echo "root:*:$(date +%s):0:99999:7:::" > $root/etc/shadow
hostname > $root/etc/hostname
date +%s%N > $root/var/log/bootstrap.log
echo page > $root/usr/share/man/man1/python3.1
echo licence > $root/usr/share/doc/python3/copyright
echo '#!/bin/sh' > $root/usr/bin/tool; chmod 755 $root/usr/bin/tool; ln -s tool $root/usr/bin/link
touch -d 2024-01-02 $root/usr/bin/tool
"""


@pytest.fixture
def script(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(IMAGES))
    return importlib.import_module("debootstrap_base")


@pytest.fixture
def fake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """That debootstrap, on the path."""
    program = tmp_path / "bin" / "debootstrap"
    program.parent.mkdir()
    program.write_text(FAKE)
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")
    return program


def made(script: ModuleType, folder: Path) -> bytes:
    """The layer of one run."""
    started = time.time()
    script.bootstrap("bookworm", None, folder / "root")
    script.pack(folder / "root", folder / "layer.tar", started)
    return (folder / "layer.tar").read_bytes()


def test_a_later_hour_gives_the_same_layer(script: ModuleType, fake: Path, tmp_path: Path) -> None:
    (tmp_path / "one").mkdir()
    (tmp_path / "two").mkdir()
    first = made(script, tmp_path / "one")
    time.sleep(1.1)  # times are whole seconds

    assert first == made(script, tmp_path / "two")


def test_what_says_something_of_the_machine_goes_and_licences_stay(
    script: ModuleType, fake: Path, tmp_path: Path
) -> None:
    with tarfile.open(fileobj=io.BytesIO(made(script, tmp_path))) as layer:
        members = {member.name: member for member in layer}
        shadow = layer.extractfile("etc/shadow")
        assert shadow is not None
        assert b"root:*::0:99999:7:::\n" == shadow.read()

    assert not {"etc/hostname", "var/log/bootstrap.log", "usr/share/man/man1/python3.1"} & members.keys()
    assert {"var/log", "tmp", "dev", "usr/share/doc/python3/copyright"} <= members.keys()
    assert members["usr/bin/link"].issym()
    assert 0o755 == members["usr/bin/tool"].mode
    assert members["usr/bin/tool"].mtime == int((tmp_path / "root/usr/bin/tool").stat().st_mtime), "a package's own"
    assert members["etc/shadow"].mtime == 0
    assert {("", 0)} == {(member.uname, member.uid) for member in members.values()} or os.geteuid() != 0


def test_the_image_is_of_one_layer_named_by_its_content(script: ModuleType, tmp_path: Path) -> None:
    (tmp_path / "layer.tar").write_bytes(b"layer")

    script.archive(tmp_path / "layer.tar", tmp_path / "image.tar", "base:1", {"a": "b"})

    with tarfile.open(tmp_path / "image.tar") as image:
        contents = {member.name: image.extractfile(member).read() for member in image}  # type: ignore[union-attr]
    (manifest,) = json.loads(contents["manifest.json"])
    assert (["base:1"], ["layer.tar"]) == (manifest["RepoTags"], manifest["Layers"])
    config = contents[manifest["Config"]]
    assert manifest["Config"] == f"{hashlib.sha256(config).hexdigest()}.json"
    assert [f"sha256:{hashlib.sha256(b'layer').hexdigest()}"] == json.loads(config)["rootfs"]["diff_ids"]


def test_packages_that_cannot_be_had_are_one_sentence(
    script: ModuleType, fake: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_PACKAGES", "1")

    with pytest.raises(script.EnvironmentFault) as caught:
        script.bootstrap("bookworm", None, tmp_path / "root")

    assert "debootstrap failed (E: Couldn't download packages: python3); check the mirror" in str(caught.value)


# -- on the engine -----------------------------------------------------------------------------------------------------


@pytest.fixture
def tag() -> Iterator[str]:
    """A name that nobody else's image has; what bears it afterwards is removed."""
    name = f"codestilts-test-base-{uuid.uuid4().hex[:8]}:1"
    yield name
    with closing(engine.connect()) as client:
        if engine.inspect(client, name):
            client.remove_image(name)


def call(script: ModuleType, monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    monkeypatch.setattr(sys, "argv", ["debootstrap_base.py", *arguments])
    return int(script.main())


@pytest.mark.docker
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_it_is_made_once_and_again_with_the_same_id(
    script: ModuleType, fake: Path, tag: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    assert call(script, monkeypatch, "--tag", tag) == 0
    first = capsys.readouterr().out.strip()
    with closing(engine.connect()) as client:
        assert first == client.inspect_image(tag)["Id"]

    assert call(script, monkeypatch, "--tag", tag, "--force") == 0
    assert first == capsys.readouterr().out.strip()

    fake.unlink()
    assert call(script, monkeypatch, "--tag", tag) == 0
    assert first == capsys.readouterr().out.strip(), "what is there is not made again"


@pytest.mark.docker
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize(
    ("missing", "message"),
    [("program", "debootstrap is not installed; apt-get install"), ("root", "works as root alone; run this with sudo")],
)
def test_what_it_needs_is_one_sentence(
    script: ModuleType,
    fake: Path,
    tag: str,
    missing: str,
    message: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    if missing == "program":
        monkeypatch.setattr(shutil, "which", lambda _name: None)
    monkeypatch.setattr(os, "geteuid", lambda: 0 if missing == "program" else 1000)

    assert call(script, monkeypatch, "--tag", tag) == 3
    assert message in capsys.readouterr().err
