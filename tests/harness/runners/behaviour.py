"""Stands in for the phase ``score`` in the tests of runners: does what its parameters say, and reports what it could.

Copied over ``harness/phases/score.py`` of a copy of our packages, so that everything else is the real thing.
"""

from __future__ import annotations

import ctypes
import json
import os
import signal
import socket
import stat
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from harness.context import StageContext
from harness.errors import EnvironmentFault, FailureClass
from tasks.errors import DataError


def run(context: StageContext) -> None:
    """Do what ``params["do"]`` says."""
    globals()[f"do_{context.params['do']}"](context)


def do_work(context: StageContext) -> None:
    sys.stderr.write("to the log: grüße\n")
    sys.stdout.flush()
    for number in range(4):
        context.progress(number / 4, f"part {number}")
    (context.out / "deep").mkdir()
    found = {role: sorted(path.name for path in folder.iterdir()) for role, folder in context.inputs.items()}
    (context.out / "deep" / "found.json").write_text(json.dumps(found, sort_keys=True))


def do_bad_input(_context: StageContext) -> None:
    raise DataError("line 3 has two fields", where="rows.tsv", remedy="mend it")


def do_error(_context: StageContext) -> None:
    raise ZeroDivisionError("of the stage's own")


def do_network(_context: StageContext) -> None:
    raise EnvironmentFault("the index is away", failure_class=FailureClass.NETWORK)


def do_cuda_memory(_context: StageContext) -> None:
    error = type("OutOfMemoryError", (RuntimeError,), {})
    raise error("CUDA out of memory. Tried to allocate 2.00 GiB")


def do_cuda_lost(_context: StageContext) -> None:
    raise RuntimeError("CUDA error: uncorrectable ECC error encountered")


def do_no_device(context: StageContext) -> None:
    from harness.training.runtime import require_device

    require_device(context.device)


def do_full(_context: StageContext) -> None:
    raise OSError(28, "No space left on device")


def do_killed(_context: StageContext) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def do_leaves(_context: StageContext) -> None:
    os._exit(7)


def do_sleeps(context: StageContext) -> None:
    context.progress(0.1, "asleep")
    time.sleep(float(context.params.get("seconds", 600)))
    sys.stderr.write("awake again\n")
    context.progress(0.9, "awake")
    (context.out / "done").write_text("yes")


def do_long_lines(_context: StageContext) -> None:
    sys.stderr.write("x" * 100_000 + "\n" + "the end\n")


def do_fills_output(context: StageContext) -> None:
    """Write without end: into many files, many empty folders, or one file."""
    how = context.params["how"]
    context.progress(0.1, "writing")
    with (context.out / "one").open("wb", buffering=0) as one:
        for number in range(10**9):
            time.sleep(0.002)  # no more than the test needs lands on its disk
            if how == "folders":
                (context.out / f"{number:09}").mkdir()
            elif how == "one":
                one.write(bytes(2**18))
            else:
                (context.out / f"{number:09}").write_bytes(bytes(2**16))


def do_fills_memory(_context: StageContext) -> None:
    held = []
    while True:
        held.append(bytearray(16 * 2**20))


def do_reports(context: StageContext) -> None:
    """Send a line of its own to whoever runs it: down the pipe that a worker has for reports, or to standard output."""
    pipes = [number for number in range(3, 64) if _is_pipe(number)]
    os.write(pipes[0] if pipes else 1, context.params["line"].encode() + b"\n")
    time.sleep(0.2)


def _is_pipe(number: int) -> bool:
    try:
        return stat.S_ISFIFO(os.fstat(number).st_mode)
    except OSError:
        return False


def do_odd_words(context: StageContext) -> None:
    """Note and reason that UTF-8 cannot say, or that move a terminal's cursor."""
    text = os.fsdecode(b"\xff") + "\ud800\x1b[2J\nFailed: another"
    context.progress(float("nan"), text)
    raise OSError(text)


class _Mute(Exception):  # noqa: N818 - it is to have a name of its own
    def __str__(self) -> str:
        raise RuntimeError("no words")


def do_mute(_context: StageContext) -> None:
    raise _Mute


def do_leaves_odd(context: StageContext) -> None:
    """Leave something that nobody publishes."""
    (context.out / os.fsdecode(b"\xff\xfe")).symlink_to("/")
    here = os.open(context.out, os.O_RDONLY)
    for _ in range(int(context.params["levels"])):
        os.mkdir("d", dir_fd=here)
        inner = os.open("d", os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = inner
    os.close(here)


def do_hostile(context: StageContext) -> None:
    """Try everything that a stage may not do; what came of each try is in ``tries.json``."""
    tries = {name.removeprefix("try_"): _tried(what, context) for name, what in globals().items() if name[:4] == "try_"}
    (context.out / "tries.json").write_text(json.dumps(tries, sort_keys=True, indent=1))


def _tried(what: Callable[[StageContext], Any], context: StageContext) -> str:
    try:
        return f"worked: {what(context)}"
    except OSError as error:
        return f"{type(error).__name__}: {error.strerror}"


def try_network(_context: StageContext) -> Any:
    return socket.create_connection(("198.51.100.1", 80), timeout=3)


def try_names(_context: StageContext) -> Any:
    return socket.getaddrinfo("example.org", 80)


def try_interfaces(_context: StageContext) -> Any:
    names = [name for _, name in socket.if_nameindex() if name != "lo"]
    if not names:
        raise OSError(0, "only loopback")
    return names


def try_engine(_context: StageContext) -> Any:
    for path in ("/var/run/docker.sock", "/run/docker.sock"):
        if Path(path).exists():
            return path
    raise OSError(0, "no socket")


def try_write_root(_context: StageContext) -> Any:
    return Path("/somewhere").write_text("x")


def try_write_code(_context: StageContext) -> Any:
    return Path(__file__).write_text("x")


def try_write_spec(_context: StageContext) -> Any:
    return Path("/spec/stage.json").write_text("x")


def try_write_input(context: StageContext) -> Any:
    return (context.inputs["inputs"] / "more").write_text("x")


def try_other_output(_context: StageContext) -> Any:
    """Look everywhere for what another stage left, or the labels: a word that stands in both."""
    for top in ("/inputs", "/data", "/spec", "/out", "/tmp", "/mnt", "/media", "/home", "/srv", "/opt/codestilts/code"):
        for path in sorted(Path(top).rglob("*")):
            if path.is_file() and "secret" in path.name:
                return str(path)
    found = [line.split()[4] for line in Path("/proc/self/mountinfo").read_text().splitlines() if "/artifacts/" in line]
    if found != ["/inputs/inputs"]:
        return found
    raise OSError(0, "not there")


def try_become_root(_context: StageContext) -> Any:
    return os.setuid(0)


def try_capabilities(_context: StageContext) -> Any:
    status = dict(line.split(":\t") for line in Path("/proc/self/status").read_text().splitlines() if ":\t" in line)
    held = {name: status[name] for name in ("CapEff", "CapPrm", "CapBnd", "CapInh", "CapAmb")}
    if any(int(value, 16) for value in held.values()) or status["NoNewPrivs"] != "1":
        return held
    raise OSError(0, "none")


def try_vsock(_context: StageContext) -> Any:
    return socket.socket(40, socket.SOCK_STREAM)


def try_io_uring(_context: StageContext) -> Any:
    libc = ctypes.CDLL(None, use_errno=True)
    if (ring := libc.syscall(425, 4, ctypes.create_string_buffer(120))) < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return ring


def try_mount(_context: StageContext) -> Any:
    if ctypes.CDLL(None, use_errno=True).mount(b"none", b"/tmp", b"tmpfs", 0, None):
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return "mounted"


def try_forks(_context: StageContext) -> Any:
    """10,000 processes; those that came to be are ended again."""
    children = []
    try:
        for _ in range(10_000):
            child = os.fork()
            if child == 0:
                time.sleep(60)
                os._exit(0)
            children.append(child)
    finally:
        for child in children:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
    return len(children)


def try_environment(_context: StageContext) -> Any:
    if "CODESTILTS_TEST_SECRET" in os.environ:
        return "seen"
    raise OSError(0, "not passed on")
