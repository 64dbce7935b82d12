"""A stage: one node of the plan, and its key."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from harness.files import digest


class Phase(StrEnum):
    """The kinds of work that leave artifacts. Members are module names in ``harness.phases``."""

    FETCH = "fetch"
    CONVERT = "convert"
    PREPARE = "prepare"
    PRETRAIN = "pretrain"
    INTERMEDIATE = "intermediate"
    FINETUNE = "finetune"
    PREDICT = "predict"
    RETRIEVE = "retrieve"
    CHECK = "check"
    SCORE = "score"
    STATS = "stats"


@dataclass(frozen=True, kw_only=True)
class Environment:
    """What the results of a phase depend on beside its inputs: base image, dependency lock, device, precision."""

    base: str  # base image digest, or "local"
    lock: str  # SHA-256 of the phase's dependency lock; empty for fetch, whose output its hashes fix
    device: str = "cpu"
    precision: str = "fp32"
    threads: int = 1

    def to_json(self) -> dict[str, Any]:
        return {
            "base": self.base,
            "lock": self.lock,
            "device": self.device,
            "precision": self.precision,
            "threads": self.threads,
        }


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What a stage may use of the machine. Past them it is stopped; within them they change no result.

    Attributes:
        memory: bytes of main memory.
        seconds: wall time.
        processes: processes and threads together.
        output: bytes on disk below its output folder, states it saves to go on from among them.
        files: files and folders there.
    """

    memory: int = 4 * 2**30
    seconds: float = 6 * 3600.0
    processes: int = 512
    output: int = 8 * 2**30
    files: int = 1_000_000


@dataclass(frozen=True, kw_only=True)
class Stage:
    """A phase with its parameters, seed and inputs.

    Attributes:
        name: the handle people use: in ``--only``, the ledger, logs and pages.
        version: of the phase's code, raised by hand when it changes what comes out.
        params: everything else that can change the result, as JSON values.
        inputs: keys of the artifacts it reads, by role.
        needs_data: it reads release files; their digests stand in ``params``.
        expected: what it must find: of a fetch the SHA-256 of files by path, as recorded; of a conversion what the spec
            says of the published files, by field. What comes out is the same with and without, or there is an error.
            Not in the key.
        folders: folders of this machine that it reads, by role; what is in them stands in ``params``, where they lie
            does not count. Not in the key.
        adds: what a backbone adds to the image of its phase, by the name of that addition: packages of its own (they
            stand in ``environment.lock``), or to ``fetch`` its files. Empty: nothing. Not in the key.
        transient: files that may go once everything standing on the stage is done (glob patterns).
        cost: rough size, in seconds of one CPU core; orders the work and feeds the time left. Not in the key.
        limits: what it may use of the machine. Not in the key.
        disk: rough size of what it leaves, in bytes. Not in the key.
    """

    phase: Phase
    name: str
    version: int
    environment: Environment
    params: Mapping[str, Any]
    inputs: Mapping[str, str] = field(default_factory=dict)
    seed: int = 0
    needs_data: bool = False
    expected: Mapping[str, str] = field(default_factory=dict)
    folders: Mapping[str, str] = field(default_factory=dict)
    adds: str = ""
    transient: tuple[str, ...] = ()
    cost: float = 1.0
    limits: Limits = field(default=Limits(), compare=False)
    disk: int = 0
    key: str = field(init=False, compare=False, default="")

    def __post_init__(self) -> None:
        object.__setattr__(self, "key", digest(self.identity()))

    def identity(self) -> dict[str, Any]:
        """What the key is the digest of. Names, costs, data paths, worker and device numbers are left out."""
        return {
            "phase": self.phase.value,
            "version": self.version,
            "params": dict(self.params),
            "inputs": dict(self.inputs),
            "seed": self.seed,
            "environment": self.environment.to_json(),
        }


@dataclass(frozen=True, kw_only=True)
class Cell:
    """One cell of the grid, and the stage whose artifact holds its score."""

    backbone: str
    recipe: str
    target: str
    seed: int
    score: str  # key
    train: str | None = None  # key of the finetune stage
    predictions: str = ""  # key of predict or retrieve
    baseline: str = ""  # key of the target's baseline


@dataclass(frozen=True, kw_only=True)
class Plan:
    """All stages in an order in which they can run, and the cells they fill."""

    suite: str
    stages: tuple[Stage, ...]
    cells: tuple[Cell, ...]

    def by_key(self) -> dict[str, Stage]:
        """Stages by key."""
        return {stage.key: stage for stage in self.stages}

    def consumers(self) -> dict[str, list[str]]:
        """For each key the keys of the stages that read it, in plan order."""
        found: dict[str, list[str]] = {stage.key: [] for stage in self.stages}
        for stage in self.stages:
            for key in dict.fromkeys(stage.inputs.values()):
                found[key].append(stage.key)
        return found


def differences(old: Any, new: Any, path: str = "") -> list[str]:
    """Where two JSON values differ, each place as ``path: old -> new``, in sorted order."""
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        found: list[str] = []
        for key in sorted(set(old) | set(new)):
            inner = f"{path}.{key}" if path else str(key)
            if key not in old:
                found.append(f"{inner} added")
            elif key not in new:
                found.append(f"{inner} removed")
            else:
                found += differences(old[key], new[key], inner)
        return found
    if isinstance(old, list | tuple) and isinstance(new, list | tuple) and len(old) == len(new):
        return [
            item
            for index, (a, b) in enumerate(zip(old, new, strict=True))
            for item in differences(a, b, f"{path}[{index}]")
        ]
    if old == new:
        return []
    return [f"{path}: {_short(old)} -> {_short(new)}"]


def _short(value: Any) -> str:
    text = str(value)
    return text if len(text) <= 40 else text[:12] + "..."  # noqa: PLR2004 - a line of a terminal
