"""``images/wheelhouse.py`` with the real pip and an index of its own: what it fetches, checks, keeps and refuses."""

from __future__ import annotations

import importlib
import platform
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from harness.errors import SpecError
from harness.runners.images.folder import Wheelhouse
from tests.wheels import copy_scripts, index, pin, wheel

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="builds of torch differ on Linux only")
Fill = Callable[..., int]


@pytest.fixture
def locks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Locks of two images on an index of their own, which has torch as a CUDA build and, elsewhere, as a CPU build."""
    wheels = tmp_path / "wheels"
    alpha, nvidia, own = (wheel(wheels, *it) for it in (("alpha", "3.1"), ("nvidia_thing", "2"), ("own_words", "1")))
    cuda_torch = wheel(wheels, "torch", "1.0")
    cpu_torch = wheel(tmp_path / "cpu", "torch", "1.0+cpu")
    folder = tmp_path / "locks"
    folder.mkdir()
    texts = {
        "report": pin(alpha),
        "train": pin(alpha) + pin(cuda_torch, cpu_torch),
        "torch": pin(cuda_torch, cpu_torch),
    }
    texts |= {"torch-cuda": pin(nvidia), "own": pin(own)}
    for name, text in texts.items():
        (folder / f"{name}.txt").write_text(text, encoding="utf-8")
    for variable in ("PIP_FIND_LINKS", "PIP_EXTRA_INDEX_URL", "PIP_NO_INDEX"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("PIP_INDEX_URL", index(tmp_path / "index", cuda_torch, alpha, nvidia, own))
    index(tmp_path / "cpu-index", cpu_torch)
    return folder


@pytest.fixture
def fill(locks: Path, monkeypatch: pytest.MonkeyPatch) -> Fill:
    """The script, called as from a shell; its exit code."""
    copy_scripts(locks.parent, monkeypatch)
    module = importlib.import_module("wheelhouse")

    def call(*arguments: str) -> int:
        try:
            return int(module.main([str(locks.parent / "house"), *arguments]))
        except SystemExit as end:  # how argparse refuses
            return int(end.code or 0)

    return call


def held(locks: Path) -> list[str]:
    return sorted(path.name.partition("-py3")[0] for path in (locks.parent / "house").glob("*"))


def test_it_holds_what_the_named_images_are_built_from(locks: Path, fill: Fill) -> None:
    assert fill("report") == 0
    assert ["alpha-3.1"] == held(locks)

    house = Wheelhouse(locks.parent / "house")
    assert ["alpha-3.1-py3-none-any.whl"] == [
        path.name for path in house.wheels_for({"locks/report.txt": (locks / "report.txt").read_text()})
    ]
    with pytest.raises(SpecError, match="no wheel with a locked hash of own-words; fill it"):
        house.wheels_for({"locks/own.txt": (locks / "own.txt").read_text()})


@pytest.mark.parametrize(
    ("torch", "wheels"),
    [
        ("none", ["alpha-3.1"]),
        ("cpu", ["alpha-3.1", "torch-1.0+cpu"]),
        ("cuda", ["alpha-3.1", "nvidia_thing-2", "torch-1.0"]),
    ],
)
def test_torch_comes_in_the_build_that_was_asked_for(locks: Path, fill: Fill, torch: str, wheels: list[str]) -> None:
    more = ["--torch-index", (locks.parent / "cpu-index").as_uri()] if torch == "cpu" else []

    assert fill("train", "--torch", torch, *more) == 0
    assert wheels == held(locks)


def test_without_a_cpu_build_it_says_where_one_is(fill: Fill, capsys: pytest.CaptureFixture[str]) -> None:
    assert fill("train", "--torch", "cpu") == 1
    assert "pip found no cpu build of torch for this Python; give PyTorch's CPU wheel index" in capsys.readouterr().err


def test_packages_of_a_backbones_own_come_along(locks: Path, fill: Fill) -> None:
    assert fill("report", "--requirements", str(locks / "own.txt")) == 0
    assert ["alpha-3.1", "own_words-1"] == held(locks)


def test_what_lies_there_is_not_fetched_again_and_is_checked(
    locks: Path, fill: Fill, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert fill("report") == 0
    monkeypatch.setenv("PIP_INDEX_URL", (locks.parent / "nowhere").as_uri())
    (kept,) = (locks.parent / "house").glob("*.whl")
    before = kept.stat().st_mtime_ns
    monkeypatch.setenv("PIP_FIND_LINKS", str(locks.parent / "house"))
    assert fill("report") == 0
    assert before == kept.stat().st_mtime_ns

    kept.write_bytes(b"another file by that name")
    capsys.readouterr()
    assert fill("report") == 1
    assert "wheelhouse: " in capsys.readouterr().err


def test_a_file_with_another_hash_is_refused(locks: Path, fill: Fill, capsys: pytest.CaptureFixture[str]) -> None:
    (locks / "report.txt").write_text(f"alpha==3.1 --hash=sha256:{'0' * 64}\n")

    assert fill("report") == 1
    assert "a file that is not the locked one; do not install it" in capsys.readouterr().err
    assert [] == held(locks)


def test_wheels_are_those_of_the_bases_python_and_not_of_this_one(
    locks: Path, fill: Fill, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine = platform.machine()
    tags = [f"cp{version}-cp{version}-manylinux_2_17_{machine}" for version in ("313", "312", "311")]
    made = [wheel(tmp_path / "many", "gamma", "1", tag=tag) for tag in (*tags, "cp313-cp313-win_amd64")]
    (locks / "report.txt").write_text(pin(*made))
    monkeypatch.setenv("PIP_INDEX_URL", index(tmp_path / "many-index", *made))

    assert fill("report", "--python", "3.13") == 0
    assert [f"gamma-1-{tags[0]}.whl"] == held(locks)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("train+mine",), "unknown image 'train+mine'; known: fetch, train, retrieve, report"),
        (("--python", "3"), "'3' is no version of Python; give one like 3.12"),
    ],
)
def test_what_cannot_be_meant_is_refused(
    fill: Fill, locks: Path, arguments: tuple[str, ...], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert fill(*arguments) == 2
    assert message in capsys.readouterr().err
    assert not (locks.parent / "house").exists()
