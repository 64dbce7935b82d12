"""Fetch: what its hash pins and nothing else, through the machine's own pip."""

from __future__ import annotations

import base64
import hashlib
import zipfile
from pathlib import Path

import pytest

from harness.context import StageContext
from harness.errors import EnvironmentFault, SpecError
from harness.outcome import FailureClass
from harness.phases import fetch

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
