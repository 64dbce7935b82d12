"""The saved state of a running training, so that a crash costs minutes and not days.

A stage may write below its output folder only, so that is where the state lies, in ``RESUME``. Whoever runs stages
keeps that folder when a stage does not come to its end, puts it back before the next try, and removes it when the stage
is done (``harness.run.executor``); nothing else of an unfinished stage is ever kept.
"""

from __future__ import annotations

import os
import pickle
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from harness.context import RESUME
from harness.files import atomic_write

#: Seconds between two savings, unless ``CODESTILTS_RESUME_SECONDS`` says otherwise.
INTERVAL = 120.0

#: Saving may take at most this share of the time, whatever the interval.
SHARE = 0.02

VARIABLE = "CODESTILTS_RESUME_SECONDS"


class ResumeFile:
    """The saved state of one training, replaced as a whole or not at all."""

    def __init__(self, out: Path, interval: float | None = None, share: float = SHARE) -> None:
        """``out`` is the stage's output folder, ``interval`` in seconds."""
        self._folder = out / RESUME
        self._file = self._folder / "state.pt"
        self._interval = float(os.environ.get(VARIABLE, INTERVAL)) if interval is None else interval
        self._share = share
        self._next = time.monotonic() + self._interval

    def load(self) -> dict[str, Any] | None:
        """The state that an earlier try has left; None where there is none, or none that can be read."""
        try:
            found: dict[str, Any] = torch.load(self._file, map_location="cpu", weights_only=True)
        except (OSError, RuntimeError, EOFError, ValueError, pickle.UnpicklingError):
            return None
        return found

    @property
    def due(self) -> bool:
        """Whether it is time to save."""
        return time.monotonic() >= self._next

    def save(self, state: Mapping[str, Any]) -> None:
        """Write a state and put it in the place of the one before."""
        begun = time.monotonic()
        self._folder.mkdir(exist_ok=True)
        with atomic_write(self._file, durable=True, sole_writer=True) as file:
            torch.save(dict(state), file)
        ended = time.monotonic()
        self._next = ended + max(self._interval, (ended - begun) / self._share)


def random_state() -> dict[str, torch.Tensor]:
    """The state of torch's global generators, from which dropout is drawn."""
    found = {"cpu": torch.get_rng_state()}
    if torch.cuda.is_initialized():  # type: ignore[no-untyped-call]
        found["cuda"] = torch.cuda.get_rng_state()
    return found


def set_random_state(state: Mapping[str, torch.Tensor]) -> None:
    """Put torch's global generators back to where they were."""
    torch.set_rng_state(state["cpu"])
    if "cuda" in state:
        torch.cuda.set_rng_state(state["cuda"])
