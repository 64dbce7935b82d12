"""Write pages and the files of their tables, on several processes where there are many."""

from __future__ import annotations

import base64
import hashlib
import multiprocessing
import os
import re
import signal
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from leaderboard.pages.blocks import Part, parts, tables
from leaderboard.pages.frame import Page, Site
from leaderboard.pages.look import Export
from leaderboard.tables.latex import table_latex
from leaderboard.tables.plain import table_csv, table_json

T = TypeVar("T")

_job: Callable[[int], Any] | None = None


def cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def can_copy() -> bool:
    """Return whether this process can fork: on Linux, from the main thread, without other threads."""
    return (
        sys.platform == "linux"
        and threading.active_count() == 1
        and threading.current_thread() is threading.main_thread()
        and not multiprocessing.current_process().daemon
    )


def in_order(
    job: Callable[[int], T], number: int, workers: int, progress: Callable[[float], None] = lambda _share: None
) -> list[T]:
    """Return the results of ``job`` for 0 to ``number`` - 1, in order, from several processes.

    Copies are made only where that is safe (:func:`can_copy`); if one of them dies, this process does the work itself.

    Args:
        job: writes files, or returns a small value, which is sent between processes.
        number: of jobs.
        workers: processes; with one or fewer all is done here.
        progress: called with the share that is done.
    """
    if workers > 1 and number > 1 and can_copy():
        try:
            return _by_copies(job, number, min(workers, number), progress)
        except BrokenProcessPool:  # say for want of memory, of which one process needs less
            pass
    found = []
    for place in range(number):
        found.append(job(place))
        progress((place + 1) / number)
    return found


def _by_copies(job: Callable[[int], T], number: int, workers: int, progress: Callable[[float], None]) -> list[T]:
    global _job  # noqa: PLW0603 (what a copy finds at its birth; a closure over a board cannot be sent)
    _job = job
    context = multiprocessing.get_context("fork")
    executor = ProcessPoolExecutor(workers, mp_context=context, initializer=_begin)
    found: list[T] = []
    try:
        for result in executor.map(_do, range(number), chunksize=max(1, min(16, number // 32))):
            found.append(result)
            progress(len(found) / number)
    finally:
        executor.shutdown(cancel_futures=True)
        _job = None
    return found


def _begin() -> None:
    """The process that asked is the one to be interrupted."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _do(place: int) -> Any:
    assert _job is not None
    return _job(place)


HERE = Path(__file__).parent
_EXPORTS: Mapping[Export, Callable[..., str]] = {"csv": table_csv, "json": table_json, "tex": table_latex}


@dataclass(frozen=True, kw_only=True)
class Written:
    """The files of a written page.

    Attributes:
        pages: its files, more than one where it was too heavy for one.
        tables: files of its tables.
        where: the file of every row that has an anchor on it.
    """

    pages: tuple[str, ...]
    tables: tuple[str, ...]
    where: Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class _Shown:
    """One file of a page, as the template prints it."""

    file: str
    files: tuple[str, ...]
    number: int
    html: Markup
    titles: tuple[tuple[str, str], ...]


class Writer:
    """Writes the pages of a site into a folder."""

    def __init__(self, site: Site, building: Path) -> None:
        self._building = building
        script = (HERE / "static" / "board.js").read_text(encoding="utf-8")
        digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
        self._template = _environment().get_template("page.html")
        self._common = {
            "frame": site.frame,
            "script": Markup(script),  # noqa: S704 (a file of this package)
            "script_hash": f"sha256-{digest}",
        }

    def write(self, page: Page) -> Written:
        """Write a page in as many parts as it takes, and its tables."""
        found = parts(page.sections)
        files = tuple(_part_file(page.stem, number) for number in range(1, len(found) + 1))
        where: dict[str, str] = {}
        texts = [
            self._html(page, part, file, files, number)
            for number, (file, part) in enumerate(zip(files, found, strict=True), start=1)
        ]
        for file, part, text in zip(files, found, _linked(files, texts), strict=True):
            write_text(self._building / file, text)
            where |= dict.fromkeys(part.anchors, file)
        exported = [(f"{table.name}.{suffix}", table, suffix) for table, suffix in tables(page.sections)]
        for name, table, suffix in exported:
            write_text(self._building / name, _EXPORTS[suffix](table))
        return Written(pages=files, tables=tuple(name for name, _, _ in exported), where=where)

    def _html(self, page: Page, part: Part, file: str, files: tuple[str, ...], number: int) -> str:
        shown = _Shown(file=file, files=files, number=number, html=part.html, titles=part.titles)
        return self._template.render(page=page, part=shown, **self._common)


def write_text(path: Path, text: str) -> None:
    """Write a file of a site: UTF-8 and line feeds everywhere."""
    path.write_text(text, encoding="utf-8", newline="\n")


def _linked(files: Sequence[str], texts: Sequence[str]) -> Sequence[str]:
    """The parts of one page, with links to a place that came to stand on another part leading there.

    Text and attributes from data hold no plain quotes, so what these patterns find is ours.
    """
    if len(texts) == 1:
        return texts
    ids = [set(re.findall(r' id="([^"]+)"', text)) for text in texts]
    home = {anchor: file for file, own in reversed(list(zip(files, ids, strict=True))) for anchor in own}

    def led(text: str, own: set[str]) -> str:
        def link(match: re.Match[str]) -> str:
            anchor = match[1]
            return match[0] if anchor in own or anchor not in home else f' href="{home[anchor]}#{anchor}"'

        return re.sub(r' href="#([^"]+)"', link, text)

    return [led(text, own) for text, own in zip(texts, ids, strict=True)]


def _part_file(stem: str, number: int) -> str:
    return f"{stem}.html" if number == 1 else f"{stem}.part-{number}.html"


def _environment() -> Environment:
    return Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
