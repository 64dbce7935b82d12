"""What containers read of this machine beside the store: do they see it, and may whoever they run as open it?"""

from __future__ import annotations

import stat
from collections.abc import Iterable, Iterator
from pathlib import Path

from harness.data import ReleaseFiles
from harness.errors import first_of
from harness.plan.stage import Stage
from harness.preflight import Problem
from harness.runners.docker.confinement import NOBODY, Person


def problems(release: ReleaseFiles, stages: Iterable[Stage], who: Person) -> list[Problem]:
    """Release files that are links out of their folder, and files and folders that ``who`` may not read."""
    found = []
    if links := release.leading_out():
        what = f"{first_of(links)} below --data is a link that leads out of it, where containers do not see"
        found.append(Problem(what=what, remedy="put the files themselves there (cp -L)"))
    if who != NOBODY:  # stages are the caller, and what that may not read the plan has said already
        return found
    folders = {Path(folder) for stage in stages for folder in stage.folders.values()}
    reads: list[tuple[Path, tuple[Path, ...]]] = [(folder, (folder,)) for folder in sorted(folders)]
    if release.folder is not None:
        reads.append((release.folder, tuple(release.folder / path for path in release.paths)))
    for root, paths in reads:
        closed = sorted({str(path) for one in paths for path in _closed(root.resolve(), one)})
        if closed:
            what = f"root runs this, so stages are user {NOBODY.user}, who may not read {first_of(closed)}"
            found.append(Problem(what=what, remedy=f"chmod -R a+rX {root}, or run as a user of the group docker"))
    return found


def _closed(root: Path, path: Path) -> Iterator[Path]:
    """Of a path below ``root`` and all in it, and of the folders from ``root`` to it, what nobody may not read."""
    path = path.resolve()
    for folder in (root, *reversed(path.parents)):
        if folder.is_relative_to(root) and not _open(folder):
            yield folder
    yield from (one for one in (path, *path.rglob("*")) if not _open(one))


def _open(path: Path) -> bool:
    try:
        found = path.stat()
    except FileNotFoundError:  # a link to nothing
        return True
    digit = 6 if found.st_uid == NOBODY.user else 3 if found.st_gid == NOBODY.group else 0
    wanted = 0o5 if stat.S_ISDIR(found.st_mode) else 0o4
    return found.st_mode >> digit & wanted == wanted
