"""Progress of one piece of work in this process: a bar on a terminal, a line now and then elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from harness.context import Progress

_FIRST_LINE = 2.0  # seconds; shorter work is silent
_LINE_EVERY = 10.0


@contextmanager
def progress(title: str) -> Iterator[Progress]:
    """Show progress on standard error while the block runs."""
    if sys.stderr.isatty():
        with _bar(title) as report:
            yield report
    else:
        yield _lines(title)


@contextmanager
def _bar(title: str) -> Iterator[Progress]:
    from rich.console import Console
    from rich.progress import BarColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn
    from rich.progress import Progress as Bars

    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=24),
        TextColumn("{task.percentage:>3.0f}%"),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[note]}", markup=False),
    )
    with Bars(*columns, console=Console(stderr=True, highlight=False), transient=True) as bars:
        task = bars.add_task(title, total=1.0, note="")
        yield lambda fraction, note: bars.update(task, completed=fraction, note=note)


def _lines(title: str) -> Progress:
    due = time.monotonic() + _FIRST_LINE

    def report(fraction: float, note: str) -> None:
        nonlocal due
        if time.monotonic() >= due:
            due = time.monotonic() + _LINE_EVERY
            sys.stderr.write(f"{title}: {fraction:.0%} {note}\n")
            sys.stderr.flush()

    return report
