"""A system-call filter of a stage's own process: no AF_VSOCK sockets and no io_uring, whatever its engine allows.

An engine takes one seccomp profile in place of its own, which a profile of ours would weaken or outdate. A filter that
a process puts on itself adds to the engine's, holds for all that the process starts, and cannot be taken off.
"""

from __future__ import annotations

import ctypes
import errno
import os
import platform
import struct
from dataclasses import dataclass

_AF_VSOCK = 40  # <linux/socket.h>
_IO_URING = (425, 426, 427)  # setup, enter, register: equal on every architecture
_X32 = 0x40000000  # bit of system calls of x86-64's other ABI, whose numbers mean others

# <linux/prctl.h>, <linux/seccomp.h>
_NO_NEW_PRIVILEGES, _SET_SECCOMP, _FILTER_MODE = 38, 22, 2
_ALLOW, _REFUSE = 0x7FFF0000, 0x00050000 | errno.EPERM
# Offsets in ``struct seccomp_data``; the first argument's lower half, which is all that the kernel reads of a family.
_NUMBER, _ARCHITECTURE, _ARGUMENT = 0, 4, 16
# <linux/bpf_common.h>: load a word, jump if equal, jump if any bit is set, return.
_LOAD, _EQUAL, _ANY_BIT, _RETURN = 0x20, 0x15, 0x45, 0x06


@dataclass(frozen=True, kw_only=True)
class _Machine:
    """An architecture's number in ``<linux/audit.h>``, and its numbers of ``socket`` and ``socketpair``."""

    audit: int
    sockets: tuple[int, int]


_MACHINES = {
    "x86_64": _Machine(audit=0xC000003E, sockets=(41, 53)),
    "aarch64": _Machine(audit=0xC00000B7, sockets=(198, 199)),
}


class _Program(ctypes.Structure):
    """``struct sock_fprog``."""

    _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_char_p))


def shut() -> None:
    """Put the filter on this process and all that it starts; other architectures than the two known have none.

    Raises:
        OSError: the kernel has no filters, or refuses one.
    """
    machine = _MACHINES.get(platform.machine())
    if machine is None:
        return
    code = _code(machine)
    program = _Program(len(code) // 8, code)
    system = ctypes.CDLL(None, use_errno=True)
    system.prctl.argtypes = (ctypes.c_int, ctypes.c_ulong, ctypes.c_void_p, ctypes.c_ulong, ctypes.c_ulong)
    for option, value, pointer in ((_NO_NEW_PRIVILEGES, 1, None), (_SET_SECCOMP, _FILTER_MODE, ctypes.byref(program))):
        if system.prctl(option, value, pointer, 0, 0):
            number = ctypes.get_errno()
            raise OSError(number, f"the kernel takes no system-call filter ({os.strerror(number)})")


def _code(machine: _Machine) -> bytes:
    """The filter: calls of another ABI, of io_uring, and sockets of AF_VSOCK get EPERM, all others pass."""
    # Jumps count the instructions that they skip; the last two are the two ways to end.
    lines: list[tuple[int, int, str, str]] = [
        (_LOAD, _ARCHITECTURE, "", ""),
        (_EQUAL, machine.audit, "", "refuse"),
        (_LOAD, _NUMBER, "", ""),
        (_ANY_BIT, _X32, "refuse", ""),
        *((_EQUAL, number, "refuse", "") for number in _IO_URING),
        (_EQUAL, machine.sockets[0], "family", ""),
        (_EQUAL, machine.sockets[1], "family", "allow"),
        (_LOAD, _ARGUMENT, "", ""),
        (_EQUAL, _AF_VSOCK, "refuse", "allow"),
        (_RETURN, _ALLOW, "", ""),
        (_RETURN, _REFUSE, "", ""),
    ]
    places = {"refuse": len(lines) - 1, "allow": len(lines) - 2, "family": len(lines) - 4}
    return b"".join(
        struct.pack("=HBBI", code, *(places[to] - here - 1 if to else 0 for to in (then, otherwise)), value)
        for here, (code, value, then, otherwise) in enumerate(lines)
    )
