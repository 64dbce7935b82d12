"""Many jobs on several cores: processes that begin as copies of this one, so that nothing is handed to them."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from typing import Any, TypeVar

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
