"""What is at fault, told from what a stage raised."""

from __future__ import annotations

import errno

import pytest

from harness.errors import EnvironmentFault, FailureClass
from harness.runners.stage import classify
from tasks.errors import DataError


class OutOfMemoryError(RuntimeError):
    """Named as torch names its own."""


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (DataError("wrong"), FailureClass.BAD_INPUT),
        (EnvironmentFault("gone", failure_class=FailureClass.NETWORK), FailureClass.NETWORK),
        (MemoryError(), FailureClass.OUT_OF_MEMORY),
        (OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB"), FailureClass.OUT_OF_MEMORY),
        (RuntimeError("DefaultCPUAllocator: can't allocate memory"), FailureClass.OUT_OF_MEMORY),
        (OSError(errno.ENOSPC, "No space left on device"), FailureClass.DISK_FULL),
        (RuntimeError("CUDA error: uncorrectable ECC error encountered"), FailureClass.GPU_LOST),
        (RuntimeError("No CUDA GPUs: no CUDA-capable device is detected"), FailureClass.GPU_LOST),
        (RuntimeError("CUDA error: an illegal memory access was encountered"), FailureClass.STAGE_ERROR),
        (RuntimeError("CUDA error: device-side assert triggered"), FailureClass.STAGE_ERROR),
        (ZeroDivisionError("division by zero"), FailureClass.STAGE_ERROR),
    ],
)
def test_what_is_at_fault(error: Exception, kind: FailureClass) -> None:
    found, reason = classify(error)

    assert kind is found
    assert reason


def test_only_what_may_pass_by_itself_is_tried_again() -> None:
    passing = {kind.value for kind in FailureClass if kind.passing}

    assert {"killed", "worker-died", "disk-full", "network", "gpu-lost", "engine-gone", "engine-refused"} == passing
    assert all(FailureClass(name).environmental for name in passing), "never the stage's own error"
