"""The entry point of a stage, the same in a warm local worker and, as a program of its own, in a container.

    python -m harness.runners.stage SPEC_DIR OUT_DIR

reads ``SPEC_DIR/stage.json``, runs the phase, writes only below ``OUT_DIR``, and reports on standard output as JSON
lines: ``progress`` (fraction, note), then ``done`` (peak memory, provenance) or ``error`` (kind, reason). Exit status
0 after ``done``, 1 after ``error``. What the stage itself prints belongs on standard error.
"""

from __future__ import annotations

import errno
import json
import sys
import traceback
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from harness.context import run_phase
from harness.errors import LONGEST_REASON, BadOutput, Diverged, EnvironmentFault, FailureClass, printable
from harness.files import read_json, write_json
from harness.plan.stage import Phase, Stage
from tasks.errors import UserError

SPEC_FILE = "stage.json"

#: What CUDA says when the device is at fault and not the work: it fell off the bus, its memory is broken, another holds
#: it, or the engine took it away (a daemon reload does). Errors that a kernel of ours could cause are not among them.
_GPU_LOST = (
    "no CUDA-capable device is detected",
    "CUDA-capable device(s) is/are busy or unavailable",
    "all CUDA-capable devices are busy or unavailable",
    "uncorrectable ECC error",
    "CUDA driver initialization failed",
    "CUDA unknown error",
    "unknown error was encountered",
    "invalid device ordinal",
    "hardware stack error",
    "NVML: Unknown Error",
    "Unable to determine the device handle for GPU",
)

_FULL = FailureClass.DISK_FULL, "the disk is full; free space and run again."
#: What errors of the disk mean, by their number.
_DISK = {
    errno.ENOSPC: _FULL,
    errno.EDQUOT: _FULL,
    errno.EFBIG: (FailureClass.OUTPUT, "a file of its output is larger than all may be; see --stage-output."),
}

Emit = Callable[[Mapping[str, Any]], None]


def write_spec(stage: Stage, folder: Path, inputs: Mapping[str, Path], data: Path | None) -> None:
    """Write ``stage.json``: what the stage is, and where its inputs lie for the process that runs it."""
    request = {
        "name": stage.name,
        "key": stage.key,
        "phase": stage.phase.value,
        "params": dict(stage.params),
        "seed": stage.seed,
        "expected": dict(stage.expected),
        "environment": stage.environment.to_json(),
        "inputs": {role: str(path) for role, path in inputs.items()},
        "data": str(data) if data else None,
    }
    folder.mkdir(parents=True, exist_ok=True)
    write_json(folder / SPEC_FILE, request, indent=None)


def execute(spec: Path, out: Path, emit: Emit) -> bool:
    """Run the stage described in ``spec``; everything it has to say goes through ``emit``. True if it succeeded."""
    try:
        request = read_json(spec / SPEC_FILE)
        phase = Phase(request["phase"])
        out.mkdir(parents=True, exist_ok=True)
        run_phase(
            phase.value,
            request["params"],
            {role: Path(path) for role, path in request["inputs"].items()},
            out,
            data=Path(request["data"]) if request["data"] else None,
            seed=request["seed"],
            expected=request.get("expected") or {},
            threads=request["environment"]["threads"],
            device=request["environment"]["device"],
            precision=request["environment"]["precision"],
            progress=lambda fraction, note: emit(
                {"event": "progress", "fraction": min(1.0, max(0.0, fraction)), "note": printable(note)[:1000]}
            ),
        )
    except Exception as error:  # noqa: BLE001 - the one place where a stage's errors become a report
        kind, reason = classify(error)
        if kind is not FailureClass.BAD_INPUT:
            traceback.print_exc(file=sys.stderr)
        emit({"event": "error", "kind": kind.value, "reason": printable(reason)[:LONGEST_REASON]})
        return False
    return True


def classify(error: BaseException) -> tuple[FailureClass, str]:
    """What is at fault, and one sentence that says so."""
    if isinstance(error, EnvironmentFault | BadOutput):
        return error.failure_class, str(error)
    if isinstance(error, UserError):
        return FailureClass.BAD_INPUT, str(error)
    text = _text(error)
    if isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError" or "can't allocate memory" in text:
        return (
            FailureClass.OUT_OF_MEMORY,
            f"out of memory ({text or 'MemoryError'}); use smaller batches or more memory.",
        )
    found = FailureClass.STAGE_ERROR, f"{type(error).__name__}: {text or 'no message'}"
    if isinstance(error, Diverged):
        found = FailureClass.DIVERGED, f"the training diverged: {text}"
    elif any(sign in text for sign in _GPU_LOST):
        remedy = "check it on the host (nvidia-smi, and the kernel's log for Xid), then run again"
        found = FailureClass.GPU_LOST, f"the GPU was lost ({text[:300]}); {remedy}."
    elif isinstance(error, OSError) and error.errno in _DISK:
        found = _DISK[error.errno]
    return found


def _text(error: BaseException) -> str:
    try:
        return " ".join(str(error).split())
    except Exception:  # noqa: BLE001 - an exception's text may be the work of a backbone's code
        return ""


def main(arguments: list[str]) -> int:
    """Run one stage as a program."""
    if len(arguments) != 2:  # noqa: PLR2004 - two folders
        sys.stderr.write("usage: python -m harness.runners.stage SPEC_DIR OUT_DIR\n")
        return 2
    from harness.provenance import describe_process, peak_memory

    def emit(event: Mapping[str, Any]) -> None:
        sys.stdout.write(json.dumps(event) + "\n")
        sys.stdout.flush()

    if not execute(Path(arguments[0]), Path(arguments[1]), emit):
        return 1
    emit({"event": "done", "peak_memory": peak_memory(), "provenance": describe_process()})
    return 0


if __name__ == "__main__":
    from harness.runners.kernel import shut

    shut()
    sys.exit(main(sys.argv[1:]))
