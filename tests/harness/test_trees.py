"""Folders that a stage has filled: walked within bounds, removed whatever is in them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from harness.trees import MOST_LEVELS, remove_tree, size_of, walk

DEEP = 3_000


def make_deep(folder: Path, levels: int = DEEP) -> None:
    """Folders in folders: far more than Python's stack, the kernel's longest path, or the descriptors of a process."""
    folder.mkdir()
    here = os.open(folder, os.O_RDONLY)
    for _ in range(levels):
        os.mkdir("d", dir_fd=here)
        inner = os.open("d", os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = inner
    os.close(os.open("file", os.O_CREAT | os.O_WRONLY, dir_fd=here))
    os.close(here)


def test_a_walk_ends_at_its_depth(tmp_path: Path) -> None:
    make_deep(tmp_path / "deep", 100)

    found = list(walk(tmp_path / "deep"))

    assert MOST_LEVELS + 1 == len(found)
    assert [found[-1]] == [one for one in found if one.too_deep]


def test_a_walk_follows_no_link_and_counts_files_alone(tmp_path: Path) -> None:
    (tmp_path / "away").mkdir()
    (tmp_path / "away" / "large").write_bytes(bytes(1000))
    (tmp_path / "folder" / "inner").mkdir(parents=True)
    (tmp_path / "folder" / "inner" / "file").write_bytes(bytes(10))
    (tmp_path / "folder" / "link").symlink_to(tmp_path / "away")

    assert {"inner", "inner/file", "link"} == {found.path for found in walk(tmp_path / "folder")}
    assert 10 == size_of(tmp_path / "folder")
    assert 1000 == size_of(tmp_path / "away" / "large")


def _deep(folder: Path) -> None:
    make_deep(folder)


def _wide(folder: Path) -> None:
    for number in range(30):
        (folder / f"{number}" / "inner" / "most").mkdir(parents=True)
        (folder / f"{number}" / "inner" / "file").touch()


def _odd_names(folder: Path) -> None:
    folder.mkdir()
    for name in (b"\xff\xfe", b"a\nb", b"\x1b[2J", b".gone-0"):
        odd = folder / os.fsdecode(name)
        odd.mkdir()
        (odd / os.fsdecode(b"link\xff")).symlink_to("/nowhere")


def _closed(folder: Path) -> None:
    (folder / "a" / "b" / "c").mkdir(parents=True)
    (folder / "a" / "b" / "c" / "file").touch()
    for name in ("a/b/c", "a/b", "a", "."):
        (folder / name).chmod(0)


def _no_folders(folder: Path) -> None:
    folder.mkdir()
    os.mkfifo(folder / "pipe")
    (folder / "file").touch(mode=0)


@pytest.mark.parametrize("make", [_deep, _wide, _odd_names, _closed, _no_folders, Path.touch, lambda _folder: None])
def test_anything_is_removed(tmp_path: Path, make: object) -> None:
    assert callable(make)
    make(tmp_path / "folder")

    remove_tree(tmp_path / "folder")

    assert [] == list(tmp_path.iterdir())


def test_a_link_goes_and_not_what_it_points_to(tmp_path: Path) -> None:
    (tmp_path / "kept").mkdir()
    (tmp_path / "kept" / "file").touch()
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "link").symlink_to(tmp_path / "kept")
    (tmp_path / "link").symlink_to(tmp_path / "kept")

    remove_tree(tmp_path / "folder")
    remove_tree(tmp_path / "link")

    assert ["kept"] == [path.name for path in tmp_path.iterdir()]
    assert (tmp_path / "kept" / "file").exists()
