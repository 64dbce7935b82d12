"""The archive of a submission: whatever changes is found, and hostile ones do nothing."""

from __future__ import annotations

import hashlib
import io
import json
import shutil
import stat
import zipfile
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from harness.results.submission.archive import ArchiveLimits, unpack, write_archive
from harness.results.submission.submission import opened
from harness.results.verify.check import Verifier, VerifierOptions
from tasks.errors import DataError, UserError
from tests.harness.results.conftest import Made

_SEAL = "codestilts.submission/1 sha256 "


def sealed(path: Path, write: Callable[[zipfile.ZipFile], None]) -> Path:
    """A zip file that someone of bad will wrote, with the seal that belongs to it."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as file:
        write(file)
        file.comment = b" " * (len(_SEAL) + 64)
    body = buffer.getvalue()[: -(len(_SEAL) + 64)]
    path.write_bytes(body + (_SEAL + hashlib.sha256(body).hexdigest()).encode())
    return path


def entry(name: str, mode: int = stat.S_IFREG | 0o644) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name)
    info.external_attr = mode << 16
    return info


def several(file: zipfile.ZipFile, names: Iterable[str], content: str) -> None:
    for name in names:
        file.writestr(name, content)


HOSTILE: dict[str, tuple[Callable[[zipfile.ZipFile], None], str]] = {
    "parent": (lambda file: file.writestr("../evil", "x"), "plain parts"),
    "parent inside": (lambda file: file.writestr("a/../../evil", "x"), "plain parts"),
    "absolute": (lambda file: file.writestr("/tmp/evil", "x"), "plain parts"),
    "backslash": (lambda file: file.writestr("..\\evil", "x"), "plain parts"),
    "drive": (lambda file: file.writestr("C:evil", "x"), "plain parts"),
    "dot": (lambda file: file.writestr("./a", "x"), "plain parts"),
    "empty part": (lambda file: file.writestr("a//b", "x"), "plain parts"),
    "folder": (lambda file: file.writestr("a/", ""), "plain parts"),
    "turned around": (lambda file: file.writestr("a\u202egnp", "x"), "control characters"),
    "line feed": (lambda file: file.writestr("a\nb", "x"), "control characters"),
    "long part": (lambda file: file.writestr("a" * 201, "x"), "too long"),
    "long name": (lambda file: file.writestr("/".join(["a" * 100] * 10), "x"), "too long"),
    "link": (lambda file: file.writestr(entry("a", stat.S_IFLNK | 0o777), "/etc/passwd"), "not a plain file"),
    "device": (lambda file: file.writestr(entry("a", stat.S_IFCHR | 0o666), ""), "not a plain file"),
    "same on some disks": (lambda file: several(file, ["a/B", "A/b"], "x"), "on some disks"),
    "other compression": (
        lambda file: file.writestr("a", b"x" * 99, compress_type=zipfile.ZIP_BZIP2),
        "in another way than deflate",
    ),
    "folder of another": (lambda file: several(file, ["a", "a/b"], "x"), "folder of another"),
}


@pytest.mark.parametrize("name", sorted(HOSTILE))
def test_hostile_archives_are_refused_and_write_nothing_outside(name: str, tmp_path: Path) -> None:
    write, said = HOSTILE[name]
    path = sealed(tmp_path / "x.zip", write)
    inside = tmp_path / "outer" / "inner"
    inside.mkdir(parents=True)
    with pytest.raises(DataError, match=said) as error:
        unpack(path, inside)
    assert str(error.value).isprintable()
    assert len(str(error.value)) < 400
    assert [] == [found for found in (tmp_path / "outer").rglob("*") if found.is_file() and found.name != "a"]
    assert {"x.zip", "outer"} == {found.name for found in tmp_path.iterdir()}


def test_a_name_that_is_there_twice_is_refused(tmp_path: Path) -> None:
    def write(file: zipfile.ZipFile) -> None:
        file.writestr("a", "x")
        with pytest.warns(UserWarning, match="Duplicate"):
            file.writestr("a", "y")

    path = sealed(tmp_path / "x.zip", write)
    with pytest.raises(DataError, match="twice"):
        unpack(path, tmp_path / "in")


def test_bombs_are_refused_before_anything_is_unpacked(tmp_path: Path) -> None:
    path = sealed(tmp_path / "x.zip", lambda file: file.writestr("zeros", bytes(30 << 20)))
    with pytest.raises(DataError, match="would unpack to 31,457,280 bytes from"):
        unpack(path, tmp_path / "in")
    assert not (tmp_path / "in").exists()


@pytest.mark.parametrize(
    ("limits", "message"),
    [
        (ArchiveLimits(files=3), "4 files, more than 3"),
        (ArchiveLimits(file=5), "'0' would unpack to more than"),
        (ArchiveLimits(total=23), "it would unpack to more than"),
        (ArchiveLimits(directory=10), "list of files is too long"),
    ],
)
def test_more_than_the_limits_is_refused_before_anything_is_unpacked(
    tmp_path: Path, limits: ArchiveLimits, message: str
) -> None:
    path = sealed(tmp_path / "x.zip", lambda file: several(file, "0123", "123456"))
    with pytest.raises(DataError, match=message):
        unpack(path, tmp_path / "in", limits)
    assert not (tmp_path / "in").exists()

    unpack(path, tmp_path / "in", ArchiveLimits(files=4, file=6, total=24))
    assert 4 == len(list((tmp_path / "in").iterdir()))


def test_a_stream_that_holds_more_than_it_declares_is_cut_off(tmp_path: Path) -> None:
    path = sealed(tmp_path / "x.zip", lambda file: file.writestr("a", "0123456789"))
    body = path.read_bytes()[: -(len(_SEAL) + 64)]
    declared = (10).to_bytes(4, "little")
    body = body.replace(declared, (4).to_bytes(4, "little"))
    path.write_bytes(body + (_SEAL + hashlib.sha256(body).hexdigest()).encode())
    (tmp_path / "in").mkdir()
    with pytest.raises(DataError):
        unpack(path, tmp_path / "in")
    assert all(found.stat().st_size <= 5 for found in (tmp_path / "in").iterdir())


@given(content=st.dictionaries(st.sampled_from(["a", "b/c", "b/d/e", "z"]), st.binary(max_size=200), min_size=1))
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_what_is_packed_comes_out_again(content: dict[str, bytes], tmp_path: Path) -> None:
    shutil.rmtree(tmp_path / "t", ignore_errors=True)
    root = tmp_path / "t"
    for name, value in content.items():
        (root / "in" / name).parent.mkdir(parents=True, exist_ok=True)
        (root / "in" / name).write_bytes(value)
    files = [(name, root / "in" / name) for name in content]
    write_archive(root / "one.zip", files)
    write_archive(root / "two.zip", reversed(files))
    assert (root / "one.zip").read_bytes() == (root / "two.zip").read_bytes()
    (root / "out").mkdir()
    unpack(root / "one.zip", root / "out")
    assert content == {name: (root / "out" / name).read_bytes() for name in content}


@given(place=st.floats(min_value=0, max_value=1, exclude_max=True), bit=st.integers(min_value=0, max_value=7))
@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_a_bit_that_flips_anywhere_in_a_submission_is_found(
    place: float, bit: int, packed: Path, tmp_path: Path
) -> None:
    content = bytearray(packed.read_bytes())
    content[int(place * len(content))] ^= 1 << bit
    path = tmp_path / "flipped.zip"
    path.write_bytes(content)
    with pytest.raises(DataError), opened(path):
        pass


@given(data=st.data())
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_a_digit_that_changes_anywhere_in_an_unpacked_submission_is_found(
    data: st.DataObject, packed: Path, tmp_path: Path
) -> None:
    root = tmp_path / "sub"
    if not root.is_dir():
        root.mkdir()
        unpack(packed, root)
    path = data.draw(st.sampled_from(sorted(path for path in root.rglob("*") if path.is_file())))
    before = path.read_bytes()
    path.write_bytes(other_digit(data, before))
    try:
        if path.read_bytes() != before:
            with pytest.raises(UserError), opened(root):
                pass
    finally:
        path.write_bytes(before)


def other_digit(data: st.DataObject, content: bytes) -> bytes:
    """One digit replaced by another; no change where there is none."""
    places = [place for place, byte in enumerate(content) if chr(byte).isdigit()]
    if not places:
        return content
    place = data.draw(st.sampled_from(places))
    digits = bytes(digit for digit in b"0123456789" if digit != content[place])
    return content[:place] + bytes([data.draw(st.sampled_from(digits))]) + content[place + 1 :]


@given(data=st.data())
@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_a_digit_that_changes_in_a_results_folder_is_found(
    data: st.DataObject, original: Made, verifier: Verifier, tmp_path: Path
) -> None:
    """In any file of a row's results, whatever field: everything is written again, not scores alone."""
    row = original.results / "mini-xlmr" / "mini-mnli"
    path = data.draw(st.sampled_from(sorted(row.iterdir())))
    before = path.read_bytes()
    changed = other_digit(data, before)
    assume(json.loads(changed) != json.loads(before))  # the seventeenth digit of a float need not change its value
    path.write_bytes(changed)
    try:
        assert not verifier.verify(row).holds
    finally:
        path.write_bytes(before)


@pytest.fixture(scope="module")
def verifier(original: Made, tmp_path_factory: pytest.TempPathFactory) -> Verifier:
    means = VerifierOptions(suite=str(original.suite), scratch=tmp_path_factory.mktemp("scratch"))
    return Verifier(means, lambda _done, _note: None)
