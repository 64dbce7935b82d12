"""The provenance of a row: its stages, with costs, versions and hardware."""

from __future__ import annotations

import glob
import shlex
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from leaderboard.read import ResultsFolder
from leaderboard.results import Result, SuiteGrid
from leaderboard.scores import Row

SMOKE = "-smoke"


@dataclass(frozen=True, kw_only=True)
class StageRecord:
    """One stage of a row, as the results tell of it.

    Attributes:
        name: of the stage.
        key: key of its artifact.
        digest: digest of its artifact.
        seed: of its random choices.
        seconds: that it took, or None where that was not recorded.
        memory: peak, in bytes.
        attempts: how often it was tried.
        device: ``cpu`` or the GPU's kind, with precision and threads.
        hardware: processor or GPU.
        gpu: whether it ran on one.
        image: the id of the image that it ran in; where that was not recorded its base by digest, or ``local``.
        lock: hash of its dependency lock.
        runner: name of its runner.
        git: commit of the code.
        versions: of packages.
    """

    name: str
    key: str
    digest: str
    seed: str
    seconds: float | None
    memory: float | None
    attempts: str
    device: str
    hardware: str
    gpu: bool
    image: str
    lock: str
    runner: str
    git: str
    versions: tuple[tuple[str, str], ...]

    @property
    def phase(self) -> str:
        return self.name.partition("/")[0]


def stages_of(results: Iterable[Result]) -> tuple[StageRecord, ...]:
    """The stages behind results, each once, in the order of first mention."""
    found: dict[str, StageRecord] = {}
    for result in results:
        for entry in _entries(result):
            key = str(entry.get("key", ""))
            if key and key not in found:
                found[key] = _record(key, entry)
    return tuple(found.values())


def _entries(result: Result) -> list[Mapping[str, Any]]:
    entries = result.provenance.get("stages")
    return [entry for entry in entries if isinstance(entry, dict)] if isinstance(entries, list) else []


def _record(key: str, entry: Mapping[str, Any]) -> StageRecord:
    environment = _mapping(entry.get("environment"))
    git = _mapping(entry.get("git"))
    gpu = entry.get("gpu")
    threads = environment.get("threads")
    device = [str(environment[name]) for name in ("device", "precision") if environment.get(name)]
    device += [f"{threads} thread{'' if threads == 1 else 's'}"] if threads else []
    return StageRecord(
        name=str(entry.get("stage", "")),
        key=key,
        digest=str(entry.get("digest", "")),
        seed=str(entry.get("seed", "")),
        seconds=_number(entry.get("seconds")),
        memory=_number(entry.get("peak_memory")),
        attempts=str(entry.get("attempts", "")),
        device=", ".join(device),
        hardware=str(gpu or entry.get("cpu") or ""),
        gpu=bool(gpu),
        image=str(entry.get("image") or environment.get("base", "")),
        lock=str(environment.get("lock", "")),
        runner=str(entry.get("runner") or ""),
        git=str(git.get("commit", "")) + (" with local changes" if git.get("dirty") else ""),
        versions=tuple(sorted((str(name), str(value)) for name, value in _mapping(entry.get("versions")).items())),
    )


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _number(value: Any) -> float | None:
    return float(value) if isinstance(value, float | int) and not isinstance(value, bool) else None


def results_of(folder: ResultsFolder, row: Row) -> tuple[Result, ...]:
    """A row's results, by target and seed in the suite's order."""
    return tuple(
        result
        for target in folder.suite.targets
        for seed in folder.suite.seeds
        if (result := folder.results.get((row.backbone.name, row.recipe.name, target.name, seed))) is not None  # type: ignore[call-overload]
    )


@dataclass(frozen=True, kw_only=True)
class Cost:
    """Hours of all stages behind a row, shared ones counted whole. None where a stage's time is not known."""

    cpu_hours: float
    gpu_hours: float
    unknown: int

    @property
    def hours(self) -> float | None:
        """On the kind of machine that training ran on, or None if some stage's time is not known."""
        return None if self.unknown else self.gpu_hours or self.cpu_hours


#: Phases whose work is the row's; data, downloads and baselines are not.
_COUNTED = frozenset({"pretrain", "intermediate", "finetune", "predict", "retrieve"})


def cost_of(stages: Iterable[StageRecord]) -> Cost:
    """Return the cost of a row's training, prediction and retrieval, counting each stage once."""
    counted = [stage for stage in stages if stage.phase in _COUNTED]
    known = [(stage, stage.seconds) for stage in counted if stage.seconds is not None]
    return Cost(
        cpu_hours=sum(seconds for stage, seconds in known if not stage.gpu) / 3600,
        gpu_hours=sum(seconds for stage, seconds in known if stage.gpu) / 3600,
        unknown=len(counted) - len(known),
    )


def commands(suite: SuiteGrid, row: Row, stages: Sequence[StageRecord]) -> str:
    """The command that computes a row again; one a line where the row comes from several suites."""
    names = suite.suites_of(row.backbone.name, row.recipe.name)
    return "\n".join(command(name, row, stages) for name in names)


def command(suite: str, row: Row, stages: Iterable[StageRecord]) -> str:
    """Return the shell command (POSIX) that computes a row's results again with the same runner and device.

    A runner or a device that only some of the stages had is left to the suite.
    """
    told = [stage for stage in stages if stage.phase in _COUNTED]
    name = suite.removesuffix(SMOKE)
    words = ["codestilts", "run", name, *(["--smoke"] if suite.endswith(SMOKE) else [])]
    runners, devices = {stage.runner for stage in told}, {stage.device.partition(",")[0] for stage in told}
    if runners == {"docker"}:
        words += ["--runner", "docker"]
    if devices in ({"cpu"}, {"cuda"}):
        words += ["--device", *devices]
    return shlex.join([*words, "--only", f"score/{glob.escape(row.backbone.name)}/{glob.escape(row.recipe.name)}/*"])
