"""Why a stage runs, or does not. One set of rules for ``plan``, which foretells, and for the run, which does."""

from __future__ import annotations

import fnmatch
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property

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


class StalenessRule:
    """Decides about stages against a store."""

    def __init__(self, store: Store | None, forced: Collection[str] = ()) -> None:
        self._store = store
        self._forced = frozenset(forced)

    def decide(self, stage: Stage, held: StoredArtifact, digests: Mapping[str, str]) -> Decision:
        """Whether a stage must run, given the digests of its inputs as they are now, by role."""
        if stage.key in self._forced:
            return Decision(reason=Reason.FORCED)
        if held.state is State.CORRUPT:
            return Decision(reason=Reason.MISSING, detail=f"its artifact is damaged ({held.problem})")
        if held.manifest is None:
            return self._absent(stage)
        changed = sorted(role for role, value in digests.items() if held.manifest.inputs.get(role) != value)
        if changed:
            return Decision(reason=Reason.CHANGED, detail=f"other bytes in its input {', '.join(changed)}")
        return Decision(reason=Reason.CACHED)

    def _absent(self, stage: Stage) -> Decision:
        earlier = self._names.get(stage.name)
        if earlier is None:
            return Decision(reason=Reason.NEW)
        return Decision(reason=Reason.CHANGED, detail="; ".join(differences(earlier.identity, stage.identity())[:3]))

    @cached_property
    def _names(self) -> dict[str, Manifest]:
        """The youngest artifact of each stage name; read only when some stage has no artifact."""
        found: dict[str, Manifest] = {}
        for key in self._store or ():
            manifest = self._store.look(key).manifest if self._store else None
            if manifest is not None:
                held = found.get(manifest.name)
                if held is None or str(held.provenance.get("made", "")) < str(manifest.provenance.get("made", "")):
                    found[manifest.name] = manifest
        return found


def foretell(
    plan: Plan, store: Store | None, forced: Collection[str], selected: Collection[str]
) -> dict[str, Decision]:
    """A decision for every stage of a plan, by key, without running anything.

    A stage below one that runs is foretold to run; if the bytes above come out the same, it will not need to.
    """
    judge = StalenessRule(store, forced)
    decisions: dict[str, Decision] = {}
    held: dict[str, StoredArtifact] = {}
    for stage in plan.stages:
        look = store.look(stage.key) if store else None
        if look is not None:
            held[stage.key] = look
        decisions[stage.key] = _foretell_one(stage, look, judge, decisions, held, selected)
    _mark_restored(plan, decisions, held)
    return decisions


def _foretell_one(
    stage: Stage,
    look: StoredArtifact | None,
    judge: StalenessRule,
    decisions: Mapping[str, Decision],
    held: Mapping[str, StoredArtifact],
    selected: Collection[str],
) -> Decision:
    digests = {
        role: manifest.digest
        for role, key in stage.inputs.items()
        if key in held and (manifest := held[key].manifest) is not None
    }
    decision = judge.decide(stage, look, digests) if look else Decision(reason=Reason.NEW)
    if decision.runs and stage.key not in selected:
        return Decision(reason=Reason.NOT_SELECTED)
    if decision.reason is Reason.CACHED:
        above = [role for role, key in stage.inputs.items() if decisions[key].runs]
        if above:
            return Decision(reason=Reason.BELOW, detail=f"its input {', '.join(sorted(above))} is made again")
    return decision


def _mark_restored(plan: Plan, decisions: dict[str, Decision], held: Mapping[str, StoredArtifact]) -> None:
    """Weights that were let go are made again where something that runs needs them."""
    for stage in reversed(plan.stages):
        if not decisions[stage.key].runs:
            continue
        for key in stage.inputs.values():
            if decisions[key].reason is Reason.CACHED and key in held and held[key].state is State.DROPPED:
                decisions[key] = Decision(
                    reason=Reason.MISSING, detail=f"its weights were let go; {stage.name} needs them"
                )


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
