"""Fetch: what its hash pins and nothing else, through the machine's own pip."""

from __future__ import annotations

import base64
import hashlib
import json
import zipfile
from pathlib import Path
from typing import Any

import pytest

from harness.context import StageContext
from harness.data.hub.snapshot import needed_files
from harness.errors import EnvironmentFault, FailureClass, SpecError
from harness.phases import fetch
from tasks.errors import UserError
from tests.hub_server import HubServer

NAME, VERSION = "codestilts-sample", "1.0"


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that stands for the package index, with one wheel in it."""
    folder = tmp_path / "wheels"
    folder.mkdir()
    info = f"codestilts_sample-{VERSION}.dist-info"
    record = {
        "codestilts_sample/model/config.json": "{}",
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {NAME}\nVersion: {VERSION}\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    with zipfile.ZipFile(folder / f"codestilts_sample-{VERSION}-py3-none-any.whl", "w") as archive:
        for name, text in record.items():
            archive.writestr(name, text)
        lines = [
            f"{name},sha256={base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).decode().rstrip('=')},"
            for name, text in record.items()
        ]
        archive.writestr(f"{info}/RECORD", "\n".join(lines))
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    monkeypatch.delenv("PIP_EXTRA_INDEX_URL", raising=False)
    return folder


def context(tmp_path: Path, sha256: str, version: str = VERSION) -> StageContext:
    out = tmp_path / "out"
    out.mkdir(exist_ok=True)
    params = {"kind": "package", "package": NAME, "version": version, "sha256": sha256}
    return StageContext(params=params, inputs={}, out=out, progress=lambda *_: None)


def digest(index: Path) -> str:
    (wheel,) = index.iterdir()
    return hashlib.sha256(wheel.read_bytes()).hexdigest()


def test_a_package_is_unpacked_not_installed(index: Path, tmp_path: Path) -> None:
    fetch.run(context(tmp_path, digest(index)))

    assert (tmp_path / "out/files/codestilts_sample/model/config.json").read_text() == "{}"


def test_other_bytes_than_pinned_are_refused(index: Path, tmp_path: Path) -> None:
    with pytest.raises(SpecError, match="does not have the pinned SHA-256"):
        fetch.run(context(tmp_path, "0" * 64))


def test_what_cannot_be_had_is_the_networks_fault_with_a_remedy(index: Path, tmp_path: Path) -> None:
    with pytest.raises(EnvironmentFault, match=r"could not be downloaded .* check the network") as caught:
        fetch.run(context(tmp_path, digest(index), version="9.9"))

    assert FailureClass.NETWORK is caught.value.failure_class


def test_names_that_lead_out_of_the_package_are_refused(tmp_path: Path) -> None:
    wheel = tmp_path / "bad.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("../outside.txt", "x")

    with pytest.raises(SpecError, match="points outside the package"):
        fetch.unpack(wheel, tmp_path / "out")

    assert not (tmp_path / "outside.txt").exists()


@pytest.mark.network
def test_the_pinned_source_package_is_served_by_the_real_index(tmp_path: Path) -> None:
    from harness.specs.catalog import Catalog
    from harness.specs.corpus import PackageText

    (source,) = [s for s in Catalog().corpus("code-packages").sources if getattr(s, "package", "") == "networkx"]
    assert isinstance(source, PackageText)

    wheel = fetch.download(source.package, source.version, source.sha256, tmp_path)

    assert wheel.stat().st_size > 1_000_000


MODEL = {
    "README.md": b"# a card",
    "config.json": b"{}",
    "model.safetensors": bytes(range(256)) * 100,
    "pytorch_model.bin": b"a second set of weights",
    "onnx/model.onnx": b"a third",
    "tokenizer.json": b"{}",
    "modeling.py": b"code = 1",
}


def hub_context(
    tmp_path: Path, revision: str, expected: dict[str, str] | None = None, **params: object
) -> StageContext:
    out = tmp_path / "out"
    out.mkdir(exist_ok=True)
    asked = {"kind": "hub", "id": "toy/model", "revision": revision, "files": None, **params}
    return StageContext(params=asked, inputs={}, out=out, progress=lambda *_: None, expected=expected or {})


def test_of_a_model_only_what_is_needed_is_fetched(hub: HubServer, tmp_path: Path) -> None:
    """Safetensors before .bin, no code, no card; or just the files that the spec names."""
    revision = hub.model("toy/model", MODEL)

    fetch.run(hub_context(tmp_path, revision))

    got = {path.name for path in (tmp_path / "out/files").iterdir()}
    assert {"config.json", "model.safetensors", "tokenizer.json"} == got
    assert MODEL["model.safetensors"] == (tmp_path / "out/files/model.safetensors").read_bytes()
    fetch.run(hub_context(tmp_path, revision, files=["onnx/model.onnx"]))
    assert (tmp_path / "out/files/onnx/model.onnx").is_file()


def test_code_is_fetched_only_where_it_is_asked_for_and_at_its_own_commit(hub: HubServer, tmp_path: Path) -> None:
    revision = hub.model("toy/model", MODEL)
    other = hub.model("toy/code", {"modeling.py": b"code = 2", "deep/more.py": b""})

    fetch.run(hub_context(tmp_path, revision, code={"id": "toy/code", "revision": other}))

    assert b"code = 2" == (tmp_path / "out/files/modeling.py").read_bytes()
    assert not (tmp_path / "out/files/deep").exists()


def test_a_fetch_that_broke_off_goes_on_in_the_same_folder(hub: HubServer, tmp_path: Path) -> None:
    revision = hub.model("toy/model", {**MODEL, "model.safetensors": bytes(3_000_000)})
    hub.goes_down = True
    hub.break_after["model.safetensors"] = 2_000_000
    with pytest.raises(EnvironmentFault, match="what has come is kept"):
        fetch.run(hub_context(tmp_path, revision))
    assert hub.waits, "it was asked again before it was given up"
    hub.down = False
    hub.asked.clear()

    fetch.run(hub_context(tmp_path, revision))

    assert not hub.downloads("config.json")
    ranges = [ask.headers["range"] for ask in hub.downloads("model.safetensors")]
    assert ranges
    assert "bytes=0-" not in ranges
    assert not list((tmp_path / "out").rglob("*.part"))
    assert (tmp_path / "out/files/model.safetensors").is_file()


def test_recorded_digests_are_held_to(hub: HubServer, tmp_path: Path) -> None:
    revision = hub.model("toy/model", MODEL)

    with pytest.raises(SpecError, match=r"'config.json' has SHA-256"):
        fetch.run(hub_context(tmp_path, revision, {"config.json": "0" * 64}))


@pytest.mark.parametrize(
    ("gone", "message"),
    [
        (("config.json",), "there is no config.json"),
        (("tokenizer.json",), "there is no tokenizer"),
        (("model.safetensors", "pytorch_model.bin"), "there are no weights"),
    ],
)
def test_a_repository_that_is_no_model_is_refused(
    hub: HubServer, tmp_path: Path, gone: tuple[str, ...], message: str
) -> None:
    revision = hub.model("toy/model", {name: data for name, data in MODEL.items() if name not in gone})

    with pytest.raises(SpecError, match=message):
        fetch.run(hub_context(tmp_path, revision))


def test_shards_come_with_their_index() -> None:
    shards = [f"model-0000{number}-of-00002.safetensors" for number in (1, 2)]
    here = ["config.json", "vocab.txt", "model.safetensors.index.json", "pytorch_model.bin", *shards]

    assert sorted(["config.json", "vocab.txt", "model.safetensors.index.json", *shards]) == needed_files(
        here, where="x"
    )


def folder_context(tmp_path: Path, files: dict[str, str]) -> StageContext:
    out = tmp_path / "out"
    out.mkdir(exist_ok=True)
    params = {"kind": "folder", "files": files}
    return StageContext(params=params, inputs={"folder": tmp_path / "mine"}, out=out, progress=lambda *_: None)


def test_a_folder_of_ones_own_is_copied_as_it_was_planned(tmp_path: Path) -> None:
    (tmp_path / "mine/sub").mkdir(parents=True)
    (tmp_path / "mine/sub/config.json").write_text("{}")
    sha256 = hashlib.sha256(b"{}").hexdigest()

    fetch.run(folder_context(tmp_path, {"sub/config.json": sha256}))

    assert "{}" == (tmp_path / "out/files/sub/config.json").read_text()
    with pytest.raises(SpecError, match="has changed since the run was planned"):
        fetch.run(folder_context(tmp_path, {"sub/config.json": "0" * 64}))
    with pytest.raises(SpecError, match=r"'gone.json' cannot be read"):
        fetch.run(folder_context(tmp_path, {"gone.json": sha256}))


def test_an_unknown_kind_is_refused(tmp_path: Path) -> None:
    context = StageContext(params={"kind": "ftp"}, inputs={}, out=tmp_path, progress=lambda *_: None)

    with pytest.raises(UserError, match="expected tags: 'package', 'hub', 'folder'"):
        fetch.run(context)


# -- out of the stage's own image --------------------------------------------------------------------------------------

TINY = {"config.json": b"{}", "deep/model.safetensors": b"weights"}
SHA256 = {name: hashlib.sha256(data).hexdigest() for name, data in TINY.items()}
HUB = {"kind": "hub", "id": "me/tiny", "revision": "1" * 40, "files": None}


def baked(tmp_path: Path, **changes: Any) -> StageContext:
    """A stage whose image holds the files."""
    image, out = tmp_path / "weights", tmp_path / "out"
    for name, data in TINY.items():
        (image / "files" / name).parent.mkdir(parents=True, exist_ok=True)
        (image / "files" / name).write_bytes(data)
    record = {"params": HUB, "files": {f"files/{name}": sha256 for name, sha256 in SHA256.items()}}
    (image / "weights.json").write_text(json.dumps(record))
    out.mkdir()
    fields = {"params": HUB, "inputs": {"baked": image}, "expected": SHA256, "out": out} | changes
    return StageContext(progress=lambda *_: None, **fields)


def test_what_the_image_holds_is_taken_from_there_with_no_network(tmp_path: Path) -> None:
    fetch.run(baked(tmp_path))

    out = tmp_path / "out" / "files"
    assert TINY == {path.relative_to(out).as_posix(): path.read_bytes() for path in out.rglob("*") if path.is_file()}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"params": HUB | {"revision": "2" * 40}}, "the plan asks for other files; build it anew"),
        ({"expected": SHA256 | {"config.json": "0" * 64}}, r"its 'config\.json' does not have the recorded SHA-256"),
        ({"expected": SHA256 | {"more.json": "0" * 64}}, r"its 'more\.json' does not have the recorded"),
    ],
)
def test_an_image_of_other_files_is_refused(tmp_path: Path, changes: dict[str, Any], message: str) -> None:
    with pytest.raises(SpecError, match=message):
        fetch.run(baked(tmp_path, **changes))


def test_bytes_that_have_changed_in_the_image_are_refused(tmp_path: Path) -> None:
    context = baked(tmp_path, expected={})
    (tmp_path / "weights" / "files" / "config.json").write_bytes(b"[]")

    with pytest.raises(SpecError, match="does not have the recorded SHA-256"):
        fetch.run(context)


def test_an_image_that_holds_nothing_is_refused(tmp_path: Path) -> None:
    context = baked(tmp_path)
    (tmp_path / "weights" / "weights.json").unlink()

    with pytest.raises(SpecError, match="holds no backbone's files"):
        fetch.run(context)
