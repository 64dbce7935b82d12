"""Plans of tools outside a suite: the checkpoint of one backbone, and stages in a store of their own."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from harness import provenance
from harness.data.suite_rows import suite_rows
from harness.errors import SpecError
from harness.plan.build import build_plan
from harness.plan.stage import Environment, Limits, Phase, Stage
from harness.plan.suite import Planned, RunLocation, read_inputs
from harness.specs.backbone import FLAGS
from harness.specs.catalog import Catalog
from harness.specs.model import SpecModel
from harness.specs.resolve import ResolvedSuite, resolve
from harness.specs.suite import SuiteSpec
from leaderboard.results import BASELINE_RECIPE
from tasks.errors import UserError

#: A week, and a terabyte: whoever starts a tool by hand sees when it is stuck.
_SECONDS, _OUTPUT = 7 * 86400.0, 2**40


def tool_stage(
    phase: Phase,
    name: str,
    params: SpecModel,
    *,
    inputs: Mapping[str, Stage] | None = None,
    folders: Mapping[str, Path] | None = None,
    needs_data: bool = False,
    adds: str = "",
    environment: Environment | None = None,
) -> Stage:
    """A stage of a plan that is executed in a store of its own, which goes afterwards: its key names nothing else.

    Args:
        phase: what it does.
        name: of the stage.
        params: of the phase.
        inputs: stages of the same plan, by role.
        folders: folders that it reads, by role.
        needs_data: it reads release files.
        adds: name of the packages that a backbone brings; empty for none.
        environment: device, precision and threads; one thread of a CPU if None.
    """
    return Stage(
        phase=phase,
        name=name,
        version=0,
        environment=environment or Environment(base="", lock=""),
        params=params.to_json(),
        inputs={role: stage.key for role, stage in (inputs or {}).items()},
        folders={role: str(folder.resolve()) for role, folder in (folders or {}).items()},
        needs_data=needs_data,
        adds=adds,
        limits=Limits(memory=int(0.9 * provenance.memory_bytes()), seconds=_SECONDS, output=_OUTPUT),
    )


@dataclass(frozen=True, kw_only=True)
class Single:
    """A plan with the stages that make one checkpoint, and more that nobody asks for.

    Attributes:
        name: of the backbone.
        checkpoint: the stage that leaves it.
    """

    name: str
    planned: Planned
    checkpoint: Stage


def plan_checkpoint(
    name: str, *, store: Path | None, where: RunLocation | None = None, allowed: Collection[str] = ()
) -> Single:
    """Plan the checkpoint of a backbone.

    Args:
        name: of its spec.
        store: keeps digests of files.
        where: where its stages are to run.
        allowed: what a person has allowed by name.

    Raises:
        UserError: there is no such spec, it cannot be used, or it is trained on release files: what of them may be read
            depends on what a suite scores.
    """
    resolved = _resolved(name, allowed)
    if files := suite_rows(resolved).files:
        raise UserError(
            f"it is trained on text of release files ({', '.join(files)}), less what a suite scores",
            where=f"backbone {name}",
            remedy=f"make it by 'codestilts run SUITE --only pretrain/{name}', and name its folder in the store",
        )
    planned = _planned(resolved, store, where)
    (key,) = {stage.inputs["checkpoint"] for stage in planned.plan.stages if stage.phase is Phase.RETRIEVE}
    return Single(name=name, planned=planned, checkpoint=planned.plan.by_key()[key])


def plan_fetch(name: str, *, store: Path | None) -> Single:
    """Plan the fetching of a backbone's published files alone; ``checkpoint`` is then that stage.

    Raises:
        SpecError: there is no such spec, it is unpinned, or nothing is fetched for it.
    """
    # Nothing of it is run, so nobody's word is needed; and of the files, further training changes nothing.
    resolved = _resolved(name, FLAGS)
    spec = resolved.backbones[name].model_copy(update={"pretrain": None})
    planned = _planned(replace(resolved, backbones={name: spec}, corpora={}), store, None)
    fetch = [stage for stage in planned.plan.stages if stage.phase is Phase.FETCH]
    if not fetch:
        raise SpecError("nothing is fetched for it", where=f"backbone {name}", remedy="leave 'bake' out of its spec")
    return Single(name=name, planned=planned, checkpoint=fetch[0])


def _resolved(name: str, allowed: Collection[str]) -> ResolvedSuite:
    catalog = Catalog()
    spec = catalog.backbone(name)
    suite = SuiteSpec(
        name=f"backbone-{spec.name}",
        title=spec.title,
        description="the checkpoint of one backbone",
        backbones=(name,),
        recipes=(BASELINE_RECIPE,),
        targets=("mini-tatoeba",),
        training="mini",
    )
    return resolve(suite, catalog, allowed)


def _planned(resolved: ResolvedSuite, store: Path | None, where: RunLocation | None) -> Planned:
    inputs = read_inputs(resolved, store, where=where)
    rows = suite_rows(resolved)
    return Planned(rows=rows, plan=build_plan(rows, inputs), inputs=inputs, data=None)
