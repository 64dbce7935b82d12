"""The stages of a plan, each once, with their keys."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from harness.files import digest
from harness.plan import limits
from harness.plan.stage import Environment, Phase, Stage
from harness.specs.backbone import BackboneSpec
from harness.specs.model import SpecModel
from harness.specs.suite import SuiteSpec

#: Names of the dependency locks in ``images/locks``, by phase. ``fetch`` has none: hashes fix what it leaves.
#: ``prepare`` goes with training, so that a new page template never costs GPU days.
LOCK_OF_PHASE: Mapping[Phase, str] = {
    Phase.CONVERT: "train",
    Phase.PREPARE: "train",
    Phase.PRETRAIN: "train",
    Phase.INTERMEDIATE: "train",
    Phase.FINETUNE: "train",
    Phase.PREDICT: "train",
    Phase.RETRIEVE: "retrieve",
    Phase.CHECK: "retrieve",  # all that train loads a backbone with, in the same versions, and sentence-transformers
    Phase.SCORE: "report",
    Phase.STATS: "report",
}

#: Phases without arithmetic on a device: always on one CPU thread, so that CPU and GPU suites share what they leave.
_PLAIN_PHASES = frozenset({Phase.CONVERT, Phase.PREPARE, Phase.SCORE, Phase.STATS})


@dataclass(frozen=True, kw_only=True)
class PlanInputs:
    """What planning is told about the world instead of looking for itself.

    Attributes:
        locks: SHA-256 of each dependency lock, by name (``train``, ``retrieve``, ``report``).
        versions: the integer code version of each phase.
        data: SHA-256 of every release file the suite reads, by path relative to the data directory.
        bases: base image of each dependency lock, by its name; ``local`` where none is named.
        device: ``cpu`` or ``cuda`` instead of what the suite says; None leaves it to the suite.
        folders: SHA-256 of the files that are taken of a folder, by the folder's path and the file's.
        expected: recorded SHA-256 of the files of a hub backbone or translator, by its name and the file's path.
        requirements: digest of what a backbone's own lock of packages pins, by the lock's file name.
    """

    locks: Mapping[str, str]
    versions: Mapping[str, int]
    data: Mapping[str, str] = field(default_factory=dict)
    bases: Mapping[str, str] = field(default_factory=dict)
    device: Literal["cpu", "cuda"] | None = None
    folders: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    expected: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    requirements: Mapping[str, str] = field(default_factory=dict)


class StageList:
    """Stages in an order in which they can run; equal ones (by key) are added once and shared."""

    def __init__(self, suite: SuiteSpec, read_inputs: PlanInputs) -> None:
        self.inputs = read_inputs
        self._suite = suite
        self._device = read_inputs.device or suite.device
        self._stages: dict[str, Stage] = {}

    @property
    def stages(self) -> tuple[Stage, ...]:
        """All of them."""
        return tuple(self._stages.values())

    def add(
        self,
        phase: Phase,
        name: str,
        params: SpecModel,
        inputs: Mapping[str, str],
        *,
        seed: int = 0,
        needs_data: bool = False,
        transient: tuple[str, ...] = (),
        expected: Mapping[str, str] | None = None,
        folders: Mapping[str, str] | None = None,
        size: float = 1.0,
        backbone: BackboneSpec | None = None,
        weighs: float | None = None,
        computes: bool = False,
    ) -> str:
        """Add a stage; its key.

        ``weighs``: parameters of a model that it holds and that is no backbone. ``computes``: on the suite's device,
        though its phase is a plain one.
        """
        stage = Stage(
            phase=phase,
            name=name,
            version=self.inputs.versions[phase.value],
            environment=self._environment(phase, backbone, computes=computes),
            params=params.to_json(),
            inputs=inputs,
            seed=seed,
            needs_data=needs_data,
            transient=transient,
            expected=expected or {},
            folders=folders or {},
            adds=_addition(phase, backbone),
            cost=size,
            limits=limits.limits(phase, backbone, size, self._device, weighs=weighs),
            disk=limits.disk(phase, backbone, weighs=weighs),
        )
        held = self._stages.get(stage.key)
        if held is None or (stage.adds and not held.adds):  # of equal files, those that an image holds need no network
            self._stages[stage.key] = stage
        return stage.key

    def _environment(self, phase: Phase, backbone: BackboneSpec | None, *, computes: bool = False) -> Environment:
        if phase is Phase.FETCH:
            return Environment(base="", lock="")
        lock = self.inputs.locks[LOCK_OF_PHASE[phase]]
        base = self.inputs.bases.get(LOCK_OF_PHASE[phase], "local")
        if backbone is not None and backbone.requirements is not None:
            lock = digest([lock, self.inputs.requirements[backbone.requirements]])
        if phase in _PLAIN_PHASES and not computes:
            return Environment(base=base, lock=lock)
        return Environment(
            base=base,
            lock=lock,
            device=self._device,
            precision=self._suite.precision,
            threads=self._suite.threads,
        )


def _addition(phase: Phase, backbone: BackboneSpec | None) -> str:
    """What a backbone adds to the image of a phase (``Stage.adds``)."""
    if backbone is None:
        return ""
    if phase is Phase.FETCH:
        return backbone.name if backbone.bake else ""
    return backbone.packages
