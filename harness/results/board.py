"""Several results folders and accepted rows as one results folder, so that pages and exports need to know of one alone.

Nothing is averaged or chosen here. What cannot stand in one table is refused: a target with other languages, another
metric or other labels; a backbone or recipe that two folders describe differently; a result that is there twice.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, TypeVar

from harness.context import Progress
from harness.files import read_json
from harness.results.cells import STAGES_SCHEMA, write_json
from harness.results.diff import STAGES_FILE
from harness.results.findings import compare
from harness.results.submission.accepted import row_files, row_results
from harness.results.submission.submission import labels_digest
from leaderboard.read import CellKey, ResultsFolder, read_results
from leaderboard.results import BackboneInfo, Gaps, RecipeInfo, SuiteGrid, TargetInfo
from leaderboard.stats import compute
from leaderboard.stats.settings import Settings
from tasks.errors import UserError

InfoT = TypeVar("InfoT", BackboneInfo, RecipeInfo, TargetInfo)


def build_board(results: Sequence[Path], accepted: Path | None, out: Path, told: Progress) -> bool:
    """Write one results folder of all that is named, with its statistics where every result has its counts.

    Args:
        results: results folders.
        accepted: folder of accepted rows.
        out: a new folder.
        told: told how far the statistics are.

    Returns:
        Whether there are statistics.

    Raises:
        UserError: nothing is named, one is not in order, they cannot stand in one table, or there is something in
            ``out``.
    """
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise UserError("it is there already", where=str(out), remedy="name a new folder with --out")
    with board(results, accepted, single=False) as found:
        folder = read_results(found)
        counted = bool(folder.results) and all((found / key.units_path()).is_file() for key in folder.results)
        if counted:
            compute.write(*compute.of_folder(found, Settings(), told), found)
        out.parent.mkdir(parents=True, exist_ok=True)
        shutil.copytree(found, out, dirs_exist_ok=True)
    return counted


@contextmanager
def board(results: Sequence[Path], accepted: Path | None = None, *, single: bool = True) -> Iterator[Path]:
    """One results folder of all that is named, for as long as the block runs.

    A single results folder is itself, with whatever else lies in it, unless ``single`` says no.

    Raises:
        UserError: nothing is named, one is not in order, or they cannot stand in one table.
    """
    if single and len(results) == 1 and accepted is None:
        yield results[0]
        return
    with ExitStack() as stack:
        rows = row_files(accepted) if accepted is not None else []
        sources = [(str(path), path) for path in results]
        sources += [(str(path), stack.enter_context(row_results(path))) for path in rows]
        if not sources:
            raise UserError(
                "there are no results to show",
                where=str(accepted) if accepted is not None else "--results",
                remedy="name a results folder, or accept a row first",
            )
        out = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="codestilts-board-"))) / "board"
        join(sources, out)
        yield out


def join(sources: Sequence[tuple[str, Path]], out: Path) -> None:
    """Write a results folder of several: their names for sentences, and where they are. The first gives the title."""
    folders = [(name, path, read_results(path)) for name, path in sources]
    suite = _joined_suite([(name, folder) for name, _, folder in folders])
    _require_same_labels([(name, folder) for name, _, folder in folders])
    suite = suite.model_copy(update={"origins": _row_origins([folder for _, _, folder in folders])})
    out.mkdir(parents=True)
    origins: dict[CellKey, tuple[str, Path]] = {}
    stages: dict[str, Any] = {}
    for name, path, folder in folders:
        stages |= _stages(path)
        for key, result in folder.results.items():
            if key in origins:
                _require_same(key, *origins[key], name, path)
                continue
            origins[key] = (name, path)
            target = out / key.path()
            target.parent.mkdir(parents=True, exist_ok=True)
            if result.suite == suite.name:
                shutil.copyfile(path / key.path(), target)
            else:
                write_json(target, result.model_copy(update={"suite": suite.name}).model_dump(by_alias=True))
            if (path / key.units_path()).is_file():
                shutil.copyfile(path / key.units_path(), out / key.units_path())
    gaps = {key: gap for _, _, folder in folders for key, gap in folder.gaps.items() if key not in origins}
    write_json(out / "suite.json", suite.model_dump(by_alias=True))
    write_json(out / "gaps.json", Gaps(gaps=tuple(gaps[key] for key in sorted(gaps))).model_dump(by_alias=True))
    write_json(out / STAGES_FILE, {"schema": STAGES_SCHEMA, "stages": stages})


def _joined_suite(folders: Sequence[tuple[str, ResultsFolder]]) -> SuiteGrid:
    first_name, first = folders[0]
    for name, folder in folders[1:]:
        if folder.suite.miniature != first.suite.miniature:
            raise UserError(
                "generated data and real data cannot stand in one table",
                where=f"{first_name} and {name}",
                remedy="build a site of each",
            )
    return first.suite.model_copy(
        update={
            "backbones": _union([(name, "backbone", folder.suite.backbones) for name, folder in folders]),
            "recipes": _union([(name, "recipe", folder.suite.recipes) for name, folder in folders]),
            "targets": _union([(name, "target", folder.suite.targets) for name, folder in folders]),
            "seeds": tuple(sorted({seed for _, folder in folders for seed in folder.suite.seeds})),
            "notes": tuple(dict.fromkeys(note for _, folder in folders for note in folder.suite.notes)),
        }
    )


def _row_origins(folders: Sequence[ResultsFolder]) -> dict[str, tuple[str, ...]]:
    """The suites that each row comes from; nothing where there is one suite, whose name all rows share."""
    found: dict[str, set[str]] = {}
    for folder in folders:
        for key in (*folder.results, *folder.gaps):
            suites = folder.suite.suites_of(key.backbone, key.recipe)
            found.setdefault(f"{key.backbone}/{key.recipe}", set()).update(suites)
    if len({name for names in found.values() for name in names}) == 1:
        return {}
    return {row: tuple(sorted(found[row])) for row in sorted(found)}


def _union(parts: Sequence[tuple[str, str, tuple[InfoT, ...]]]) -> tuple[InfoT, ...]:
    """Every entry once, in the order in which they come; entries of one name must be equal."""
    found: dict[str, tuple[str, InfoT]] = {}
    for origin, kind, entries in parts:
        for entry in entries:
            first, known = found.setdefault(entry.name, (origin, entry))
            difference = next(compare("", known.model_dump(mode="json"), entry.model_dump(mode="json")), None)
            if difference is not None:
                raise UserError(
                    f"{kind} {entry.name!r} is described differently: {difference.field} is {difference.claimed} in "
                    f"the first, {difference.found} in the second",
                    where=f"{first} and {origin}",
                    remedy="bring both to one version of its spec, or build a site of each",
                )
    return tuple(entry for _, entry in found.values())


def _require_same_labels(folders: Sequence[tuple[str, ResultsFolder]]) -> None:
    """Results of one target must have been scored against the same labels to stand in one column."""
    known: dict[str, tuple[str, str]] = {}
    for name, folder in folders:
        for key, result in sorted(folder.results.items()):
            digest = labels_digest(result, key.target)
            if digest is None:
                continue
            first, known_digest = known.setdefault(key.target, (name, digest))
            if known_digest != digest:
                raise UserError(
                    f"{key.target} was scored against other labels (digest {known_digest[:12]} in the first, "
                    f"{digest[:12]} in the second)",
                    where=f"{first} and {name}",
                    remedy="score both on the same release files and limits, or build a site of each",
                )


def _require_same(key: CellKey, first: str, one: Path, second: str, other: Path) -> None:
    if (one / key.path()).read_bytes() != (other / key.path()).read_bytes():
        raise UserError(
            f"{key} is in both, with other content", where=f"{first} and {second}", remedy="leave one of them out"
        )


def _stages(path: Path) -> dict[str, Any]:
    file = path / STAGES_FILE
    if not file.is_file():
        return {}  # a row without its archive, or results of another tool
    try:
        found: dict[str, Any] = read_json(file)["stages"]
    except (ValueError, KeyError, TypeError) as error:
        raise UserError("it is not readable", where=str(file), remedy="restore it") from error
    return found
