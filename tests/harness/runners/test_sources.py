"""Files that containers are to read: links out of their folder, and what the user of a stage may not open."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from harness.data.release import ReleaseFiles
from harness.plan.stage import Stage
from harness.runners.docker.confinement import NOBODY, Person
from harness.runners.docker.host import problems

CALLER = Person(user=os.getuid(), group=os.getgid())


@pytest.fixture
def release(tmp_path: Path) -> ReleaseFiles:
    """Three files of two folders, as they are after ``cp``."""
    root = tmp_path / "data"
    (root / "xnli").mkdir(parents=True)
    for path in ("xnli/test.tsv", "xnli/dev.tsv", "one.txt"):
        (root / path).write_text("rows", encoding="utf-8")
    for path in (root, *root.rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)
    return ReleaseFiles(folder=root, paths=("xnli/test.tsv", "xnli/dev.tsv", "one.txt"))


def stages(**folders: Path) -> list[Stage]:
    read: Mapping[str, Any] = {role: str(folder) for role, folder in folders.items()}
    return [cast("Stage", SimpleNamespace(folders=read))]


def said(release: ReleaseFiles, who: Person = NOBODY, **folders: Path) -> list[str]:
    return [str(problem) for problem in problems(release, stages(**folders), who)]


def test_what_everybody_may_read_is_no_problem(release: ReleaseFiles) -> None:
    assert [] == said(release)


def test_a_closed_file_is_named_with_how_to_open_it(release: ReleaseFiles) -> None:
    assert release.folder is not None
    for path in release.paths[:2]:
        (release.folder / path).chmod(0o600)
    (sentence,) = said(release)

    assert f"user {NOBODY.user}, who may not read {release.folder}/xnli/dev.tsv and 1 more; " in sentence
    assert f"chmod -R a+rX {release.folder}, or" in sentence
    assert [] == said(release, CALLER), "whoever runs as the caller reads what the caller does"
    assert [] == said(release, Person(user=0, group=0)), "in a rootless engine root is the caller"


@pytest.mark.skipif(os.getuid() != 0, reason="root alone gives files away")
@pytest.mark.parametrize(("owner", "group", "mode"), [(65534, 0, 0o400), (0, 65534, 0o040)])
def test_what_belongs_to_nobody_is_open_to_it(release: ReleaseFiles, owner: int, group: int, mode: int) -> None:
    assert release.folder is not None
    path = release.folder / "one.txt"
    os.chown(path, owner, group)
    path.chmod(mode)

    assert [] == said(release)


def test_a_closed_folder_closes_what_is_in_it(release: ReleaseFiles) -> None:
    assert release.folder is not None
    (release.folder / "xnli").chmod(0o700)
    (sentence,) = said(release)

    assert f"may not read {release.folder}/xnli;" in sentence


def test_a_backbone_s_own_folder_is_looked_at_too(release: ReleaseFiles, tmp_path: Path) -> None:
    model = tmp_path / "model"
    model.mkdir(mode=0o755)
    (model / "config.json").write_text("{}", encoding="utf-8")
    (model / "config.json").chmod(0o640)
    (sentence,) = said(release, source=model)

    assert f"may not read {model}/config.json; chmod -R a+rX {model}" in sentence


def test_links_out_of_the_folder_are_named(release: ReleaseFiles, tmp_path: Path) -> None:
    assert release.folder is not None
    (tmp_path / "elsewhere").write_text("rows", encoding="utf-8")
    (tmp_path / "elsewhere").chmod(0o644)
    (release.folder / "one.txt").unlink()
    (release.folder / "one.txt").symlink_to(tmp_path / "elsewhere")
    (sentence,) = said(release, CALLER)

    assert "one.txt below --data is a link that leads out of it" in sentence
    assert "cp -L" in sentence
