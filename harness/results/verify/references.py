"""What submissions are scored against: labels and baselines of our own making, by the plan of the suite as it is here.

A submission brings none of it. Stages that only prepare or score are taken from a store that holds them whole, or made
anew from release files, or from the generator.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from harness.context import Progress, run_phase
from harness.data.suite_rows import suite_rows
from harness.errors import UnknownNameError
from harness.files import file_digest
from harness.plan.build import build_plan
from harness.plan.stage import Cell, Phase, Plan, Stage
from harness.plan.suite import read_inputs
from harness.results.verify.forms import Forms, file_entries
from harness.specs.backbone import FLAGS
from harness.specs.catalog import Catalog
from harness.specs.resolve import SMOKE_SUFFIX, ResolvedSuite, resolved_suite
from harness.store.artifacts import State, Store
from tasks.errors import DataError, UserError

#: Phases that hold no model, so that whoever verifies can run them.
_OURS = (Phase.PREPARE, Phase.SCORE)


class MissingReferencesError(UserError):
    """What to score against is not at hand, or not in order; whoever verifies must see to it, not whoever submits."""


@dataclass(frozen=True, kw_only=True)
class Labels:
    """The references of a target.

    Attributes:
        folder: of ``test-LANG.jsonl``.
        source: where they are from, in words.
    """

    folder: Path
    source: str


class References:
    """Labels and baselines of one suite, each made once."""

    def __init__(self, suite: ResolvedSuite, *, data: Path | None, store: Store | None, scratch: Path) -> None:
        """Plan a suite, as far as its release files are here.

        Args:
            suite: as it is here.
            data: folder of release files.
            store: that may hold what is needed.
            scratch: an empty folder to make things in.
        """
        self.forms = Forms(suite)
        self.rows = suite_rows(suite, data)
        self.resolved = self.rows.resolved
        self.files = _Files(data)
        inputs = read_inputs(self.resolved, store.root if store else None, digests=self.files)
        self.plan: Plan = build_plan(self.rows, inputs)
        self._stages = self.plan.by_key()
        self._names = {stage.name: stage for stage in self.plan.stages}
        self._data = data
        self._store = store
        self._scratch = scratch
        self._labels: dict[tuple[str, str], Labels] = {}

    def stage(self, name: str) -> Stage | None:
        """The stage of that name in our plan."""
        return self._names.get(name)

    def labels(self, target: str, claimed: str, progress: Progress) -> Labels:
        """The labels of a target.

        Args:
            target: its name.
            claimed: key of the artifact that results say they were scored against: a store's counts if it was prepared
                as we would, though perhaps by another version.
            progress: told how far preparing is.

        Raises:
            MissingReferencesError: neither the store nor the data has what is needed.
        """
        if (target, claimed) not in self._labels:
            self._labels[target, claimed] = self._find_labels(target, claimed, progress)
        return self._labels[target, claimed]

    def baseline(self, target: str, progress: Progress) -> Path | None:
        """The artifact of a target's trivial baseline, or None where its training rows are not at hand."""
        cell = next((cell for cell in self.plan.cells if cell.target == target), None)
        try:
            return self._make(cell.baseline, progress) if cell else None
        except MissingReferencesError:
            return None

    def _find_labels(self, target: str, claimed: str, progress: Progress) -> Labels:
        ours = self._names.get(f"prepare/labels/{target}")
        if ours is None:
            raise UnknownNameError("target", target, self.resolved.spec.targets, where=f"suite {self._suite_name}")
        missing = self.files.missing(ours)
        if self._store is not None:
            for key in dict.fromkeys((ours.key, claimed)):
                held = self._store.verify(key)
                if held.state is not State.PRESENT or held.manifest is None:
                    continue
                params = held.manifest.identity["params"]
                if key == ours.key or self.forms.without_files(params) == self.forms.without_files(ours.params):
                    return Labels(folder=held.folder, source=f"of store {self._store.root}")
        if missing:
            raise MissingReferencesError(
                f"the labels of {target} are not at hand ({missing[0]}{' and more' if missing[1:] else ''})",
                where=str(self._data) if self._data else None,
                remedy="give release files with --data, a store with --store, or XTREME's label folders with --labels",
            )
        source = f"prepared from {self._data}" if self.files.read(ours) else "generated anew"
        return Labels(folder=self._make(ours.key, progress), source=source)

    @property
    def _suite_name(self) -> str:
        return self.resolved.spec.name

    def _make(self, key: str, progress: Progress) -> Path:
        """An artifact of our own plan: the store's, or made anew with all it stands on.

        Raises:
            MissingReferencesError: release files are missing, or not as their reader expects.
        """
        if self._store is not None and self._store.verify(key).state is State.PRESENT:
            return self._store.folder(key)
        out = self._scratch / key
        if out.is_dir():
            return out
        stage = self._stages[key]
        assert stage.phase in _OURS, stage.name
        if missing := self.files.missing(stage):
            raise MissingReferencesError(f"missing: {', '.join(missing[:4])}", where=stage.name)
        inputs = {role: self._make(above, progress) for role, above in stage.inputs.items()}
        aside = self._scratch / f"{key}.part"
        aside.mkdir()
        try:
            run_phase(stage.phase.value, stage.params, inputs, aside, data=self._data, progress=progress)
        except DataError as error:
            raise MissingReferencesError(error.what, where=error.where, remedy=error.remedy) from error
        aside.rename(out)
        return out

    def cell(self, backbone: str, recipe: str, target: str, seed: int) -> Cell | None:
        """Our own cell, if the suite has it."""
        wanted = (backbone, recipe, target, seed)
        return next(
            (cell for cell in self.plan.cells if (cell.backbone, cell.recipe, cell.target, cell.seed) == wanted), None
        )


class _Files(Mapping[str, str]):
    """SHA-256 of release files, read when they are asked for; empty where there is no such file."""

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder
        self._known: dict[str, str] = {}

    def __getitem__(self, path: str) -> str:
        if path not in self._known:
            there = self._folder is not None and (self._folder / path).is_file()
            self._known[path] = file_digest(self._folder / path) if self._folder is not None and there else ""
        return self._known[path]

    def __iter__(self) -> Iterator[str]:
        return iter(self._known)

    def __len__(self) -> int:
        return len(self._known)

    def read(self, stage: Stage) -> list[str]:
        """The release files that a stage reads."""
        return [entry["path"] for entry in file_entries(stage.params)]

    def missing(self, stage: Stage) -> list[str]:
        """Those of them that are not there."""
        return [entry["path"] for entry in file_entries(stage.params) if not entry["sha256"]]


def own_suite(claimed: str, given: str | None = None) -> ResolvedSuite:
    """The suite that results say they are of, as it is here.

    Args:
        claimed: its name in the results; that of a smoke run ends in ``-smoke``. It is never taken for a file's.
        given: a shipped name, or a file, by the word of whoever verifies.

    Raises:
        UserError: there is no such suite here, its specs are wrong, or it is another than the one claimed.
    """
    smoke = claimed.endswith(SMOKE_SUFFIX)
    name = claimed.removesuffix(SMOKE_SUFFIX)
    known = Catalog().suite_files()
    if given is None and name not in known:
        raise UserError(
            f"suite {name!r} is not known here",
            where="suite.json, field name",
            remedy="give its file with --suite",
        )
    found = resolved_suite(given or name, smoke=smoke, allowed=FLAGS)  # nothing is run
    if found.spec.name != claimed:
        raise UserError(f"it is suite {found.spec.name!r}, the results are of {claimed!r}", where=str(given))
    return found
