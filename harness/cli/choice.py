"""The default suite and runner of this machine, with the reason."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

RunnerName = Literal["local", "docker"]
SMALL, LARGE = "mini", "core"  # what is run where nothing is asked for: anywhere, and where containers can have GPUs


@dataclass(frozen=True, kw_only=True)
class Choice:
    """A suite, a runner, and the reason for them."""

    suite: str
    runner: RunnerName
    why: str

    def __str__(self) -> str:
        where = "in containers" if self.runner == "docker" else "on the local runner"
        return f"Suite {self.suite} {where}{self.why}"


def choose(suite: str | None, runner: RunnerName | None, device: str | None) -> Choice:
    """Choose the suite and runner that were not given, by what this machine has."""
    if suite is not None:
        how = "as asked" if runner else "the default; --runner docker runs the same in containers"
        return Choice(suite=suite, runner=runner or "local", why=f" ({how}).")
    from harness.cli.doctor import docker_gpus

    found = docker_gpus()
    if found and runner != "local" and device != "cpu":
        return Choice(suite=LARGE, runner="docker", why=f": no suite was asked for, and {found}.")
    if not found:
        why = "no Docker engine with GPUs was found here"
    else:
        why = f"{found}, but --{'runner local' if runner == 'local' else 'device cpu'} was asked for"
    return Choice(suite=SMALL, runner=runner or "local", why=f": no suite was asked for, and {why}.")
