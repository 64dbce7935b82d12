"""The real hub client against a hub on loopback: pins, resumed downloads, patience, refusals in one sentence."""

from __future__ import annotations

import hashlib
import logging
import multiprocessing
import os
import random
import signal
import time
from pathlib import Path

import pytest

from harness.data.hub.download import download
from harness.data.hub.repository import Repository, look, newest_commit
from harness.errors import EnvironmentFault, FailureClass, SpecError
from tests.hub_server import HubServer

WEIGHTS = random.Random(1).randbytes(3_000_000)
FILES = {"config.json": b'{"model_type": "bert"}', "onnx/model.onnx": b"x" * 2000, "model.safetensors": WEIGHTS}
NAMES = ("config.json", "model.safetensors")


def repository(revision: str, name: str = "toy/model", **fields: str) -> Repository:
    return Repository(**{"kind": "model", "id": name, "revision": revision, **fields})  # type: ignore[arg-type]


def fetch(revision: str, folder: Path, names: tuple[str, ...] = NAMES, **options: object) -> list[str]:
    listing = look(repository(revision))
    return [done.sha256 for done in download(listing, listing.named(names), folder, **options)]  # type: ignore[arg-type]


def test_named_files_of_one_commit_and_no_others(hub: HubServer, tmp_path: Path) -> None:
    revision = hub.model("toy/model", FILES)
    hub.model("toy/model", {**FILES, "config.json": b"a later commit"})

    digests = fetch(revision, tmp_path)

    assert [hashlib.sha256(FILES[name]).hexdigest() for name in NAMES] == digests
    assert {tmp_path / name for name in NAMES} == {path for path in tmp_path.rglob("*") if path.is_file()}
    assert FILES["config.json"] == (tmp_path / "config.json").read_bytes()


def test_sizes_and_digests_are_known_before_anything_is_downloaded(hub: HubServer) -> None:
    listing = look(repository(hub.model("toy/model", FILES)))

    assert {path: len(data) for path, data in FILES.items()} == {p: f.size for p, f in listing.files.items()}
    assert hashlib.sha256(WEIGHTS).hexdigest() == listing.files["model.safetensors"].sha256
    assert ["config.json", "model.safetensors"] == [f.path for f in listing.matching("*.json", "*.safetensors")]
    assert 1 == len(hub.asked)


def test_data_sets_are_read_the_same_way(hub: HubServer, tmp_path: Path) -> None:
    """On a branch beside the main one, too, if its commit is named."""
    hub.dataset("toy/rows", {"script.py": b"no"})
    revision = hub.dataset("toy/rows", {"default/train/0000.parquet": WEIGHTS}, branch="refs/convert/parquet")
    listing = look(repository(revision, "toy/rows", kind="dataset"))

    download(listing, listing.matching("*.parquet"), tmp_path)

    assert WEIGHTS == (tmp_path / "default/train/0000.parquet").read_bytes()


def test_a_broken_download_goes_on_where_it_stopped(hub: HubServer, tmp_path: Path) -> None:
    revision = hub.model("toy/model", FILES)
    hub.break_after["model.safetensors"] = 1_500_000
    notes: list[str] = []

    fetch(revision, tmp_path, progress=lambda _fraction, note: notes.append(note))

    assert WEIGHTS == (tmp_path / "model.safetensors").read_bytes()
    second = [ask for ask in hub.downloads("model.safetensors") if ask.origin == "cdn"][1]
    assert "bytes=" in second.headers["range"]
    assert 0 < int(second.headers["range"].removeprefix("bytes=").removesuffix("-")) <= 1_500_000
    assert any("asking again in 1 s" in note for note in notes), notes


def test_a_killed_download_goes_on_in_another_process(hub: HubServer, tmp_path: Path) -> None:
    revision = hub.model("toy/model", FILES)
    hub.pause = 0.2
    process = multiprocessing.get_context("spawn").Process(target=_child, args=(revision, tmp_path))
    process.start()
    deadline = time.monotonic() + 60
    while not any(part.stat().st_size > 1_000_000 for part in tmp_path.glob(".model.safetensors.*.part")):
        assert time.monotonic() < deadline, "the download never began"
        time.sleep(0.01)
    assert process.pid is not None
    os.kill(process.pid, signal.SIGKILL)
    process.join()
    hub.pause = 0.0
    hub.asked.clear()

    fetch(revision, tmp_path)

    assert WEIGHTS == (tmp_path / "model.safetensors").read_bytes()
    assert all("range" in ask.headers for ask in hub.downloads("model.safetensors"))
    assert not list(tmp_path.glob(".*.part"))


def _child(revision: str, folder: Path) -> None:
    import huggingface_hub.constants

    huggingface_hub.constants.HF_HUB_OFFLINE = False
    fetch(revision, folder)


def test_a_hub_that_ignores_ranges_is_read_from_the_start(hub: HubServer, tmp_path: Path) -> None:
    revision = hub.model("toy/model", FILES)
    hub.break_after["model.safetensors"] = 1_500_000
    hub.ignore_ranges = True

    fetch(revision, tmp_path)

    assert WEIGHTS == (tmp_path / "model.safetensors").read_bytes()


def test_what_is_there_is_not_downloaded_again_but_what_is_damaged_is(hub: HubServer, tmp_path: Path) -> None:
    revision = hub.model("toy/model", FILES)
    fetch(revision, tmp_path)
    hub.asked.clear()
    fetch(revision, tmp_path)
    assert not hub.downloads("model.safetensors")
    (tmp_path / "model.safetensors").write_bytes(bytes(len(WEIGHTS)))

    fetch(revision, tmp_path)

    assert WEIGHTS == (tmp_path / "model.safetensors").read_bytes()


@pytest.mark.parametrize("name", NAMES)
def test_other_bytes_than_the_hub_says_are_the_networks_fault(hub: HubServer, tmp_path: Path, name: str) -> None:
    """Files in git are checked by git's hash, files in LFS by SHA-256."""
    revision = hub.model("toy/model", FILES)
    hub.tampered[name] = bytes(len(FILES[name]))

    with pytest.raises(EnvironmentFault, match=f"'{name}' came with other bytes") as caught:
        fetch(revision, tmp_path)

    assert FailureClass.NETWORK is caught.value.failure_class
    assert not (tmp_path / name).exists()


def test_a_resumed_download_that_does_not_fit_starts_afresh(hub: HubServer, tmp_path: Path) -> None:
    revision = hub.model("toy/model", FILES)
    digest = hashlib.sha256(WEIGHTS).hexdigest()
    (tmp_path / f".model.safetensors.{digest[:16]}.part").write_bytes(bytes(1000))

    fetch(revision, tmp_path)

    assert WEIGHTS == (tmp_path / "model.safetensors").read_bytes()


def test_other_bytes_than_recorded_are_refused(hub: HubServer, tmp_path: Path) -> None:
    """Where the hub tells the digest, before a byte of it is downloaded."""
    revision = hub.model("toy/model", FILES)

    with pytest.raises(SpecError, match=r"'model.safetensors' has SHA-256 .* recorded is 000"):
        fetch(revision, tmp_path, pinned={"model.safetensors": "0" * 64})
    assert not hub.downloads("model.safetensors")
    with pytest.raises(SpecError, match=r"'config.json' has SHA-256 .* recorded is 000"):
        fetch(revision, tmp_path, pinned={"config.json": "0" * 64})


def test_a_busy_hub_is_asked_again_when_it_says(hub: HubServer, tmp_path: Path) -> None:
    revision = hub.model("toy/model", FILES)
    hub.busy = [(429, 7), (503, None), (500, None)]

    fetch(revision, tmp_path)

    assert [7.0, 2.0, 4.0] == hub.waits


@pytest.mark.parametrize(
    ("answer", "message"),
    [((503, None), r"could not be reached \(status 503\)"), ((429, 100_000), "too many requests")],
)
def test_a_hub_that_stays_busy_is_the_networks_fault(
    hub: HubServer, tmp_path: Path, answer: tuple[int, int | None], message: str
) -> None:
    revision = hub.model("toy/model", FILES)
    hub.busy = [answer] * 50

    with pytest.raises(EnvironmentFault, match=message) as caught:
        fetch(revision, tmp_path)

    assert FailureClass.NETWORK is caught.value.failure_class
    assert "run again" in str(caught.value)


def test_no_hub_at_all(hub: HubServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")

    with pytest.raises(EnvironmentFault, match=r"could not be reached \(ConnectError\).*check the network"):
        fetch("0" * 40, tmp_path)


@pytest.mark.parametrize("revision", ["main", "v1.0", "0123456", "UNPINNED", "A" * 40])
def test_only_full_commits_are_read(revision: str) -> None:
    with pytest.raises(SpecError, match=f"revision '{revision}' is no full commit hash.*40 hexadecimal digits"):
        repository(revision)


def test_what_is_not_there_is_told_apart(hub: HubServer, tmp_path: Path) -> None:
    revision = hub.model("toy/model", FILES)
    with pytest.raises(SpecError, match=r"model toy/nothing: there is no such repository .* or it is private"):
        look(repository(revision, "toy/nothing"))
    with pytest.raises(SpecError, match=f"it has no commit {'1' * 40}"):
        look(repository("1" * 40))
    with pytest.raises(SpecError, match=r"there is no file 'model.safetensor' .* did you mean 'model.safetensors'"):
        fetch(revision, tmp_path, ("model.safetensor",))
    with pytest.raises(SpecError, match=r"is no id of a repository.*owner/name"):
        look(repository(revision, "a/b/c"))


def test_a_renamed_repository_is_refused_with_its_new_name(hub: HubServer) -> None:
    revision = hub.model("toy/model", FILES)
    hub.rename("model", "toy/model", "toys/model")

    with pytest.raises(SpecError, match="the repository is called 'toys/model' now; write 'toys/model'"):
        look(repository(revision))


def test_a_gated_repository_says_what_to_do(
    hub: HubServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """With the right token it is read; the token goes to the hub, not to where the hub redirects, and to no log."""
    caplog.set_level(logging.DEBUG)
    revision = hub.model("toy/model", FILES, gated=True, tokens=frozenset({"hf_right"}))
    for token in (None, "hf_wrong"):
        if token:
            monkeypatch.setenv("HF_TOKEN", token)
        with pytest.raises(SpecError, match=r"is gated, .* accept its terms on its page, then set HF_TOKEN") as caught:
            fetch(revision, tmp_path)
        assert "hf_wrong" not in str(caught.value)
    monkeypatch.setenv("HF_TOKEN", "hf_right")
    hub.asked.clear()

    fetch(revision, tmp_path)

    assert {"Bearer hf_right"} == {ask.headers.get("authorization") for ask in hub.asked if ask.origin == "hub"}
    assert {None} == {ask.headers.get("authorization") for ask in hub.asked if ask.origin == "cdn"}
    assert "hf_" not in caplog.text.replace("hf_hub", "").replace("hf_xet", "")


def test_a_signed_address_reaches_no_error(hub: HubServer, tmp_path: Path) -> None:
    revision = hub.model("toy/model", FILES)
    listing = look(repository(revision))
    hub.busy = [(403, None)]

    with pytest.raises(SpecError, match=r"refused the token or the account \(status 403\)") as caught:
        download(listing, listing.named(NAMES), tmp_path)

    assert "signature" not in str(caught.value)
    assert caught.value.__suppress_context__


def test_names_that_lead_out_of_the_folder_are_refused(hub: HubServer, tmp_path: Path) -> None:
    revision = hub.model("toy/model", {"../outside": b"x"})

    with pytest.raises(SpecError, match="points outside the repository"):
        fetch(revision, tmp_path / "inside", ("../outside",))


def test_a_full_disk_is_seen_before_it_is_full(hub: HubServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import shutil

    revision = hub.model("toy/model", FILES)
    monkeypatch.setattr(shutil, "disk_usage", lambda _folder: shutil._ntuple_diskusage(10, 9, 1))

    with pytest.raises(EnvironmentFault, match=r"has 0\.0 MB free") as caught:
        fetch(revision, tmp_path)

    assert FailureClass.DISK_FULL is caught.value.failure_class


def test_the_newest_commit_can_be_asked_for(hub: HubServer) -> None:
    hub.model("toy/model", FILES)
    newest = hub.model("toy/model", {**FILES, "README.md": b"later"})

    assert newest == newest_commit("model", "toy/model")
    with pytest.raises(SpecError, match="no such repository"):
        newest_commit("model", "toy/nothing")
