"""The log of a board: rows added, changed and withdrawn between builds, each with its reason.

``log.json`` of a site holds every entry so far and a snapshot of the rows. The next build compares its rows with that
snapshot. The same results over the same log give the same log: an entry is added only where something changed.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from leaderboard.provenance import stages_of
from leaderboard.read import CellKey, ResultsFolder
from leaderboard.results import Result
from leaderboard.scores import Board, Row, Score
from leaderboard.words import DASH, points, signed
from tasks.errors import UserError

LOG_FILE = "log.json"
LOG_SCHEMA = "codestilts.log/1"
#: Phases in the order in which they stand on each other, with what another key of theirs means.
_PHASES = {
    "fetch": "other downloads",
    "prepare": "other data, or other code that prepares it",
    "convert": "other weights, or other code that reads them",
    "pretrain": "another further pretraining",
    "intermediate": "another intermediate training",
    "finetune": "another fine-tuning",
    "predict": "other prediction code or environment",
    "retrieve": "other retrieval code or environment",
    "score": "another scorer",
}
#: More targets than this are counted, not listed.
_LISTED = 4
NO_REASON = "no reason was given"


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class CellSnapshot(_Model):
    """One cell as it was: its score, or the cause of its gap, and by phase a digest of the stages behind it.

    ``languages`` is a digest of the scores by language, to tell of such as moved while their mean stood still; logs of
    earlier versions have none.
    """

    score: float | None = None
    gap: str = ""
    languages: str = ""
    stages: dict[str, str] = Field(default_factory=dict)
    bytes_: str = Field(default="", alias="bytes")


class RowSnapshot(_Model):
    """A row as it was. Cells go by target and seed, ``xnli-s1``."""

    backbone: str
    recipe: str
    average: float | None
    cells: dict[str, CellSnapshot]


class Change(_Model):
    """One row that was added, changed or withdrawn."""

    kind: Literal["added", "changed", "withdrawn"]
    backbone: str
    recipe: str
    before: float | None = None
    after: float | None = None
    reason: str


class Build(_Model):
    """One build in which something changed. ``results`` is the digest of its rows."""

    number: int
    suite: str
    results: str
    rows: int
    changes: tuple[Change, ...]


class Log(_Model):
    """``log.json``."""

    schema_: Literal["codestilts.log/1"] = Field(default="codestilts.log/1", alias="schema")
    builds: tuple[Build, ...] = ()
    rows: tuple[RowSnapshot, ...] = ()


def read_log(path: Path) -> Log:
    """The log of an earlier site: its folder, or the file itself. An empty one where there is none.

    Raises:
        UserError: the file is there and is not a log.
    """
    file = path / LOG_FILE if path.is_dir() else path
    if not file.is_file():
        return Log()
    try:
        return Log.model_validate_json(file.read_bytes())
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "the whole file"
        raise UserError(first["msg"], where=f"{file}, field {where}", remedy="name another one, or none") from error


def extended(log: Log, board: Board, folder: ResultsFolder, reasons: Mapping[str, str]) -> Log:
    """Return the log, with a new entry if anything changed.

    Args:
        log: of the build before.
        board: as it is now.
        folder: its results.
        reasons: given reasons, by ``BACKBONE/RECIPE``; they take precedence over those derived from the stages. They
            may also explain a row that the last build withdrew without a reason.
    """
    log = _answered(log, reasons)
    rows = tuple(sorted((_snapshot(folder, row) for row in board.rows), key=lambda row: (row.backbone, row.recipe)))
    before = {(row.backbone, row.recipe): row for row in log.rows}
    after = {(row.backbone, row.recipe): row for row in rows}
    changes = []
    for name in sorted(before.keys() | after.keys()):
        said = reasons.get("/".join(name), "")
        change = _change(before.get(name), after.get(name), said)
        if change is not None:
            changes.append(change)
    if not changes:
        return log.model_copy(update={"rows": rows})
    build = Build(
        number=len(log.builds) + 1,
        suite=board.suite.name,
        results=_digest(rows),
        rows=len(rows),
        changes=tuple(changes),
    )
    return log.model_copy(update={"builds": (*log.builds, build), "rows": rows})


def unexplained(log: Log) -> tuple[str, ...]:
    """Rows that the last build withdrew without a reason, as ``BACKBONE/RECIPE``."""
    return tuple(
        f"{one.backbone}/{one.recipe}"
        for build in log.builds[-1:]
        for one in build.changes
        if one.kind == "withdrawn" and one.reason == NO_REASON
    )


def unused(log: Log, reasons: Mapping[str, str]) -> tuple[str, ...]:
    """Reasons for rows of which the last build tells nothing."""
    told = {f"{one.backbone}/{one.recipe}" for build in log.builds[-1:] for one in build.changes}
    return tuple(sorted(reasons.keys() - told))


def _answered(log: Log, reasons: Mapping[str, str]) -> Log:
    asked = set(unexplained(log)) & reasons.keys()
    if not asked:
        return log
    last = log.builds[-1]
    changes = tuple(
        one.model_copy(update={"reason": reasons[name]}) if (name := f"{one.backbone}/{one.recipe}") in asked else one
        for one in last.changes
    )
    return log.model_copy(update={"builds": (*log.builds[:-1], last.model_copy(update={"changes": changes}))})


def log_json(log: Log) -> str:
    """The file's text, one build and one row a line."""
    record = log.model_dump(mode="json", by_alias=True)
    lines = [
        f'"{name}": ['
        + ",".join("\n" + json.dumps(one, ensure_ascii=False, sort_keys=True) for one in record[name])
        + "\n]"
        for name in ("builds", "rows")
    ]
    return f'{{\n"schema": "{LOG_SCHEMA}",\n' + ",\n".join(lines) + "\n}\n"


def _digest(rows: Sequence[RowSnapshot]) -> str:
    text = json.dumps([row.model_dump(mode="json", by_alias=True) for row in rows], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def _snapshot(folder: ResultsFolder, row: Row) -> RowSnapshot:
    cells = {
        f"{target.name}-s{seed}": _cell(
            folder.results.get(CellKey(row.backbone.name, row.recipe.name, target.name, seed)),
            row.scores.targets[target.name],
            seed,
        )
        for target in folder.suite.targets
        for seed in folder.suite.seeds
    }
    average = row.scores.average.value
    return RowSnapshot(backbone=row.backbone.name, recipe=row.recipe.name, average=average, cells=cells)


def _cell(result: Result | None, score: Score, seed: int) -> CellSnapshot:
    if result is None:
        missing = next(one for one in score.missing if one.cell.seed == seed)
        return CellSnapshot(gap=f"{missing.outcome}: {missing.failure}")
    found: dict[str, list[str]] = {}
    digests = []
    for stage in stages_of([result]):
        found.setdefault(stage.phase, []).append(stage.key)
        digests.append(stage.digest)
    return CellSnapshot(
        score=result.score,
        languages=_short([f"{code} {one.score!r}" for code, one in result.languages.items()]),
        stages={phase: _short(keys) for phase, keys in sorted(found.items())},
        bytes=_short(digests) if digests else "",
    )


def _short(texts: Sequence[str]) -> str:
    return hashlib.sha256("\n".join(sorted(texts)).encode()).hexdigest()[:12]


def _change(before: RowSnapshot | None, after: RowSnapshot | None, said: str) -> Change | None:
    if before is None:
        assert after is not None
        return Change(
            kind="added", backbone=after.backbone, recipe=after.recipe, after=after.average,
            reason=said or "new on the board",
        )  # fmt: skip
    if after is None:
        return Change(
            kind="withdrawn", backbone=before.backbone, recipe=before.recipe, before=before.average,
            reason=said or NO_REASON,
        )  # fmt: skip
    causes = [cause for name in before.cells | after.cells if (cause := _cause(name, before, after))]
    if not causes:
        return None
    told = "; ".join(causes[:_LISTED])
    told += f"; and {len(causes) - _LISTED} more" if len(causes) > _LISTED else ""
    return Change(
        kind="changed", backbone=after.backbone, recipe=after.recipe, before=before.average, after=after.average,
        reason=f"{said} ({told})" if said else told,
    )  # fmt: skip


def _cause(name: str, before: RowSnapshot, after: RowSnapshot) -> str:
    """Describe the change of one cell and its cause; empty if the score is unchanged."""
    old, new = before.cells.get(name), after.cells.get(name)
    if old is None or new is None:
        return f"{name}: {'no longer scored in this suite' if new is None else 'newly scored in this suite'}"
    if old.score is None or new.score is None:
        if (old.score, old.gap) == (new.score, new.gap):
            return ""
        shown = [DASH if one.score is None else points(one.score) for one in (old, new)]
        why = f" ({new.gap})" if new.gap else ""
        return f"{name}: {shown[0]} became {shown[1]}{why}"
    if old.score != new.score:
        return f"{name}: {signed(new.score - old.score)}, {_why(old, new)}"
    if old.languages and new.languages and old.languages != new.languages:
        return f"{name}: the same mean of other scores by language, {_why(old, new)}"
    return ""


def _why(old: CellSnapshot, new: CellSnapshot) -> str:
    """Return the first phase with different stages, the cause of all later differences."""
    for phase, words in _PHASES.items():
        if old.stages.get(phase) != new.stages.get(phase):
            return words
    if old.bytes_ != new.bytes_:
        return "the same stages left other bytes"
    return "the stages behind it are the same, so the file itself was changed"
