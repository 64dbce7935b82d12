"""Optimiser steps as the loop receives them: their inputs are fixed, but not yet split and made into tensors.

So a training that goes on after a crash skips finished steps without making a tensor, and a step for which
memory did not suffice can be split again.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

import torch

from harness.training.memory import PieceBudget

PartT = TypeVar("PartT")

#: Steps that are made into tensors before the device asks for them.
AHEAD = 2


@dataclass(frozen=True, kw_only=True)
class Step(Generic[PartT]):
    """One effective batch.

    Attributes:
        split: given a budget of pieces, the micro-batches, each made when it is called.
        targets: how many targets they have together.
    """

    split: Callable[[int], Sequence[Callable[[], PartT]]]
    targets: int


class Feed(Generic[PartT]):
    """Gives the loop the micro-batches of one step after the other."""

    def __init__(self, steps: Iterator[Step[PartT]], budget: PieceBudget) -> None:
        self._steps = steps
        self._budget = budget

    def next(self) -> tuple[Step[PartT], Iterator[PartT]]:
        """The next step and, made as they are asked for, its micro-batches."""
        step = next(self._steps)
        return step, (make() for make in step.split(self._budget.pieces))

    def close(self) -> None:
        """Nothing will be asked for any more."""


class FeedAhead(Feed[PartT]):
    """Makes the tensors of the steps to come in a thread, while a device is busy with the one before."""

    def __init__(self, steps: Iterator[Step[PartT]], budget: PieceBudget) -> None:
        super().__init__(steps, budget)
        self._ready: queue.Queue[tuple[Step[PartT], int, list[PartT]] | Exception] = queue.Queue(AHEAD)
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._fill, name="batches", daemon=True)
        self._thread.start()

    def next(self) -> tuple[Step[PartT], Iterator[PartT]]:
        found = self._ready.get()
        if isinstance(found, Exception):
            raise found
        step, pieces, parts = found
        if pieces != self._budget.pieces:  # memory has run out since
            return step, (make() for make in step.split(self._budget.pieces))
        return step, iter(parts)

    def close(self) -> None:
        self._closed.set()
        self._thread.join()

    def _fill(self) -> None:
        try:
            while not self._closed.is_set():
                step, pieces = next(self._steps), self._budget.pieces
                self._put((step, pieces, [make() for make in step.split(pieces)]))
        except StopIteration:
            self._put(RuntimeError("the steps came to an end before the training"))
        except Exception as error:  # noqa: BLE001 - raised again where the step is asked for
            self._put(error)

    def _put(self, item: tuple[Step[PartT], int, list[PartT]] | Exception) -> None:
        while not self._closed.is_set():
            try:
                self._ready.put(item, timeout=0.1)
            except queue.Full:
                continue
            return


def feed(steps: Iterator[Step[PartT]], budget: PieceBudget, device: torch.device) -> Feed[PartT]:
    """Prepare steps ahead for an asynchronous device, or one by one if the host computes."""
    return Feed(steps, budget) if device.type == "cpu" else FeedAhead(steps, budget)
