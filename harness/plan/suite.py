"""From a suite's name to its plan: reads specs, locks and data digests, and hands them to the pure planner."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from harness import paths
from harness.data import release
from harness.data.suite_rows import SuiteRows, suite_rows
from harness.errors import SpecError
from harness.files import file_digest
from harness.plan import first_seen
from harness.plan.build import build_plan
from harness.plan.code_versions import phase_versions
from harness.plan.stage import Plan
from harness.plan.stage_list import LOCK_OF_PHASE, PlanInputs
from harness.specs.packages import read_packages
from harness.specs.resolve import ResolvedSuite, resolved_suite
from harness.specs.source import FolderSource, HubSource

_UNREAD = "0" * 64


@dataclass(frozen=True, kw_only=True)
class Planned:
    """A plan with what it was made from."""

    rows: SuiteRows
    plan: Plan
    inputs: PlanInputs
    data: Path | None
    files: tuple[str, ...] = ()  # release files it reads, below ``data``

    @property
    def resolved(self) -> ResolvedSuite:
        """The suite with every spec it names, as it runs on its rows."""
        return self.rows.resolved


@dataclass(frozen=True, kw_only=True)
class RunLocation:
    """What keys hold of where stages run: base images by dependency lock, and the device if not the suite's."""

    bases: Mapping[str, str] = field(default_factory=dict)
    device: Literal["cpu", "cuda"] | None = None


def plan_suite(
    name: str,
    *,
    data_dir: Path | None,
    smoke: bool = False,
    store: Path | None = None,
    where: RunLocation | None = None,
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
    folder = release.data_folder(data_dir)
    rows = suite_rows(resolved_suite(name, smoke=smoke, allowed=allowed), folder)
    files = rows.files
    cache = store / "data-digests.json" if store else None
    if unread:
        digests = {path: _UNREAD for paths in files.values() for path in paths}
    else:
        digests = release.digests(files, folder, cache, suite=name)
    inputs = read_inputs(rows.resolved, store, digests=digests, where=where)
    return Planned(
        rows=rows,
        plan=build_plan(rows, inputs),
        inputs=inputs,
        data=folder if files else None,
        files=tuple(digests),
    )


def read_inputs(
    resolved: ResolvedSuite,
    store: Path | None,
    *,
    digests: Mapping[str, str] | None = None,
    where: RunLocation | None = None,
) -> PlanInputs:
    """What a plan of these specs must know of the world: locks, versions, recorded digests, what is in folders."""
    where = where or RunLocation()
    record = first_seen.read_records(store)
    expected: dict[str, dict[str, str]] = {}
    folders: dict[str, dict[str, str]] = {}
    requirements: dict[str, str] = {}
    cache = store / "data-digests.json" if store else None
    for spec in resolved.backbones.values():
        if isinstance(spec.source, HubSource):
            expected[spec.name] = first_seen.expected(spec.source, record)
        elif isinstance(spec.source, FolderSource):
            folders[spec.source.path] = release.folder_digests(
                spec.source, f"backbone {spec.name}", cache, baked=spec.bake
            )
        if spec.requirements is not None:
            requirements[spec.requirements] = read_packages(spec.requirements, where=f"backbone {spec.name}").digest
    if (translator := resolved.translator) is not None:
        source = translator.source
        if isinstance(source, HubSource):
            expected[translator.name] = first_seen.expected(source, record)
        else:
            folders[source.path] = release.folder_digests(source, f"translator {translator.name}", cache)
    return PlanInputs(
        locks=lock_digests(),
        versions=phase_versions(),
        data={} if digests is None else digests,
        bases=where.bases,
        device=where.device,
        folders=folders,
        expected=expected,
        requirements=requirements,
    )


def lock_digests() -> dict[str, str]:
    """SHA-256 of each phase's dependency lock, by name."""
    folder = paths.images_dir() / "locks"
    found = {}
    for name in sorted(set(LOCK_OF_PHASE.values())):
        path = folder / f"{name}.txt"
        if not path.is_file():
            raise SpecError("dependency lock is missing", where=str(path), remedy="reinstall codestilts")
        found[name] = file_digest(path)
    return found
