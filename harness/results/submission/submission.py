"""A submission: rows of a board with all that someone else needs to check them, in one archive.

submission.json            what is in it: rows, and every file with size and SHA-256
results/                   a results folder (leaderboard.results) of these rows alone
artifacts/KEY/             of every stage behind them the manifest; of predictions every file, in XTREME's layout
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from harness import __version__
from harness.errors import StoreError
from harness.files import digest, file_digest, read_json
from harness.results.cells import STAGES_SCHEMA, Artifacts, write_json
from harness.results.diff import STAGES_FILE
from harness.results.evidence import FOLDER, kept_files
from harness.results.submission.archive import unpack, write_archive
from harness.store.manifest import MANIFEST
from leaderboard.read import CellKey, ResultsFolder, read_results
from leaderboard.results import Gaps, Result
from tasks.errors import DataError, UserError

SUBMISSION_FILE = "submission.json"
SUBMISSION_SCHEMA = "codestilts.submission/1"
RESULTS = "results"
_Digest = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class RowName(_Model):
    """One row of a board."""

    backbone: str
    recipe: str

    def __str__(self) -> str:
        return f"{self.backbone} / {self.recipe}"


class FileClaim(_Model):
    """A file of the submission."""

    size: int
    sha256: _Digest


class Submission(_Model):
    """``submission.json``. ``digest`` is that of everything else in it, so it names the content whatever packed it."""

    schema_: Literal["codestilts.submission/1"] = Field(default="codestilts.submission/1", alias="schema")
    made_by: str
    suite: str
    rows: tuple[RowName, ...]
    files: dict[str, FileClaim]
    digest: _Digest

    def content_digest(self) -> str:
        """What ``digest`` must be."""
        return digest(self.model_dump(mode="json", by_alias=True, exclude={"digest"}))


@dataclass(frozen=True, kw_only=True)
class Packed:
    """What was packed."""

    out: Path
    digest: str
    rows: tuple[RowName, ...]
    results: int
    files: int
    size: int
    left_out: tuple[str, ...]


def pack(results: Path, artifacts: Artifacts, rows: Sequence[RowName], out: Path, *, partial: bool = False) -> Packed:
    """Write rows of a results folder, with what stands behind them, as one archive. The same rows give the same bytes.

    Args:
        results: of a suite.
        artifacts: the store that its stages are in.
        rows: of the results.
        out: the archive; a file of that name is replaced.
        partial: pack rows that lack results, too.

    Raises:
        UserError: a row is not in the results, or lacks some and ``partial`` is not said.
        StoreError: an artifact behind a result is not there any more, or is damaged.
    """
    folder = read_results(results)
    chosen, left_out = _choose(folder, rows, results, partial=partial)
    if out.is_dir():
        raise UserError("it is a folder", where=str(out), remedy="name a file for the archive with --out")
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="codestilts-pack-") as name:
        scratch = Path(name)
        files = dict(_results_part(folder, results, rows, chosen, scratch))
        for key in _stage_keys(folder, chosen):
            files.update(_artifact_part(artifacts, key))
        claims = {
            path: FileClaim(size=file.stat().st_size, sha256=file_digest(file)) for path, file in sorted(files.items())
        }
        record = Submission(
            made_by=f"codestilts {__version__}",
            suite=folder.suite.name,
            rows=tuple(rows),
            files=claims,
            digest="0" * 64,
        )
        record = record.model_copy(update={"digest": record.content_digest()})
        write_json(scratch / SUBMISSION_FILE, record.model_dump(mode="json", by_alias=True))
        write_archive(out, [*files.items(), (SUBMISSION_FILE, scratch / SUBMISSION_FILE)])
    return Packed(
        out=out,
        digest=record.digest,
        rows=record.rows,
        results=len(chosen),
        files=len(files) + 1,
        size=out.stat().st_size,
        left_out=left_out,
    )


@contextmanager
def opened(path: Path) -> Iterator[tuple[Path, Submission]]:
    """An archive unpacked to a folder for as long as the block runs, or a folder that one was unpacked to.

    Raises:
        DataError: it is no submission, or not as it was packed; the file at fault is named.
    """
    if path.is_dir():
        yield path, _read(path)
        return
    with tempfile.TemporaryDirectory(prefix="codestilts-submission-") as name:
        unpack(path, Path(name))
        yield Path(name), _read(Path(name))


def _read(root: Path) -> Submission:
    """``submission.json``, after every file was compared with it."""
    path = root / SUBMISSION_FILE
    try:
        record = Submission.model_validate_json(path.read_bytes(), strict=True)
    except FileNotFoundError:
        raise DataError(f"there is no {SUBMISSION_FILE} in it", where=str(root)) from None
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"])
        where = f"{SUBMISSION_FILE}, field {field}" if field else SUBMISSION_FILE
        raise DataError(f"not as {SUBMISSION_SCHEMA} says ({first['msg']})", where=where) from None
    if record.digest != record.content_digest():
        what = f"it is {record.digest}, but the content's is {record.content_digest()}"
        raise DataError(what, where=f"{SUBMISSION_FILE}, field digest", remedy="pack the rows again")
    there = {file.relative_to(root).as_posix() for file in root.rglob("*") if file.is_symlink() or not file.is_dir()}
    odd = sorted((there - {SUBMISSION_FILE}) ^ record.files.keys())
    if odd:
        what = "it is listed, but not there"
        if odd[0] in there:
            what = "it is a link, and not listed" if (root / odd[0]).is_symlink() else "it is not listed"
        raise DataError(what, where=f"{SUBMISSION_FILE}, field files.{odd[0]}", remedy="pack the rows again")
    for name, claim in record.files.items():
        if (root / name).is_symlink():
            raise DataError("it is a link, not a file", where=name, remedy="fetch the submission again")
        found = file_digest(root / name)
        if found != claim.sha256 or (root / name).stat().st_size != claim.size:
            what = f"its SHA-256 is {found}, {SUBMISSION_FILE} says {claim.sha256} ({claim.size} bytes)"
            raise DataError(what, where=name, remedy="fetch the submission again")
    return record


def _choose(
    folder: ResultsFolder, rows: Sequence[RowName], results: Path, *, partial: bool
) -> tuple[list[CellKey], tuple[str, ...]]:
    """The results of the rows, and which are missing."""
    known = {(key.backbone, key.recipe) for key in folder.results}
    for row in rows:
        if (row.backbone, row.recipe) not in known:
            names = ", ".join(f"{backbone} / {recipe}" for backbone, recipe in sorted(known)[:4])
            more = f" and {len(known) - 4} more" if len(known) > 4 else ""  # noqa: PLR2004
            raise UserError(
                f"there is no result of row {str(row)!r} in it",
                where=str(results),
                remedy=f"it has {names}{more}" if names else "run the suite first",
            )
    there, lost = results_of(folder, rows)
    if lost and not partial:
        gap = folder.gaps.get(lost[0])
        raise UserError(
            f"{len(lost)} of {len(there) + len(lost)} results are missing, the first of {lost[0]}"
            + (f" ({gap.reason.rstrip('.')})" if gap else ""),
            where=str(results),
            remedy="run them, or say --partial: the row then shows as incomplete",
        )
    return there, tuple(map(str, lost))


def results_of(folder: ResultsFolder, rows: Iterable[RowName]) -> tuple[list[CellKey], list[CellKey]]:
    """The results that rows have, and those that they lack."""
    wanted = [
        CellKey(row.backbone, row.recipe, target.name, seed)
        for row in rows
        for target in folder.suite.targets
        for seed in folder.suite.seeds
    ]
    return [key for key in wanted if key in folder.results], [key for key in wanted if key not in folder.results]


def _results_part(
    folder: ResultsFolder, results: Path, rows: Sequence[RowName], chosen: Iterable[CellKey], scratch: Path
) -> Iterator[tuple[str, Path]]:
    """The results folder of the rows alone: results and counts byte for byte, the rest cut down to them."""
    names = {(row.backbone, row.recipe) for row in rows}
    suite = folder.suite
    grid = suite.model_copy(
        update={
            "backbones": tuple(one for one in suite.backbones if one.name in {row.backbone for row in rows}),
            "recipes": tuple(one for one in suite.recipes if one.name in {row.recipe for row in rows}),
        }
    )
    gaps = Gaps(gaps=tuple(gap for gap in folder.gaps.values() if (gap.backbone, gap.recipe) in names))
    stages = read_json(results / STAGES_FILE)["stages"]
    wanted = {key: stages[key] for key in _stage_keys(folder, chosen)}
    parts: dict[str, Any] = {
        "suite.json": grid.model_dump(by_alias=True),
        "gaps.json": gaps.model_dump(by_alias=True),
        STAGES_FILE: {"schema": STAGES_SCHEMA, "stages": wanted},
    }
    for name, value in parts.items():
        write_json(scratch / name, value)
        yield f"{RESULTS}/{name}", scratch / name
    for key in chosen:
        for path in (key.path(), key.units_path()):
            yield f"{RESULTS}/{path.as_posix()}", results / path


def _stage_keys(folder: ResultsFolder, chosen: Iterable[CellKey]) -> list[str]:
    return sorted({link["key"] for key in chosen for link in links(folder.results[key], key)})


def links(result: Result, cell: CellKey) -> list[dict[str, Any]]:
    """What a result says of the stages that it stands on.

    Raises:
        DataError: it does not say it.
    """
    found = result.provenance.get("stages")
    where = f"{cell.path().as_posix()}, field provenance.stages"
    if not isinstance(found, list) or not found:
        raise DataError("it names no stages", where=where, remedy="run the suite again")
    for number, link in enumerate(found):
        # A key becomes the name of a folder: nothing else may stand there.
        if not isinstance(link, dict) or not re.fullmatch("[0-9a-f]{64}", str(link.get("key"))):
            raise DataError("it names no stage by its key", where=f"{where}.{number}", remedy="run the suite again")
    return found


def labels_digest(result: Result, target: str) -> str | None:
    """The digest of the labels that a result was scored against, if it says so."""
    stages = result.provenance.get("stages")
    for link in stages if isinstance(stages, list) else ():
        if isinstance(link, dict) and link.get("stage") == f"prepare/labels/{target}":
            return str(link.get("digest"))
    return None


def _artifact_part(artifacts: Artifacts, key: str) -> Iterator[tuple[str, Path]]:
    held = artifacts.look(key)
    if held.manifest is None:
        raise StoreError(
            f"artifact {key[:8]} behind a result is {held.problem or 'not there any more'}",
            where=str(held.folder),
            remedy="run the suite again: what is missing is made anew",
        )
    yield f"{FOLDER}/{key}/{MANIFEST}", held.folder / MANIFEST
    for entry in kept_files(held.manifest):
        path = held.folder / entry.path
        if not path.is_file() or file_digest(path) != entry.sha256:
            what = f"{entry.path} of {held.manifest.name} is damaged or gone"
            raise StoreError(what, where=str(held.folder), remedy="run the suite again: it is made anew")
        yield f"{FOLDER}/{key}/{entry.path}", path
