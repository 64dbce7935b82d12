"""Means over seeds, groups and targets. Pure: a results folder in, a board out. All values are fractions of one.

XTREME's rules (Hu et al. 2020, and the public ``evaluate.py``): a target's score is the plain mean over its languages
(it stands in the result), a group's the mean of its targets, the average the mean of *all targets*, not of the groups,
and a mean exists only if all its members do.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, Literal, TypeVar

from leaderboard.chance import nowhere_above_baseline
from leaderboard.read import CellKey, ResultsFolder
from leaderboard.results import BackboneInfo, RecipeInfo, SuiteGrid, TargetInfo

T = TypeVar("T")
#: A target's mark where no language is above its baseline by more than chance explains.
AT_BASELINE = "at-baseline"
#: A gap's outcome, or ``absent``: neither a result nor a recorded cause.
Outcome = Literal["failed", "blocked", "not-run", "absent"]

GROUPS = {
    "classification": "Pair classification",
    "tagging": "Structured prediction",
    "qa": "Question answering",
    "retrieval": "Sentence retrieval",
}


@dataclass(frozen=True, kw_only=True)
class Missing:
    """A cell without a result, and why."""

    cell: CellKey
    outcome: Outcome
    stage: str
    failure: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class Score:
    """A mean, or the reason that there is none.

    Attributes:
        value: None unless all members are there.
        member: kind of the members that the mean is over.
        present: how many members have a score.
        expected: how many it takes.
        per_seed: the value at each seed of the suite, in its order.
        missing: the cells without a result among the members.
        marks: marks of the results below, sorted; :data:`AT_BASELINE` among them where it holds.
    """

    value: float | None
    member: Literal["seed", "target"]
    present: int
    expected: int
    per_seed: tuple[float | None, ...]
    missing: tuple[Missing, ...] = ()
    marks: tuple[str, ...] = ()

    @property
    def spread(self) -> float | None:
        """Standard deviation (n - 1) over seeds, where there are several and all are there."""
        return spread(self.per_seed)


@dataclass(frozen=True, kw_only=True)
class Line(Generic[T]):
    """One value a column: average, groups and targets by name, in the suite's order."""

    average: T
    groups: Mapping[str, T]
    targets: Mapping[str, T]


@dataclass(frozen=True, kw_only=True)
class Row:
    """A backbone with a recipe, and its scores."""

    backbone: BackboneInfo
    recipe: RecipeInfo
    scores: Line[Score]


@dataclass(frozen=True, kw_only=True)
class Board:
    """All rows of a suite, in its order. ``groups`` holds the groups that have a target here, in XTREME's order."""

    suite: SuiteGrid
    groups: Mapping[str, tuple[TargetInfo, ...]]
    rows: tuple[Row, ...]

    def missing(self) -> Iterator[Missing]:
        """Every cell without a result, in the order of the page."""
        for row in self.rows:
            yield from row.scores.average.missing


def mean(values: Sequence[float | None]) -> float | None:
    """The mean of the values, or None if one of them is missing (or there are none)."""
    there = [value for value in values if value is not None]
    return math.fsum(there) / len(there) if there and len(there) == len(values) else None


def spread(values: Sequence[float | None]) -> float | None:
    """The standard deviation (n - 1) of two or more values, or None if one of them is missing."""
    there = [value for value in values if value is not None]
    return statistics.stdev(there) if len(there) == len(values) and len(there) > 1 else None


def build_board(folder: ResultsFolder) -> Board:
    """Aggregate a results folder."""
    suite = folder.suite
    groups = {
        group: members
        for group in GROUPS
        if (members := tuple(target for target in suite.targets if target.group == group))
    }
    rows = tuple(
        Row(backbone=backbone, recipe=recipe, scores=_line(folder, groups, backbone.name, recipe.name))
        for backbone in suite.backbones
        for recipe in suite.recipes
    )
    return Board(suite=suite, groups=groups, rows=rows)


def _line(
    folder: ResultsFolder, groups: Mapping[str, tuple[TargetInfo, ...]], backbone: str, recipe: str
) -> Line[Score]:
    targets = {target.name: _cell(folder, backbone, recipe, target.name) for target in folder.suite.targets}
    return Line(
        average=_over_targets(list(targets.values())),
        groups={name: _over_targets([targets[target.name] for target in members]) for name, members in groups.items()},
        targets=targets,
    )


def _cell(folder: ResultsFolder, backbone: str, recipe: str, target: str) -> Score:
    keys = [CellKey(backbone, recipe, target, seed) for seed in folder.suite.seeds]
    results = [folder.results.get(key) for key in keys]
    there = [result for result in results if result is not None]
    per_seed = tuple(None if result is None else result.score for result in results)
    marks = {mark for result in there for mark in result.marks}
    if len(there) == len(keys) and nowhere_above_baseline(there):
        marks.add(AT_BASELINE)
    return Score(
        value=mean(per_seed),
        member="seed",
        present=len(there),
        expected=len(keys),
        per_seed=per_seed,
        missing=tuple(_missing(folder, key) for key, result in zip(keys, results, strict=True) if result is None),
        marks=tuple(sorted(marks)),
    )


def _missing(folder: ResultsFolder, key: CellKey) -> Missing:
    gap = folder.gaps.get(key)
    if gap is None:
        reason = "The results folder has neither a result nor a recorded cause."
        return Missing(cell=key, outcome="absent", stage="unknown", failure="no-record", reason=reason)
    return Missing(cell=key, outcome=gap.outcome, stage=gap.stage, failure=gap.failure, reason=gap.reason)


def _over_targets(members: Sequence[Score]) -> Score:
    seeds = zip(*(member.per_seed for member in members), strict=True)
    return Score(
        value=mean([member.value for member in members]),
        member="target",
        present=sum(member.value is not None for member in members),
        expected=len(members),
        per_seed=tuple(mean(values) for values in seeds),
        missing=tuple(missing for member in members for missing in member.missing),
        marks=tuple(sorted({mark for member in members for mark in member.marks})),
    )
