"""Packages of a backbone's own: every line is a pin with hashes, and none contradicts what its phases run on."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness import paths
from harness.errors import SpecError
from harness.specs.packages import base_pins, pins_of, read_packages

HASH = "0" * 63
PIN = f"one==1.0 \\\n    --hash=sha256:{HASH}1 \\\n    --hash=sha256:{HASH}0\n    # via something\n"


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A lock of one's own, to be written."""
    (tmp_path / "images" / "backbones").mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    return tmp_path / "images" / "backbones" / "mine.txt"


def test_a_lock_is_read_as_pip_writes_it(own: Path) -> None:
    own.write_text(f"# by hand\n\nTwo_Words[extra]==2.0.post1 --hash=sha256:{HASH}2\n{PIN}")

    found = read_packages("mine.txt", where="backbone mine")

    assert [("one", "1.0", (f"{HASH}0", f"{HASH}1")), ("two-words", "2.0.post1", (f"{HASH}2",))] == [
        (pin.name, pin.version, pin.hashes) for pin in found.pins
    ]
    assert found.name == "mine"
    assert pins_of("\n".join(pin.line for pin in found.pins)) == list(found.pins)


def test_comments_and_order_are_not_in_its_digest_and_hashes_are(own: Path) -> None:
    digests = []
    for text in (PIN + f"two==1 --hash=sha256:{HASH}2", f"# x\ntwo==1 --hash=sha256:{HASH}2\n{PIN}", PIN):
        own.write_text(text)
        digests.append(read_packages("mine.txt", where="backbone mine").digest)

    assert digests[0] == digests[1] != digests[2]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("one==1.0\n", r"mine\.txt, line 1: 'one==1\.0' is no locked package; lock it with a hash"),
        (f"# x\none>=1.0 --hash=sha256:{HASH}0\n", r"line 2: 'one>=1\.0"),
        (f"one==1.* --hash=sha256:{HASH}0\n", r"'one==1\.\*.* is no locked package"),
        (f"one @ file:///one.whl --hash=sha256:{HASH}0\n", "is no locked package"),
        ("one==1.0 --hash=sha256:0123\n", "is no locked package"),
        ("-r other.txt\n", r"'-r other\.txt' is no locked package"),
        (f"one==1.0 ; python_version < '3.12' --hash=sha256:{HASH}0\n", "is no locked package"),
        (PIN + PIN, "line 5: one stands there twice"),
        ("# nothing\n", "names no package"),
        (f"numpy==1.0 --hash=sha256:{HASH}0\n", r"numpy==1\.0 contradicts images/locks/train\.txt, which has "),
        (f"faiss-cpu==1.0 --hash=sha256:{HASH}0\n", r"contradicts images/locks/retrieve\.txt"),
        (f"Torch==1.0 --hash=sha256:{HASH}0\n", r"torch==1\.0 contradicts images/locks/train\.txt"),
    ],
)
def test_what_pins_nothing_or_contradicts_a_phases_lock_is_refused(own: Path, text: str, message: str) -> None:
    own.write_text(text)

    with pytest.raises(SpecError, match=message):
        read_packages("mine.txt", where="backbone mine")


def test_what_a_phase_has_already_is_allowed_and_not_added(own: Path) -> None:
    (faiss,) = [pin for pin in base_pins("retrieve") if pin.name == "faiss-cpu"]
    (numpy,) = [pin for pin in base_pins("train") if pin.name == "numpy"]
    own.write_text(f"{PIN}{faiss.line}\n{numpy.line}\n")

    found = read_packages("mine.txt", where="backbone mine")

    assert ["faiss-cpu", "one"] == [pin.name for pin in found.beside("train")]
    assert ["one"] == [pin.name for pin in found.beside("retrieve")]


def test_every_lock_of_a_phase_is_read_whole() -> None:
    for lock in ("train", "retrieve", "torch", "torch-cuda"):
        text = (paths.images_dir() / "locks" / f"{lock}.txt").read_text()
        pins = pins_of(text)
        assert sum("==" in line and not line.lstrip().startswith("#") for line in text.splitlines()) == len(pins)
        assert text.count("--hash=") == sum(len(pin.hashes) for pin in pins)


def test_a_file_that_is_not_there_is_named(own: Path) -> None:
    with pytest.raises(SpecError, match=r"backbone mine, field 'requirements': there is no 'mine\.txt' beside"):
        read_packages("mine.txt", where="backbone mine")
