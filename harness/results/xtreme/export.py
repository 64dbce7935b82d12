"""One row of a board as a submission to XTREME: what its evaluate.py reads, from the predictions in the store."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from harness.files import read_json
from harness.results.xtreme.layout import XtremeTask, xtreme_tasks
from harness.store.artifacts import Store
from leaderboard.read import CellKey, ResultsFolder, read_results
from leaderboard.results import Result
from tasks.errors import UserError
from tasks.rows import BitextSentence, read_rows
from tasks.types.files import read_lines, read_text
from tasks.types.sentences import english_rows


@dataclass(frozen=True, kw_only=True)
class Exported:
    """What was written.

    Attributes:
        languages: by task those that have a file.
        left_out: by task why it, or some of its languages, are not there.
    """

    languages: dict[str, tuple[str, ...]]
    left_out: dict[str, str]


def export_row(
    results: Path, store: Store, out: Path, *, backbone: str, recipe: str, seed: int, partial: bool = False
) -> Exported:
    """Write ``TASK/test-LANG`` files for every task of XTREME.

    Args:
        results: the suite's results folder.
        store: where the predictions are.
        out: a new folder.
        backbone: of the row.
        recipe: of the row.
        seed: of the row.
        partial: write what there is; without it anything that is missing is refused.

    Raises:
        UserError: the row is not in the results, the folder is there already, something is missing, or there is nothing
            to write.
    """
    folder = read_results(results)
    _require_row(folder, backbone, recipe, seed, results)
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise UserError("it is there already", where=str(out), remedy="name a new folder with --out")
    languages: dict[str, tuple[str, ...]] = {}
    left_out: dict[str, str] = {}
    sources: dict[str, tuple[Path, Path]] = {}
    for task in xtreme_tasks().values():
        result = folder.results.get(CellKey(backbone, recipe, task.name, seed))
        reason = _reason(folder, task, result, store)
        if result is not None and (reason is None or reason.startswith("without ")):
            languages[task.name] = tuple(language for language in task.languages if language in result.languages)
            sources[task.name] = _artifacts(task, result, store)
        if reason is not None:
            left_out[task.name] = reason
    if not languages or (left_out and not partial):
        reasons = "; ".join(f"{name}: {reason}" for name, reason in left_out.items())
        remedy = "--partial writes what there is" if languages else "run a suite with XTREME's own test sets"
        raise UserError(f"this is no whole submission: {reasons}", where=f"{backbone} / {recipe}", remedy=remedy)
    aside = out.with_name(f".{out.name}.part")
    shutil.rmtree(aside, ignore_errors=True)
    for name, found in languages.items():
        (aside / name).mkdir(parents=True)
        for language in found:
            text = submission_file(xtreme_tasks()[name], language, *sources[name])
            (aside / name / xtreme_tasks()[name].file(language)).write_text(text, encoding="utf-8", newline="\n")
    if out.exists():
        out.rmdir()
    aside.rename(out)
    return Exported(languages=languages, left_out=left_out)


def submission_file(task: XtremeTask, language: str, predictions: Path, inputs: Path) -> str:
    """One file as XTREME wants it.

    Predictions are kept in that form, two things apart. Tatoeba's stand in the order of the release, where XTREME sorts
    the English sentences (its utils_preprocess.py); TyDiQA's ids repeat there, and the first answer counts for all.
    """
    path = predictions / "predictions" / task.name / task.file(language)
    if task.name == "tatoeba":
        queries = english_rows(read_rows(inputs / f"test-{language}.jsonl", BitextSentence))
        answers = read_lines(path)
        order = sorted(range(len(queries)), key=lambda place: queries[place].text)
        return "".join(f"{answers[place]}\n" for place in order)
    text = read_text(path)
    if task.name == "tydiqa":
        answers_by_id = json.loads(text)
        kept = {
            name: answer for name, answer in answers_by_id.items() if not _renamed(name, answers_by_id.__contains__)
        }
        return json.dumps(kept, ensure_ascii=False, indent=1) + "\n"
    return text


def _renamed(name: str, known: Callable[[str], bool]) -> bool:
    """Whether an id is a repeated one that the reader made unique by ``-2``, ``-3`` and so on."""
    base, hyphen, number = name.rpartition("-")
    return bool(hyphen) and number.isdecimal() and int(number) > 1 and known(base)


def _require_row(folder: ResultsFolder, backbone: str, recipe: str, seed: int, results: Path) -> None:
    known = (
        ("backbone", backbone, [one.name for one in folder.suite.backbones]),
        ("recipe", recipe, [one.name for one in folder.suite.recipes]),
        ("seed", str(seed), [str(one) for one in folder.suite.seeds]),
    )
    for name, given, there in known:
        if given not in there:
            what = f"there is no {name} {given!r} in it"
            raise UserError(what, where=str(results), remedy=f"it has {', '.join(there)}")


def _reason(folder: ResultsFolder, task: XtremeTask, result: Result | None, store: Store) -> str | None:
    """Why a task cannot be handed in as it is, or None."""
    target = next((target for target in folder.suite.targets if target.name == task.name), None)
    if target is None:
        return "not in the suite"
    if result is None:
        return "it has no result"
    if target.scored_split != "test":
        return f"scored on its {target.scored_split} split"
    predictions, inputs = _artifacts(task, result, store)
    if not predictions.is_dir() or not inputs.is_dir():
        return "its predictions are not in the store"
    report = read_json(inputs / "report.json")
    if any(report[language]["kept"] < report[language]["read"] for language in result.languages):
        return "scored on a part of its rows"
    lost = [language for language in task.languages if language not in result.languages]
    return f"without {', '.join(lost)}" if lost else None


def _artifacts(task: XtremeTask, result: Result, store: Store) -> tuple[Path, Path]:
    """Where a result's predictions are, and the inputs they answer."""
    keys: dict[str, str] = {}
    for stage in result.provenance.get("stages", ()):
        phase, _, rest = stage["stage"].partition("/")
        if phase in ("predict", "retrieve"):
            keys["predictions"] = stage["key"]
        elif phase == "prepare" and rest == f"inputs/{task.name}":
            keys["inputs"] = stage["key"]
    return store.folder(keys.get("predictions", "none")), store.folder(keys.get("inputs", "none"))
