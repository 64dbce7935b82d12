"""A warm worker process: takes stages one after another, so that importing torch is paid once.

Requests come as JSON lines on standard input, reports go as JSON lines to what was standard output at the start. While
a stage runs, standard output and standard error are its log file. When the orchestrator goes, standard input ends and
the worker goes too, whatever it is doing.
"""

from __future__ import annotations

import json
import os
import queue
import signal
import sys
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from harness.provenance import describe_process, peak_memory, reset_peak_memory
from harness.runners.stage import execute


def main() -> None:
    """Serve until standard input ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the orchestrator's to handle
    reports = os.fdopen(os.dup(1), "w", encoding="utf-8", buffering=1)
    requests: queue.Queue[dict[str, str]] = queue.Queue()
    threading.Thread(target=_listen, args=(requests,), daemon=True).start()

    def emit(event: Mapping[str, Any]) -> None:
        reports.write(json.dumps(event) + "\n")

    while True:
        request = requests.get()
        _log_to(Path(request["log"]))
        reset_peak_memory()
        if execute(Path(request["spec"]), Path(request["out"]), emit):
            sys.stdout.flush()
            emit({"event": "done", "peak_memory": peak_memory(), "provenance": describe_process()})


def _listen(requests: queue.Queue[dict[str, str]]) -> None:
    for line in sys.stdin:
        requests.put(json.loads(line))
    os._exit(0)  # the orchestrator is gone; a stage half done must not go on


def _log_to(path: Path) -> None:
    sys.stdout.flush()
    sys.stderr.flush()
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    os.dup2(descriptor, 1)
    os.dup2(descriptor, 2)
    os.close(descriptor)


if __name__ == "__main__":
    main()
