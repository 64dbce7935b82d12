"""Sets a process up so that a stage's result depends on the stage alone."""

from __future__ import annotations

import hashlib
import json
import os
import random
import time
from typing import Any

import numpy as np
import torch
from torch.utils import deterministic

from harness.context import Progress, StageContext
from harness.errors import EnvironmentFault, FailureClass


def set_up(context: StageContext) -> torch.device:
    """Seed every generator, fix threads and kernels, and give the device. May be called many times in one process.

    Interop threads are left alone: torch lets a process set them only once, and eager training on one device does not
    use them.

    Raises:
        EnvironmentFault: the device is not there.
    """
    # cuBLAS is deterministic only with a fixed workspace, and reads this when CUDA starts.
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    torch.set_num_threads(context.threads)
    torch.set_default_dtype(torch.float32)
    torch.set_grad_enabled(True)
    torch.use_deterministic_algorithms(True, warn_only=False)
    # Filling fresh memory guards operators that read what they never wrote; we use none, and it costs time each step.
    deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]
    torch.backends.cudnn.benchmark = False
    random.seed(context.seed)
    # Some tokenizers and datasets code draws from NumPy's global generator; ours never does.
    np.random.seed(context.seed % 2**32)  # noqa: NPY002
    torch.manual_seed(context.seed)
    return require_device(context.device)


def require_device(name: str) -> torch.device:
    """The device of this name.

    Raises:
        EnvironmentFault: it is not there.
    """
    if name == "cuda" and not torch.cuda.is_available():
        raise EnvironmentFault(
            "no CUDA device is visible",
            where="device",
            remedy="use a host with a GPU, or the CPU (--device cpu)",
            failure_class=FailureClass.GPU_LOST,
        )
    return torch.device(name)


def derived_seed(seed: int, *purpose: object) -> int:
    """A seed of 63 bits for one purpose, so that no two uses of a stage's seed share a stream."""
    text = json.dumps([seed, *map(str, purpose)])
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") >> 1


def autocast(device: torch.device, precision: str) -> Any:
    """A context manager that computes in bfloat16 where ``precision`` says so; weights stay fp32."""
    return torch.autocast(device.type, dtype=torch.bfloat16, enabled=precision == "bf16")


class Reporter:
    """Passes progress on, for one part of a stage, at most a few times a second.

    Attributes:
        start, end: the fractions of the stage between which this part runs.
    """

    def __init__(self, progress: Progress, start: float = 0.0, end: float = 1.0, *, interval: float = 0.5) -> None:
        self._progress = progress
        self._interval = interval
        self._last = float("-inf")
        self._fraction = 0.0
        self.start = start
        self.end = end

    def __call__(self, fraction: float, note: str) -> None:
        self._fraction = fraction
        now = time.monotonic()
        if now - self._last >= self._interval or fraction >= 1.0:
            self._last = now
            self._progress(self.start + (self.end - self.start) * min(max(fraction, 0.0), 1.0), note)

    def note(self, note: str) -> None:
        """Report an activity without progress."""
        self(min(self._fraction, 0.999), note)

    def part(self, start: float, end: float) -> Reporter:
        """A reporter for the stretch from ``start`` to ``end`` (fractions of this one)."""
        width = self.end - self.start
        return Reporter(self._progress, self.start + width * start, self.start + width * end, interval=self._interval)
