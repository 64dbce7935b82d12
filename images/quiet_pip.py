"""Run pip with its noise in a log and one line of progress on the screen. Standard library only."""

# ruff: noqa: INP001 - imported by install.py, which is run as a script

from __future__ import annotations

import os
import queue
import re
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple, TextIO

# Settings that would send packages elsewhere than into the environment being made.
MISLEADING = ("PIP_TARGET", "PIP_PREFIX", "PIP_ROOT", "PYTHONPATH", "PYTHONHOME")
FETCHED = re.compile(r"\s*(?:Downloading|Using cached|Processing) (?P<file>\S+\.whl)(?P<size>.*)")
SECONDS_BETWEEN_LINES = 10.0
PIN = re.compile(
    r"(?P<name>[\w.-]+)(?:\[[^\]]*\])?==(?P<version>[^\s;\\]+)(?: *; *(?P<marker>[^\\\n]+?))?\s*(?:\\|--hash|$)",
    re.MULTILINE,
)

LOG = "install.log"
# Without byte code: Python compiles what is imported, and the rest, most of it, never is.
INSTALL = ["install", "--require-hashes", "--no-deps", "--only-binary=:all:", "--progress-bar=off", "--no-compile"]
NOT_OFFERED = "No matching distribution found"
REASONS = (
    (
        "DO NOT MATCH THE HASHES",
        "the package index offers a file that is not the locked one; do not install it, report it",
    ),
    ("No space left on device", "the disk is full; free some space"),
    (NOT_OFFERED, "the package index does not offer a locked version for this Python and platform"),
    (
        "Max retries exceeded",
        "the package index cannot be reached; check the network, the proxy, or pip's configuration",
    ),
    ("Temporary failure in name resolution", "the package index cannot be reached; check the network or the proxy"),
    ("Read timed out", "the package index answers too slowly; try again"),
)


class InstallError(Exception):
    """The environment cannot be made; the message is one sentence with what to do."""


class PipError(InstallError):
    """pip failed."""


class NotOfferedError(PipError):
    """The index has no such version for this Python and platform."""


class Progress:
    """One line that is overwritten on a terminal, a line now and then elsewhere."""

    def __init__(self, label: str, total: int, stream: TextIO) -> None:
        self.label, self.total, self.stream = label, total, stream
        self.terminal = stream.isatty()
        self.started = self.last_line = time.monotonic()
        self.fetched, self.note = 0, ""

    def see(self, line: str) -> None:
        """Take note of a line of pip's output."""
        if found := FETCHED.match(line):
            self.fetched += 1
            self.note = Path(found["file"]).name.split("-cp")[0].split("-py")[0] + found["size"].rstrip()
        elif line.startswith("Requirement already satisfied"):
            self.fetched += 1
        elif line.startswith("Installing collected packages"):
            self.note = "unpacking"

    def tick(self) -> None:
        """Show where things stand."""
        seconds = time.monotonic() - self.started
        count = f" {self.fetched} of {self.total}," if self.total else ""
        text = f"  {self.label}:{count} {seconds:.0f} s{', ' if self.note else ''}{self.note}"
        if self.terminal:
            self.stream.write(f"\r\x1b[K{text[:100]}")
        elif time.monotonic() - self.last_line >= SECONDS_BETWEEN_LINES:
            self.stream.write(f"{text}\n")
            self.last_line = time.monotonic()
        self.stream.flush()

    def done(self, *, worked: bool) -> None:
        """Leave one line that says how long it took, or none."""
        self.stream.write("\r\x1b[K" if self.terminal else "")
        if worked:
            self.stream.write(f"  {self.label}: done in {time.monotonic() - self.started:.0f} s\n")
        self.stream.flush()


def say(text: str) -> None:
    """Write a line for the person who waits."""
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()


def site_packages(venv: Path) -> Path:
    """The folder of an environment that packages are installed into."""
    (folder,) = (venv / "lib").glob("python3.*/site-packages")
    return folder


class Pin(NamedTuple):
    """One package of a lock: ``marker`` says where it is needed (empty: everywhere), ``via`` what asks for it."""

    name: str
    version: str
    marker: str
    hashes: tuple[str, ...]
    via: tuple[str, ...]

    def render(self) -> str:
        """The pin as pip reads it, with what asked for it as a comment."""
        marker = f" ; {self.marker}" if self.marker else ""
        hashes = "".join(f" \\\n    --hash=sha256:{value}" for value in self.hashes)
        return f"{self.name}=={self.version}{marker}{hashes}\n    # via {', '.join(self.via)}\n"


def read_pins(lock: str) -> list[Pin]:
    """The packages of a lock's text, in its order.

    The one parser of images/, and not ``packaging``: these scripts run before anything is installed.

    Raises:
        InstallError: a line names a package and no version of it.
    """
    pins = []
    for block in re.split(r"(?m)^(?=[A-Za-z0-9])", lock)[1:]:
        head = PIN.match(block)
        if not head:
            raise InstallError(f"cannot read this line of a lock: {block.splitlines()[0]}")
        comments = [line.strip().lstrip("# ") for line in block.splitlines() if line.strip().startswith("#")]
        asked = ", ".join(comments).removeprefix("via").strip(" ,").split(", ")
        hashes = tuple(sorted(set(re.findall(r"--hash=sha256:([0-9a-f]{64})", block))))
        via = tuple(sorted(name.strip() for name in asked if not name.strip().startswith("-c ")))
        pins.append(Pin(head["name"], head["version"], head["marker"] or "", hashes, via))
    return pins


def pip_install(venv: Path, arguments: Sequence[str], *, label: str, total: int) -> None:
    """Install locked wheels, each checked against its hash, without looking for what they depend on."""
    run_pip(venv, [*INSTALL, *arguments], label=label, total=total)


def run_pip(venv: Path, arguments: Sequence[str], *, label: str, total: int = 0) -> None:
    """Run an environment's pip, its output appended to the environment's log.

    Args:
        venv: the environment.
        arguments: pip's arguments.
        label: what is being done, for the progress line.
        total: number of packages, for the progress line.

    Raises:
        NotOfferedError: the index has no such version for this Python and platform.
        PipError: pip failed otherwise.
    """
    progress = Progress(label, total, sys.stderr)
    said: list[str] = []
    with (venv / LOG).open("a", encoding="utf-8") as log:
        log.write(f"$ pip {' '.join(arguments)}\n")
        with _start([str(venv / "bin" / "python"), "-m", "pip", *arguments]) as process:
            lines: queue.Queue[str | None] = queue.Queue()
            reader = threading.Thread(target=_read, args=(process, lines), daemon=True)
            reader.start()
            try:
                while (line := _next(lines)) is not None:
                    log.write(line)
                    said.append(line)
                    progress.see(line)
                    progress.tick()
            except BaseException:
                process.kill()
                raise
            finally:
                reader.join()
    code = process.returncode
    progress.done(worked=code == 0)
    if code:
        message = explain(said, venv / LOG)
        raise NotOfferedError(message) if message.startswith(dict(REASONS)[NOT_OFFERED]) else PipError(message)


def _start(command: Sequence[str]) -> subprocess.Popen[str]:
    environment = {name: value for name, value in os.environ.items() if name not in MISLEADING}
    environment |= {"PIP_DISABLE_PIP_VERSION_CHECK": "1", "PIP_NO_INPUT": "1", "PIP_USER": "0", "PYTHONUNBUFFERED": "1"}
    pipe = subprocess.PIPE
    return subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=pipe, stderr=subprocess.STDOUT, text=True, env=environment
    )


def _read(process: subprocess.Popen[str], lines: queue.Queue[str | None]) -> None:
    for line in process.stdout or ():
        lines.put(line)
    lines.put(None)


def _next(lines: queue.Queue[str | None]) -> str | None:
    """The next line; an empty one when a second passed without any; None at the end."""
    try:
        return lines.get(timeout=1.0)
    except queue.Empty:
        return ""


def explain(said: Sequence[str], log: Path) -> str:
    """Put pip's last words in one sentence."""
    text = "".join(said)
    for sign, reason in REASONS:
        if sign in text:
            return f"{reason} (pip's own words are in {log})."
    errors = [line.strip() for line in said if line.startswith("ERROR")] or [line.strip() for line in said[-1:]]
    return f"pip failed: {' '.join(errors)[:300]} (all it said is in {log})."
