"""What was found out, as values: of every split each source that is there, of every training what it keeps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from harness.data.checking.facts import RowFacts


@dataclass(kw_only=True)
class SourceReport:
    """One source of a split.

    Attributes:
        name: the release's first file pattern, or the hub's data set and configuration.
        differs: what the spec says it has otherwise than the others.
        read: whether a run reads this one.
        languages: what is there, by language.
    """

    kind: Literal["release", "hub"]
    name: str
    differs: str | None = None
    read: bool = False
    languages: dict[str, RowFacts] = field(default_factory=dict)


@dataclass(kw_only=True)
class SplitReport:
    """One split of one task.

    Attributes:
        wanted: the languages in which it is read.
        missing: those of them in which no source is there.
        own: whether a suite itself names the files.
        published: rows in all these languages together, where somebody says it of each.
        sources: those that are there, at least in one language, in the spec's order.
    """

    task: str
    title: str
    split: str
    type: str
    wanted: tuple[str, ...]
    missing: tuple[str, ...]
    own: bool
    published: int | None
    sources: list[SourceReport]


@dataclass(kw_only=True)
class TrainingReport:
    """What trains, and what is taken away from it.

    Attributes:
        targets: titles of the targets that train on it; none: it is an intermediate task.
        held_out: the share of training units that selects, where the validation split does not.
        lacking: what is not there, a sentence, where nothing can be said.
        splits: of ``train`` and ``validation`` the counts that ``prepare`` writes in ``report.json``.
    """

    task: str
    title: str
    targets: tuple[str, ...]
    held_out: float | None
    lacking: str | None = None
    splits: dict[str, dict[str, Any]] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Overlap:
    """Rows of a split that also stand in a scored one.

    Attributes:
        split: ``train`` or ``validation`` of the task.
        scored: the target.
        rows: of the split, that share a passage with it; with a target of another type, a whole sentence.
        removed: whether ``prepare`` takes them out: it does where the target is of the same type.
    """

    task: str
    split: str
    scored: str
    rows: int
    of: int
    removed: bool


@dataclass(kw_only=True)
class Report:
    """All that one call found out.

    Attributes:
        failures: checks that do not hold, a sentence each.
        notes: what to know beside, likewise.
        scored: targets whose scored split is there, so that overlap with it could be looked for, and those without.
    """

    folder: str
    tasks: Sequence[Mapping[str, Any]]
    splits: list[SplitReport] = field(default_factory=list)
    trainings: list[TrainingReport] = field(default_factory=list)
    overlaps: list[Overlap] = field(default_factory=list)
    scored: dict[str, bool] = field(default_factory=dict)
    failures: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def to_json(self) -> dict[str, Any]:
        """As JSON values."""
        return asdict(self) | {"holds": not self.failures}
