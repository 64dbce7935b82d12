"""What is at fault, told from what a stage raised; what of the kernel a stage reaches."""

from __future__ import annotations

import errno
import json
import subprocess
import sys

import pytest

from harness.errors import EnvironmentFault, FailureClass
from harness.runners.stage import classify
from tasks.errors import DataError


class OutOfMemoryError(RuntimeError):
    """Named as torch names its own."""


#: What of the kernel a process reaches after the filter: errno names, and that plain sockets work.
REACHED = """
import ctypes, errno, json, os, socket
from harness.runners import kernel
kernel.shut()
def number(call):
    try:
        return call() and None
    except OSError as error:
        return errno.errorcode[error.errno]
libc = ctypes.CDLL(None, use_errno=True)
def ring(call):
    if libc.syscall(call, 4, ctypes.create_string_buffer(120), 0) < 0:
        return errno.errorcode[ctypes.get_errno()]
found = {"vsock": number(lambda: socket.socket(40, socket.SOCK_STREAM))}
found |= {str(call): ring(call) for call in (425, 426, 427)}
found |= {"tcp": number(lambda: socket.socket()), "pair": number(lambda: socket.socketpair())}
child = os.fork()
if child == 0:
    os._exit(0 if number(lambda: socket.socket(40, socket.SOCK_STREAM)) == "EPERM" else 1)
found["child"] = os.waitpid(child, 0)[1]
print(json.dumps(found))
"""


def test_a_stages_process_reaches_neither_vsock_nor_io_uring() -> None:
    done = subprocess.run([sys.executable, "-c", REACHED], capture_output=True, text=True, check=True)

    refused = dict.fromkeys(("vsock", "425", "426", "427"), "EPERM")
    assert {**refused, "tcp": None, "pair": None, "child": 0} == json.loads(done.stdout)


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
