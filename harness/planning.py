"""From a suite's name to its plan: reads specs, locks and data digests, and hands them to the pure planner."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from harness import data, first_seen, resources
from harness.canonical import file_digest
from harness.errors import SpecError
from harness.locating import locate
from harness.plan.build import LOCK_OF_PHASE, Surroundings, build_plan
from harness.plan.sources import data_files
from harness.plan.stage import Plan
from harness.specs.catalog import Catalog, ResolvedSuite, resolve
from harness.specs.packages import read_packages
from harness.specs.source import FolderSource, HubSource
from harness.specs.suite import SuiteSpec, TaskLimits
from harness.versions import phase_versions

SMOKE_ROWS = 20
SMOKE_SUFFIX = "-smoke"
_SMOKE_STEPS = 2
_UNREAD = "0" * 64


@dataclass(frozen=True, kw_only=True)
class Planned:
    """A plan with what it was made from."""

    resolved: ResolvedSuite
    plan: Plan
    around: Surroundings
    data: Path | None
    files: tuple[str, ...] = ()  # release files it reads, below ``data``


@dataclass(frozen=True, kw_only=True)
class Where:
    """What keys hold of where stages run: base images by dependency lock, and the device if not the suite's."""

    bases: Mapping[str, str] = field(default_factory=dict)
    device: Literal["cpu", "cuda"] | None = None


def plan_suite(
    name: str,
    *,
    data_dir: Path | None,
    smoke: bool = False,
    store: Path | None = None,
    where: Where | None = None,
    allowed: Collection[str] = (),
    unread: bool = False,
) -> Planned:
    """Resolve a suite and plan it.

    Args:
        name: of a shipped suite, or a path.
        data_dir: the folder of release files.
        smoke: few rows and steps.
        where: where its stages are to run; processes here if None.
        store: keeps digests of files that have not changed, and of those that were seen first.
        allowed: what a person has allowed by name, of what backbones need.
        unread: no release file need be there. The plan then tells what there is to do, and its keys tell nothing.

    Raises:
        UserError: a spec is wrong or release files are missing.
    """
    resolved = resolved_suite(name, smoke=smoke, allowed=allowed)
    folder = data.data_folder(data_dir)
    resolved = locate(resolved, folder)
    files = data_files(resolved)
    cache = store / "data-digests.json" if store else None
    if unread:
        digests = {path: _UNREAD for paths in files.values() for path in paths}
    else:
        digests = data.digests(files, folder, cache, suite=name)
    around = surroundings(resolved, store, digests=digests, where=where)
    return Planned(
        resolved=resolved,
        plan=build_plan(resolved, around),
        around=around,
        data=folder if files else None,
        files=tuple(digests),
    )


def surroundings(
    resolved: ResolvedSuite,
    store: Path | None,
    *,
    digests: Mapping[str, str] | None = None,
    where: Where | None = None,
) -> Surroundings:
    """What a plan of these specs must know of the world: locks, versions, recorded digests, what is in folders."""
    where = where or Where()
    record = first_seen.read_records(store)
    expected: dict[str, dict[str, str]] = {}
    folders: dict[str, dict[str, str]] = {}
    requirements: dict[str, str] = {}
    cache = store / "data-digests.json" if store else None
    for spec in resolved.backbones.values():
        if isinstance(spec.source, HubSource):
            expected[spec.name] = first_seen.expected(spec.source, record)
        elif isinstance(spec.source, FolderSource):
            folders[spec.source.path] = data.folder_digests(
                spec.source, f"backbone {spec.name}", cache, baked=spec.bake
            )
        if spec.requirements is not None:
            requirements[spec.requirements] = read_packages(spec.requirements, where=f"backbone {spec.name}").digest
    if (translator := resolved.translator) is not None:
        source = translator.source
        if isinstance(source, HubSource):
            expected[translator.name] = first_seen.expected(source, record)
        else:
            folders[source.path] = data.folder_digests(source, f"translator {translator.name}", cache)
    return Surroundings(
        locks=lock_digests(),
        versions=phase_versions(),
        data={} if digests is None else digests,
        bases=where.bases,
        device=where.device,
        folders=folders,
        expected=expected,
        requirements=requirements,
    )


def resolved_suite(name: str, *, smoke: bool = False, allowed: Collection[str] = ()) -> ResolvedSuite:
    """A suite, by its shipped name or its file, with every spec it names; ``allowed`` as for :func:`plan_suite`.

    Raises:
        UserError: a spec is wrong.
    """
    catalog = Catalog()
    suite = catalog.suite(name)
    if not smoke:
        return resolve(suite, catalog, allowed)
    return _smoked_backbones(resolve(smoked(suite), catalog, allowed))


def smoked(suite: SuiteSpec) -> SuiteSpec:
    """The same suite with so few rows and steps that every stage takes moments. Its scores mean nothing."""
    task_limits = {name: TaskLimits(languages=limits.languages) for name, limits in suite.task_limits.items()}
    few = TaskLimits(train=SMOKE_ROWS, validation=SMOKE_ROWS, test=SMOKE_ROWS)
    return suite.model_copy(
        update={
            "name": f"{suite.name}{SMOKE_SUFFIX}",
            "title": f"{suite.title} (smoke run)",
            "limits": few,
            "task_limits": task_limits,
            "notes": (
                f"Smoke run: {SMOKE_ROWS} rows a task, {_SMOKE_STEPS} training steps. The scores mean nothing.",
                *suite.notes,
            ),
        }
    )


def _smoked_backbones(resolved: ResolvedSuite) -> ResolvedSuite:
    backbones = {
        name: spec.model_copy(update={"pretrain": spec.pretrain.model_copy(update={"steps": _SMOKE_STEPS})})
        if spec.pretrain
        else spec
        for name, spec in resolved.backbones.items()
    }
    values: dict[str, Any] = {**resolved.training.defaults, "max_steps": _SMOKE_STEPS}
    training = resolved.training.model_copy(update={"defaults": values})
    return dataclasses.replace(resolved, backbones=backbones, training=training)


def lock_digests() -> dict[str, str]:
    """SHA-256 of each phase's dependency lock, by name."""
    folder = resources.images_dir() / "locks"
    found = {}
    for name in sorted(set(LOCK_OF_PHASE.values())):
        path = folder / f"{name}.txt"
        if not path.is_file():
            raise SpecError("dependency lock is missing", where=str(path), remedy="reinstall codestilts")
        found[name] = file_digest(path)
    return found
