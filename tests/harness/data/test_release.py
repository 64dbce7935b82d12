"""Finding release files: what is missing is named, what is known is not read twice."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.data import release
from tasks.errors import DataError


def test_digests_are_remembered_by_size_and_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.tsv").write_text("one")
    cache = tmp_path / "memory.json"
    first = release.digests({"task": ["a.tsv"]}, tmp_path, cache)
    monkeypatch.setattr(release, "file_digest", lambda path: pytest.fail(f"{path} was read again"))

    assert first == release.digests({"task": ["a.tsv"]}, tmp_path, cache)


def test_a_changed_file_is_read_again(tmp_path: Path) -> None:
    (tmp_path / "a.tsv").write_text("one")
    cache = tmp_path / "memory.json"
    first = release.digests({"task": ["a.tsv"]}, tmp_path, cache)
    (tmp_path / "a.tsv").write_text("other")

    assert first != release.digests({"task": ["a.tsv"]}, tmp_path, cache)


@pytest.mark.parametrize("content", ["{", "[]", "null"])
def test_a_damaged_memory_costs_time_and_nothing_else(tmp_path: Path, content: str) -> None:
    (tmp_path / "a.tsv").write_text("one")
    cache = tmp_path / "memory.json"
    cache.write_text(content)

    assert {"a.tsv"} == set(release.digests({"task": ["a.tsv"]}, tmp_path, cache))


def test_all_missing_files_are_told_at_once(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"missing: a\.tsv \(x\), b\.tsv \(x\), c\.tsv \(y\); put the original"):
        release.digests({"x": ["a.tsv", "b.tsv"], "y": ["c.tsv"]}, tmp_path)


def test_the_folder_can_come_from_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(release.DATA_VARIABLE, str(tmp_path))

    assert tmp_path == release.data_folder(None)
    assert Path("given") == release.data_folder(Path("given"))


def test_a_suite_without_release_files_needs_no_folder() -> None:
    assert {} == release.digests({}, None)
