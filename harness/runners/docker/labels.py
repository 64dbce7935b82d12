"""Whose container is it: ours are labelled with store, run and stage, and no other is ever touched."""

from __future__ import annotations

import hashlib
import os
import platform
from collections.abc import Mapping
from pathlib import Path

from docker import APIClient
from docker.errors import APIError

_PREFIX = "io.codestilts."
OURS = _PREFIX + "stage"  # every container of ours has it
STORE, RUN, NAME, OWNER = (_PREFIX + name for name in ("store", "run", "stage-name", "owner"))


def of_store(root: Path) -> str:
    """What a store is called on an engine: one engine can serve many stores, and hosts with equal paths."""
    return hashlib.sha256(f"{platform.node()}:{root.resolve()}".encode()).hexdigest()[:16]


def of_container(*, store: str, run: str, stage: str, name: str) -> Mapping[str, str]:
    """The labels of one stage's container."""
    return {OURS: stage, STORE: store, RUN: run, NAME: name, OWNER: _this_process()}


def remove(client: APIClient, **wanted: str) -> int:
    """Remove, running or not, the containers of ours that have all these labels; how many there were.

    Args:
        client: of the engine.
        wanted: values of ``store``, ``run`` or ``stage``.
    """
    filters = {"label": [OURS, *(f"{_PREFIX}{label}={value}" for label, value in wanted.items())]}
    return sum(_remove(client, container["Id"]) for container in client.containers(all=True, filters=filters))


def sweep(client: APIClient, store: str) -> int:
    """Remove what dead runs left: all of this store, whose lock we hold, and all whose process on this host is gone."""
    gone = remove(client, store=store)
    for container in client.containers(all=True, filters={"label": [OURS, OWNER]}):
        if _is_dead(container["Labels"].get(OWNER, "")):
            gone += _remove(client, container["Id"])
    return gone


def _remove(client: APIClient, container: str) -> int:
    try:
        client.remove_container(container, force=True, v=True)
    except APIError:  # gone, or going, already
        return 0
    return 1


def _this_process() -> str:
    return f"{platform.node()} {os.getpid()} {_started(os.getpid())}"


def _is_dead(owner: str) -> bool:
    """Whether the process that started a container is gone; where one cannot tell it is taken to live."""
    host, _, process = owner.rpartition(" ")[0].rpartition(" ")
    if host != platform.node() or not process.isdigit() or not Path("/proc/self/stat").exists():
        return False
    return _started(int(process)) != owner.rpartition(" ")[2]


def _started(process: int) -> str:
    """When a process was started, in the kernel's ticks: one that got its number later is another. "" if gone."""
    try:
        return Path(f"/proc/{process}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[19]
    except (OSError, IndexError):
        return ""
