"""What is looked at: the splits that tasks or suites read, what trains on them, and what is scored."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from harness.data.rows import SplitRows, split_rows, task_rows
from harness.data.suite_rows import suite_rows
from harness.data.tables import is_task
from harness.errors import SpecError
from harness.specs.backbone import FLAGS
from harness.specs.catalog import Catalog
from harness.specs.resolve import ResolvedSuite, resolved_suite
from harness.specs.suite import SuiteSpec
from harness.specs.task import JoinedTask, TaskSpec

#: By name of a task and of its split.
SplitId = tuple[str, str]


@dataclass(frozen=True, kw_only=True)
class Training:
    """Rows that a model is trained and selected on.

    Attributes:
        task: whose rows they are.
        held_out: the share of the training units that selects; None: the validation split does.
        limits: rows that a suite takes of a split, by its name; None is no limit.
        targets: those that are trained on it, by title; none: it is an intermediate task.
    """

    task: TaskSpec
    held_out: float | None = None
    limits: dict[str, int | None] = field(default_factory=dict)
    targets: tuple[str, ...] = ()

    @property
    def parts(self) -> tuple[TaskSpec, ...]:
        """The tasks whose files hold the rows."""
        return self.task.parts if isinstance(self.task, JoinedTask) else (self.task,)


@dataclass(frozen=True, kw_only=True)
class Scope:
    """All that one call looks at.

    Attributes:
        tasks: in the order in which they are told.
        splits: those that are read.
        scored: the split that is scored, by target.
        trainings: what trains on them.
        notes: what is left out, a sentence each.
    """

    tasks: tuple[TaskSpec, ...]
    splits: dict[SplitId, SplitRows]
    scored: dict[str, SplitRows]
    trainings: tuple[Training, ...]
    notes: tuple[str, ...] = ()


def scope(names: Iterable[str], folder: Path | None) -> Scope:
    """What the named tasks read below a data directory, or one named suite; without names all tasks of the benchmark.

    Raises:
        SpecError: there is no suite or task of a name, or a suite stands beside other names.
    """
    catalog = Catalog()
    asked = list(dict.fromkeys(names))
    suites = [name for name in asked if not is_task(name, catalog)]
    if not suites:
        return _of_tasks(asked or benchmark_tasks(catalog), catalog, folder)
    if len(asked) > 1:
        what = f"'{suites[0]}' is a suite, and stands alone"
        raise SpecError(what, where="NAME", remedy="name one suite, or tasks")
    return _of_suite(resolved_suite(suites[0], allowed=FLAGS), folder)


def benchmark_tasks(catalog: Catalog) -> list[str]:
    """The names of the nine intermediate tasks and the nine targets: those of the suite that repeats the paper."""
    paper = catalog.suite("paper")
    recipes = [entry for entry in paper.recipes if isinstance(entry, str) and entry in catalog.task_files()]
    return [*recipes, *paper.targets]


def _of_tasks(names: Iterable[str], catalog: Catalog, folder: Path | None) -> Scope:
    tasks = [catalog.task(name) for name in names]
    splits: dict[SplitId, SplitRows] = {}
    for task in tasks:
        for rows in task_rows(task, catalog, folder):
            splits.setdefault((rows.task.name, rows.split), rows)
    targets = [catalog.task(name) for name in benchmark_tasks(catalog)]
    scored = {
        target.name: split_rows(target, "test", target.languages, folder)
        for target in targets
        if target.role == "target"
    }
    trainings = [Training(task=task) for task in tasks if task.role == "intermediate"]
    trainings += [
        Training(task=catalog.task(task.trained_on), held_out=task.held_out, targets=(task.title,))
        for task in tasks
        if task.trained_on is not None
    ]
    return Scope(tasks=tuple(_told(tasks, splits)), splits=splits, scored=scored, trainings=_merged(trainings))


def _of_suite(resolved: ResolvedSuite, folder: Path | None) -> Scope:
    suite = resolved.spec
    read = suite_rows(resolved, folder)
    splits = {(rows.task.name, rows.split): rows for rows in read.lines}
    scored = {name: splits[name, "test"] for name in suite.targets if (name, "test") in splits}
    used = dict.fromkeys(name for recipe in resolved.recipes for name in recipe.tasks)
    trainings = [_in_suite(Training(task=resolved.tasks[name]), suite) for name in used]
    for name in suite.targets:
        target = resolved.tasks[name]
        if target.trained_on is not None:
            own = Training(task=resolved.tasks[target.trained_on], held_out=target.held_out, targets=(target.title,))
            trainings.append(_in_suite(own, suite))
    tasks = [resolved.tasks[name] for name in dict.fromkeys(name for name, _ in read.splits)]
    return Scope(tasks=tuple(_told(tasks, splits)), splits=splits, scored=scored, trainings=_merged(trainings))


def _in_suite(training: Training, suite: SuiteSpec) -> Training:
    limits = {split: suite.limit(training.task.name, split) for split in ("train", "validation")}
    return replace(training, limits=limits)


def _told(tasks: Iterable[TaskSpec], splits: dict[SplitId, SplitRows]) -> Iterator[TaskSpec]:
    """The tasks that were asked for, those that others join before these, and what trains them."""
    told: dict[str, TaskSpec] = {}
    for task in tasks:
        for part in task.parts if isinstance(task, JoinedTask) else (task,):
            told.setdefault(part.name, part)
        told.setdefault(task.name, task)
    for rows in splits.values():
        told.setdefault(rows.task.name, rows.task)
    yield from told.values()


def _merged(trainings: Iterable[Training]) -> tuple[Training, ...]:
    """Each once; targets that are trained and selected on the same rows together."""
    found: dict[tuple[str, float | None, bool], Training] = {}
    for one in trainings:
        key = one.task.name, one.held_out, bool(one.targets)
        before = found.get(key)
        targets = (*before.targets, *one.targets) if before else one.targets
        found[key] = replace(one, targets=targets)
    return tuple(found.values())
