"""One target of retrieval with one checkpoint, outside a suite: the same phases, in a folder of their own."""

from __future__ import annotations

import json
import shutil
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.context import Progress
from harness.data.locate import source_files
from harness.data.release import ReleaseFiles
from harness.data.splits import SplitUse, scored_languages, split_use, tuning_use
from harness.files import file_digest
from harness.plan import parameters
from harness.plan.stage import Phase
from harness.run.outside import Do, Work, do_here
from harness.specs.suite import StandIn, SuiteSpec, TaskLimits
from harness.specs.task import LocatedSplit, SplitName, SplitSpec, TaskSpec
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
    suite, found = _suite(task, root, languages, limit)
    dev = tuning_use(suite, found)
    use = _use(suite, found, "test")
    digests = {path: file_digest(root / path) for path in _paths(use)}
    sample = use
    if dev == "sample":
        sample = _use(suite, found, "validation")
        digests |= {path: file_digest(root / path) for path in _paths(sample)}

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
        params = parameters.scored(found, split, kind, digests, limit)  # type: ignore[arg-type]
        do(
            Work(phase=Phase.PREPARE, params=params, inputs={}, data=root, out=made[role]),
            _part(progress, start, _PREPARED),
        )
    if dev == "scored":
        made |= {"dev": made["inputs"], "dev_labels": made["labels"]}
    known = parameters.identity(found) | {"max_length": max_length}
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
            params=parameters.scoring(found, "predictions", scored),
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


def _suite(task: TaskSpec, root: Path, languages: Sequence[str], limit: int | None) -> tuple[SuiteSpec, TaskSpec]:
    """A suite of this target alone, in the languages that are there, and the task with the samples that are there."""
    unknown = [language for language in languages if language not in task.languages]
    if unknown:
        raise UserError(
            f"'{unknown[0]}' is no language of {task.name}",
            where="--languages",
            remedy=f"use some of {', '.join(task.languages)}",
        )
    stand_ins: dict[SplitName, StandIn] = {}
    there, test = _located(task, "test", task.languages, root)
    own = task.splits["validation"].languages
    sampled, validation = _located(task, "validation", own or task.languages, root)
    splits: dict[SplitName, SplitSpec] = {**task.splits, "test": test, "validation": validation}
    if own is not None:
        # Of languages of its own: as many as there are. With none, nothing is chosen.
        if sampled:
            splits["validation"] = _with_languages(splits["validation"], sampled)
        else:
            del splits["validation"]
    elif not there and sampled:
        there, stand_ins = sampled, {"test": StandIn(use="validation", why="no test files")}
    elif not set(languages or there) <= set(sampled):
        stand_ins = {"validation": StandIn(use="test", why="no files of the sample set")}
    scored = [language for language in task.languages if language in there and language in (languages or there)]
    lost = [language for language in languages if language not in there]
    if lost or not scored:
        wanted = task.splits["test"].files[0]
        what = f"there are no files of '{lost[0]}'" if lost else f"there are no files of {task.name}"
        raise UserError(what, where=str(root), remedy=f"they are named like {wanted}")
    suite = SuiteSpec(
        name=task.name,
        title=task.title,
        description="one target alone",
        backbones=("any",),
        recipes=("none",),
        targets=(task.name,),
        training="any",
        limits=TaskLimits(test=limit, validation=limit),
        task_limits={task.name: TaskLimits(languages=tuple(scored))},
        stand_ins={task.name: stand_ins} if stand_ins else {},
    )
    return suite, task.model_copy(update={"splits": splits})


def _located(
    task: TaskSpec, split: SplitName, languages: Sequence[str], root: Path
) -> tuple[list[str], SplitSpec | LocatedSplit]:
    """The languages that are there in one form of the release, or fetched from the hub, and the split in that form.

    Of several forms the one with the most languages, then the first of the spec.
    """
    spec = task.splits[split]
    paths: dict[str, tuple[str, ...]] = {}
    found: SplitSpec | LocatedSplit = spec
    for source in spec.sources():
        here = {language: source_files(source, root, language, task.codes) for language in languages}
        whole = {language: files for language, files in here.items() if files}
        if len(whole) > len(paths):
            paths = whole
            found = LocatedSplit(
                format=source.format,
                files=spec.files,
                published_rows=spec.published_rows,
                languages=spec.languages,
                differs=source.differs,
                paths=paths,
            )
    return [language for language in languages if language in paths], found


def _with_languages(split: SplitSpec, languages: Sequence[str]) -> SplitSpec:
    return split.model_copy(update={"languages": tuple(languages)})


def _use(suite: SuiteSpec, task: TaskSpec, split: SplitName) -> SplitUse:
    use = split_use(suite, task, split)
    assert use is not None, (task.name, split)
    assert split != "test" or use.languages == scored_languages(suite, task)
    return use


def _paths(use: SplitUse) -> list[str]:
    return [path for paths in use.files.values() for path in paths]


def _part(progress: Progress, start: float, end: float) -> Progress:
    return lambda fraction, note: progress(start + (end - start) * fraction, note)


def _json(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found
