"""One target of retrieval with one checkpoint, outside a suite: a small plan in a store of its own."""

from __future__ import annotations

import shutil
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from harness.data.release import ReleaseFiles
from harness.data.rows import SplitRows, retrieval_rows, tuning
from harness.files import file_digest, read_json
from harness.plan.checkpoint import tool_stage
from harness.plan.data_stages import scored_params
from harness.plan.params import RetrieveParams, ScoreParams, model_task
from harness.plan.stage import Environment, Phase, Plan, Stage
from harness.run.session import Display, open_session
from harness.runners.base import RunnerName, RunnerRequest
from harness.specs.task import TaskSpec
from harness.specs.training import Lengths
from harness.store.artifacts import Store
from harness.store.manifest import MANIFEST
from tasks.errors import UserError


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


@dataclass(frozen=True, kw_only=True)
class Request:
    """How a target is to be evaluated.

    Attributes:
        languages: those to score; all that have files if empty.
        limit: sentences a language, of both sides together, in the sample too; None: all.
        max_length: most pieces of a sentence; the backbone may allow less.
        environment: device, precision and threads; results differ in their last digits between counts of threads.
        packages: name of the packages that the backbone brings; empty for none.
        runner: in processes here, or each stage in a container.
    """

    languages: Sequence[str] = ()
    limit: int | None = None
    max_length: int = 512
    environment: Environment
    packages: str = ""
    runner: RunnerName = "local"


def evaluate(
    task: TaskSpec, checkpoint: Path, data: Path, scratch: Path, request: Request, display: Display, *, out: Path | None
) -> Evaluation:
    """Prepare, retrieve and score what the data has of a target.

    Args:
        task: of a type without training.
        checkpoint: its folder.
        data: a folder of release files, or the very folder that the task's files lie in.
        scratch: an empty folder for a store.
        request: how.
        display: shows the run.
        out: a new folder for what the stages leave, by role; None: it is not kept.

    Raises:
        UserError: no language has files, one that was asked for has none, or the files are not as their reader expects.
        NotReady: something is missing that the stages need.
        StageFailedError: a stage failed.
    """
    root = _root(task, data, scratch)
    use, own = retrieval_rows(task, root, request.languages)
    dev = tuning(use, own)
    sample = own if own is not None and dev == "sample" else use
    digests = {path: file_digest(root / path) for path in [*use.paths, *sample.paths]}
    if request.runner != "local":
        root = _real(root, digests, scratch)

    def prepare(role: str, split: SplitRows, kind: Literal["inputs", "labels"]) -> Stage:
        params = scored_params(task, split, kind, digests, request.limit)
        return tool_stage(Phase.PREPARE, f"prepare/{role}/{task.name}", params, needs_data=True)

    inputs = {"inputs": prepare("inputs", use, "inputs")}
    labels = prepare("labels", use, "labels")
    if dev == "sample":
        inputs |= {"dev": prepare("dev", sample, "inputs"), "dev_labels": prepare("dev_labels", sample, "labels")}
    elif dev == "scored":
        inputs |= {"dev": inputs["inputs"], "dev_labels": labels}
    retrieved = tool_stage(
        Phase.RETRIEVE,
        f"retrieve/{task.name}",
        RetrieveParams(
            task=model_task(task, Lengths(max_length=request.max_length)),
            languages=use.languages,
            dev=dev,
            dev_languages=None if dev == "none" else sample.languages,
        ),
        inputs=inputs,
        folders={"checkpoint": checkpoint},
        adds=request.packages,
        environment=request.environment,
    )
    scored = tool_stage(
        Phase.SCORE,
        f"score/{task.name}",
        ScoreParams.of(task, "predictions", use.languages),
        inputs={"predictions": retrieved, "labels": labels},
    )
    stages = inputs | {"labels": labels, "retrieved": retrieved, "scored": scored}
    store = Store(scratch / "store")
    plan = Plan(suite=task.name, stages=tuple({stage.key: stage for stage in stages.values()}.values()), cells=())
    with open_session(store, display, RunnerRequest(runner=request.runner)) as session:
        session.require(plan, ReleaseFiles(folder=root, paths=tuple(digests)))
    if out is not None:
        for role, stage in stages.items():
            shutil.copytree(store.folder(stage.key), out / role, ignore=shutil.ignore_patterns(MANIFEST))
    answers = store.folder(retrieved.key)
    result = read_json(store.folder(scored.key) / "result.json")["languages"]
    missing = tuple(language for language in task.languages if language not in use.languages)
    return Evaluation(
        languages={language: result[language] for language in use.languages},
        details=read_json(answers / "details.json"),
        curves=read_json(answers / "curves.json") if (answers / "curves.json").is_file() else {},
        without_files=() if request.languages else missing,
        complete=bool(request.languages) or not missing,
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
