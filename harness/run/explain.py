"""Why a stage runs, or does not."""

from __future__ import annotations

import fnmatch
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from harness.errors import SpecError
from harness.plan.stage import Plan, Stage, differences
from harness.plan.stats import stats_name
from harness.store.artifacts import State, Store, StoredArtifact
from harness.store.manifest import Manifest


class Reason(StrEnum):
    """Why a stage would run; ``cached`` is the one that says it would not."""

    CACHED = "cached"
    NEW = "new"
    CHANGED = "changed"
    MISSING = "missing"
    FORCED = "forced"
    BELOW = "below"
    NOT_SELECTED = "not selected"


@dataclass(frozen=True, kw_only=True)
class Decision:
    """A reason, with what exactly it is about."""

    reason: Reason
    detail: str = ""

    @property
    def runs(self) -> bool:
        """Whether the stage would run."""
        return self.reason not in (Reason.CACHED, Reason.NOT_SELECTED)

    def __str__(self) -> str:
        return f"{self.reason}: {self.detail}" if self.detail else self.reason.value


@dataclass(frozen=True, kw_only=True)
class Snapshot:
    """What a store held of a plan at one moment.

    Attributes:
        artifacts: by key, those of the plan's stages; without a store none.
        earlier: by stage name its youngest artifact, under whatever key; read only if some stage has no artifact.
    """

    artifacts: Mapping[str, StoredArtifact] = field(default_factory=dict)
    earlier: Mapping[str, Manifest] = field(default_factory=dict)

    @classmethod
    def of(cls, plan: Plan, store: Store | None) -> Snapshot:
        """Look up every stage of a plan."""
        if store is None:
            return cls()
        artifacts = {stage.key: store.look(stage.key) for stage in plan.stages}
        earlier: dict[str, Manifest] = {}
        if any(artifact.manifest is None for artifact in artifacts.values()):
            for key in store:
                manifest = store.look(key).manifest
                if manifest is not None and _made(manifest) > _made(earlier.get(manifest.name)):
                    earlier[manifest.name] = manifest
        return cls(artifacts=artifacts, earlier=earlier)

    def digest(self, key: str) -> str:
        """The digest of an artifact that the store held."""
        manifest = self.artifacts[key].manifest
        assert manifest is not None, key
        return manifest.digest


def _made(manifest: Manifest | None) -> tuple[bool, str]:
    return manifest is not None, str(manifest.provenance.get("made", "")) if manifest else ""


@dataclass(frozen=True, kw_only=True)
class StalenessRule:
    """Decides about stages, given what the store held and the keys of stages that are forced."""

    snapshot: Snapshot
    forced: Collection[str] = ()

    def decide(self, stage: Stage, digests: Mapping[str, str | None]) -> Decision:
        """Whether a stage must run.

        Args:
            stage: of the plan.
            digests: of its inputs as they are now, by role; None of one that is made again and not known yet.
        """
        if stage.key in self.forced:
            return Decision(reason=Reason.FORCED)
        artifact = self.snapshot.artifacts.get(stage.key)
        if artifact is not None and artifact.state is State.CORRUPT:
            return Decision(reason=Reason.MISSING, detail=f"its artifact is damaged ({artifact.problem})")
        if artifact is None or artifact.manifest is None:
            return self._absent(stage)
        recorded = artifact.manifest.inputs
        changed = sorted(role for role, value in digests.items() if value not in (None, recorded.get(role)))
        if changed:
            return Decision(reason=Reason.CHANGED, detail=f"other bytes in its input {', '.join(changed)}")
        unknown = sorted(role for role, value in digests.items() if value is None)
        if unknown:
            return Decision(reason=Reason.BELOW, detail=f"its input {', '.join(unknown)} is made again")
        return Decision(reason=Reason.CACHED)

    def _absent(self, stage: Stage) -> Decision:
        earlier = self.snapshot.earlier.get(stage.name)
        if earlier is None:
            return Decision(reason=Reason.NEW)
        return Decision(reason=Reason.CHANGED, detail="; ".join(differences(earlier.identity, stage.identity())[:3]))


def matching_stages(plan: Plan, patterns: Collection[str], option: str) -> set[str]:
    """Keys of the stages whose names match a pattern; ``stats/SUITE`` has a name, but no key yet.

    Args:
        plan: of one suite.
        patterns: globs over stage names.
        option: the command-line option they were given with.

    Raises:
        SpecError: a pattern matches no stage.
    """
    keys: set[str] = set()
    for pattern in patterns:
        matched = {stage.key for stage in plan.stages if fnmatch.fnmatchcase(stage.name, pattern)}
        if not matched and not fnmatch.fnmatchcase(stats_name(plan.suite), pattern):
            raise SpecError(
                f"no stage matches '{pattern}'",
                where=option,
                remedy=f"'codestilts plan {plan.suite} --all' lists their names",
            )
        keys |= matched
    return keys


def selected_stages(plan: Plan, patterns: Collection[str]) -> set[str]:
    """Keys of the stages that ``--only`` selects, and of all they read; every stage without a pattern.

    Raises:
        SpecError: a pattern matches no stage.
    """
    stages = plan.by_key()
    if not patterns:
        return set(stages)
    selected = matching_stages(plan, patterns, "--only")
    stack = list(selected)
    while stack:
        above = set(stages[stack.pop()].inputs.values()) - selected
        selected |= above
        stack += above
    return selected
