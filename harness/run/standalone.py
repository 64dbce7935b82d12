"""One target of retrieval with one checkpoint, outside a suite: the same phases, in a folder of their own."""

from __future__ import annotations

import json
import shutil
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.context import Progress
from harness.data.release import ReleaseFiles
from harness.data.splits import retrieval_rows, tuning
from harness.files import file_digest
from harness.plan import parameters
from harness.plan.stage import Phase
from harness.run.outside import Do, Work, do_here
from harness.specs.task import TaskSpec
from tasks.errors import UserError

#: What is done, each perhaps several times.
PHASES = (Phase.PREPARE, Phase.RETRIEVE, Phase.SCORE)
#: Fractions of the work at which preparing ends and scoring begins.
_PREPARED, _RETRIEVED = 0.05, 0.97


@dataclass(frozen=True, kw_only=True)
class Evaluation:
    """What was found.

    Attributes:
        languages: by language its score, metrics, rows and units, in the task's order.
        details: the choice of the reading with its curve; for bitext mining the thresholds.
        curves: by language of the sample the curve of its scores; empty if nothing was chosen.
        without_files: languages of the task that the data has no files of.
        complete: whether every language of the task is there, or every one that was asked for by name.
    """

    languages: dict[str, dict[str, Any]]
    details: dict[str, Any]
    curves: dict[str, Any]
    without_files: tuple[str, ...]
    complete: bool

    @property
    def mean(self) -> float | None:
        """The mean score, if nothing is missing from it."""
        scores = [found["score"] for found in self.languages.values()]
        return sum(scores) / len(scores) if self.complete else None

    def to_json(self) -> dict[str, Any]:
        """All of it."""
        return {
            "mean": self.mean,
            "languages": self.languages,
            "details": self.details,
            "curves": self.curves,
            "without_files": list(self.without_files),
        }


def evaluate(
    task: TaskSpec,
    checkpoint: Path,
    data: Path,
    out: Path,
    *,
    languages: Sequence[str] = (),
    limit: int | None = None,
    max_length: int = 512,
    threads: int = 1,
    device: str = "cpu",
    precision: str = "fp32",
    progress: Progress,
    do: Do = do_here,
) -> Evaluation:
    """Prepare, retrieve and score what the data has of a target.

    Args:
        task: of a type without training.
        checkpoint: its folder.
        data: a folder of release files, or the very folder that the task's files lie in.
        out: an empty folder for all artifacts.
        languages: those to score; all that have files if empty.
        limit: sentences a language, of both sides together, in the sample too; None: all.
        max_length: most pieces of a sentence; the backbone may allow less.
        threads: compute threads; results differ in their last digits between counts.
        device: ``cpu`` or ``cuda``.
        precision: ``fp32`` or ``bf16``.
        progress: told how far it is.
        do: does one phase, here or in a container.

    Raises:
        UserError: no language has files, or one that was asked for has none.
    """
    root = _root(task, data, out)
    use, own = retrieval_rows(task, root, languages)
    dev = tuning(use, own)
    sample = own if own is not None and dev == "sample" else use
    digests = {path: file_digest(root / path) for path in [*use.paths, *sample.paths]}

    if do is not do_here:
        root = _real(root, digests, out)

    def stage(name: str) -> Path:
        folder = out / name
        folder.mkdir(parents=True)
        return folder

    roles = {"inputs": (use, "inputs"), "labels": (use, "labels")}
    if dev == "sample":
        roles |= {"dev": (sample, "inputs"), "dev_labels": (sample, "labels")}
    made: dict[str, Path] = {}
    for number, (role, (split, kind)) in enumerate(roles.items()):
        start = _PREPARED * number / len(roles)
        made[role] = stage(role)
        params = parameters.scored(task, split, kind, digests, limit)  # type: ignore[arg-type]
        do(
            Work(phase=Phase.PREPARE, params=params, inputs={}, data=root, out=made[role]),
            _part(progress, start, _PREPARED),
        )
    if dev == "scored":
        made |= {"dev": made["inputs"], "dev_labels": made["labels"]}
    known = parameters.identity(task) | {"max_length": max_length}
    scored = use.languages
    answers = stage("retrieved")
    do(
        Work(
            phase=Phase.RETRIEVE,
            params=parameters.retrieval(known, scored, dev, sample.languages),
            inputs={"checkpoint": checkpoint, **{role: made[role] for role in made if role != "labels"}},
            out=answers,
            threads=threads,
            device=device,
            precision=precision,
        ),
        _part(progress, _PREPARED, _RETRIEVED),
    )
    scores = stage("scored")
    do(
        Work(
            phase=Phase.SCORE,
            params=parameters.scoring(task, "predictions", scored),
            inputs={"predictions": answers, "labels": made["labels"]},
            out=scores,
        ),
        _part(progress, _RETRIEVED, 1.0),
    )
    result = _json(scores / "result.json")["languages"]
    missing = tuple(language for language in task.languages if language not in scored)
    return Evaluation(
        languages={language: result[language] for language in scored},
        details=_json(answers / "details.json"),
        curves=_json(answers / "curves.json") if (answers / "curves.json").is_file() else {},
        without_files=() if languages else missing,
        complete=bool(languages) or not missing,
    )


def _root(task: TaskSpec, data: Path, out: Path) -> Path:
    """A folder below which the task's files have the names of its spec."""
    if not data.is_dir():
        raise UserError("no such folder", where=str(data), remedy="give the folder of release files with --data")
    (top,) = {pattern.split("/")[0] for split in task.splits.values() for pattern in split.files}
    if (data / top).is_dir() or (data / "hub").is_dir():
        return data
    root = out / "data"
    root.mkdir(parents=True)
    (root / top).symlink_to(data.resolve(), target_is_directory=True)
    return root


def _real(root: Path, paths: Collection[str], out: Path) -> Path:
    """The root itself, or where links lead out of it a copy of what is read, which a container sees, too."""
    if not ReleaseFiles(folder=root, paths=tuple(paths)).leading_out():
        return root
    copied = out / "files"
    for path in paths:
        (copied / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(root / path, copied / path)
    return copied


def _part(progress: Progress, start: float, end: float) -> Progress:
    return lambda fraction, note: progress(start + (end - start) * fraction, note)


def _json(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found
