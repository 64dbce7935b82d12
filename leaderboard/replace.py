"""Replace a folder as a whole: write a sibling, then rename it, so that no stale files remain."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tasks.errors import UserError

MARKER = ".codestilts-site"
MARKER_SCHEMA = "codestilts.site/1"


@contextmanager
def replacing(out: Path) -> Iterator[Path]:
    """Yield an empty folder to write; when the block ends well it takes the place of ``out``, else it is removed.

    The folder must be flat. A marker file lists the written files, and only a folder that holds nothing else is ever
    replaced.

    Raises:
        UserError: ``out`` is a file, or a folder that holds something we did not write.
    """
    place = out.resolve()
    _check_ours(place, out)
    place.parent.mkdir(parents=True, exist_ok=True)
    building = Path(tempfile.mkdtemp(prefix=f".{place.name}.building-", dir=place.parent))
    try:
        yield building
        names = sorted(path.name for path in building.iterdir())
        marker = json.dumps({"schema": MARKER_SCHEMA, "files": names}, ensure_ascii=False, indent=1) + "\n"
        (building / MARKER).write_text(marker, encoding="utf-8", newline="\n")
        building.chmod(0o777 & ~_umask())  # mkdtemp's folders are private, a site is for all
        _check_ours(place, out)
        _swap(building, place)
    finally:
        shutil.rmtree(building, ignore_errors=True)


def site_files(site: Path) -> list[str]:
    """The files of a built site, by its marker, which is not among them.

    Raises:
        UserError: the folder is no site of ours, or a file of it is missing.
    """
    names = sorted(_written(site / MARKER))
    if not names:
        raise UserError(
            "it is no site built by codestilts", where=str(site), remedy="run 'codestilts site build' first"
        )
    for name in names:
        if Path(name).name != name or (site / name).is_symlink() or not (site / name).is_file():
            raise UserError("a file of the site is missing", where=str(site / name), remedy="build the site again")
    return names


def _swap(building: Path, place: Path) -> None:
    if not place.exists():
        building.rename(place)
        return
    aside = Path(tempfile.mkdtemp(prefix=f".{place.name}.old-", dir=place.parent))
    old = aside / "site"
    try:
        place.rename(old)
        try:
            building.rename(place)
        except OSError:
            old.rename(place)
            raise
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def _check_ours(place: Path, shown: Path) -> None:
    if not place.exists():
        return
    if not place.is_dir():
        raise UserError("it is a file, not a folder for the site", where=str(shown), remedy="name another folder")
    there = {path.name for path in place.iterdir()}
    foreign = sorted(there - _written(place / MARKER) - {MARKER})
    if foreign:
        raise UserError(
            f"it holds files that are not of a site built by codestilts ({', '.join(foreign[:3])})",
            where=str(shown),
            remedy="name an empty or new folder and copy the site from there",
        )


def _written(marker: Path) -> set[str]:
    """The files that a marker says we wrote; nothing if it is not a marker of ours."""
    try:
        record = json.loads(marker.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return set()
    if not isinstance(record, dict) or record.get("schema") != MARKER_SCHEMA:
        return set()
    files = record.get("files")
    return {name for name in files if isinstance(name, str)} if isinstance(files, list) else set()
