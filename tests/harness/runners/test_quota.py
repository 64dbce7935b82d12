"""What a stage has written is measured on disk, and seldom where measuring takes long."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.plan.stage import Limits
from harness.runners import quota
from harness.runners.quota import Quota
from tests.harness.conftest import make_stage


def watching(folder: Path, **limits: int) -> Quota:
    return Quota(folder, make_stage("a", limits=Limits(**limits)))


def test_bytes_and_files_of_all_folders_count(tmp_path: Path) -> None:
    (tmp_path / "deep" / "deeper").mkdir(parents=True)
    (tmp_path / "deep" / "deeper" / "file").write_bytes(b"x" * 50_000)

    assert watching(tmp_path, output=40_000).exceeded()
    assert not watching(tmp_path, output=100_000).exceeded()
    assert watching(tmp_path, files=2).exceeded()
    assert not watching(tmp_path, files=3).exceeded()


def test_a_hole_is_no_space_and_a_link_is_not_followed(tmp_path: Path) -> None:
    out, elsewhere = tmp_path / "out", tmp_path / "elsewhere"
    for folder in (out, elsewhere):
        folder.mkdir()
    (elsewhere / "file").write_bytes(b"x" * 50_000)
    (out / "link").symlink_to(elsewhere)
    with (out / "hole").open("wb") as file:
        file.truncate(2**30)

    assert not watching(out, output=40_000).exceeded()


def test_a_folder_that_is_gone_holds_nothing(tmp_path: Path) -> None:
    assert not watching(tmp_path / "gone", output=0).exceeded()


def test_it_looks_again_only_after_a_while_or_when_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr(quota.time, "monotonic", lambda: now[0])
    watched = watching(tmp_path, files=0)
    assert not watched.exceeded()
    (tmp_path / "file").touch()

    assert not watched.exceeded()
    assert watched.exceeded(now=True)
    now[0] += 2.0
    assert watched.exceeded()
