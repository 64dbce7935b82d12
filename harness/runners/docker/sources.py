"""What containers read of this machine beside the store: do they see it, and may whoever they run as open it?"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator
from pathlib import Path

from harness.data import ReleaseFiles
from harness.plan.stage import Stage
from harness.preflight import Problem
from harness.runners.docker.confinement import Person


def problems(release: ReleaseFiles, stages: Iterable[Stage], who: Person) -> list[Problem]:
    """Release files that are links out of their folder, and files and folders that ``who`` may not read."""
    found = []
    if links := release.leading_out():
        what = f"{_first(links)} below --data is a link that leads out of it, where containers do not see"
        found.append(Problem(what=what, remedy="put the files themselves there (cp -L)"))
    if who.user == os.getuid():  # what the caller may not read, the plan has said already
        return found
    folders = {Path(folder) for stage in stages for folder in stage.folders.values()}
    reads: list[tuple[Path, tuple[Path, ...]]] = [(folder, (folder,)) for folder in sorted(folders)]
    if release.folder is not None:
        reads.append((release.folder, tuple(release.folder / path for path in release.paths)))
    for root, paths in reads:
        closed = sorted({str(path) for one in paths for path in _closed(root.resolve(), one)})
        if closed:
            what = f"root runs this, so stages are user {who.user}, who may not read {_first(closed)}"
            found.append(Problem(what=what, remedy=f"chmod -R a+rX {root}, or run as a user of the group docker"))
    return found


def _first(names: list[str]) -> str:
    return names[0] + (f" and {len(names) - 1} more" if len(names) > 1 else "")


def _closed(root: Path, path: Path) -> Iterator[Path]:
    """Of a path below ``root`` and all in it, and of the folders from ``root`` to it, what others may not read."""
    path = path.resolve()
    for folder in (root, *reversed(path.parents)):
        if folder.is_relative_to(root) and not _open(folder):
            yield folder
    yield from (one for one in (path, *path.rglob("*")) if not _open(one))


def _open(path: Path) -> bool:
    try:
        mode = path.stat().st_mode
    except FileNotFoundError:  # a link to nothing
        return True
    wanted = stat.S_IROTH | stat.S_IXOTH if stat.S_ISDIR(mode) else stat.S_IROTH
    return mode & wanted == wanted
