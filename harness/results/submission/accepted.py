"""Accepted rows: of each one file to review, beside it the archive that it stands on.

    ACCEPTED/SUITE/BACKBONE/RECIPE.json     the row: its part of the grid and every result, scores first
    ACCEPTED/SUITE/BACKBONE/RECIPE.zip      its submission: predictions, counts, provenance

The file holds what a reader judges a row by, and is made from the archive alone, so the two can be compared at any
time. Without the archive (kept elsewhere, say) the row still stands on the board, without what needs counts per unit.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from harness.files import atomic_path, read_json
from harness.results.cells import write_json
from harness.results.evidence import Unpacked
from harness.results.findings import Finding, compare, refused
from harness.results.submission.submission import RESULTS, RowName, opened, pack
from leaderboard.json_text import layered_json
from leaderboard.read import load, read_results
from leaderboard.results import Gap, Gaps, Result, SuiteGrid
from tasks.errors import UserError

ROW_SCHEMA = "codestilts.row/1"
_DEPTH = 4  # a line a language


class AcceptedRow(BaseModel):
    """One accepted row."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    schema_: Literal["codestilts.row/1"] = Field(default="codestilts.row/1", alias="schema")
    archive: str  # its name, in the same folder
    digest: str  # of the submission's content
    grid: SuiteGrid  # this row's part of the suite
    results: tuple[Result, ...]
    gaps: tuple[Gap, ...] = ()


def accept(root: Path, rows: tuple[RowName, ...], into: Path, *, replace: bool = False) -> list[Path]:
    """Put every row of an unpacked, verified submission among the accepted ones; the files written.

    Args:
        root: the unpacked submission.
        rows: of it.
        into: folder of accepted rows.
        replace: rows that are there already.

    Raises:
        UserError: a row is there already with other content.
    """
    suite = read_results(root / RESULTS).suite.name
    planned = {row: into / suite / row.backbone / f"{row.recipe}.json" for row in rows}
    written: list[Path] = []
    with tempfile.TemporaryDirectory(prefix="codestilts-accept-") as name:
        for number, (row, path) in enumerate(planned.items()):
            archive = Path(name) / str(number) / path.with_suffix(".zip").name
            packed = pack(root / RESULTS, Unpacked(root), [row], archive, partial=True)
            record = _row_of(archive, packed.digest)
            text = layered_json(record, _DEPTH) + "\n"
            if path.is_file() and path.read_text(encoding="utf-8") != text and not replace:
                raise UserError(
                    f"row {str(row)!r} was accepted before, with other content",
                    where=str(path),
                    remedy="say --replace if the new one is to take its place",
                )
            (archive.parent / "row.json").write_text(text, encoding="utf-8")
        for number, path in enumerate(planned.values()):  # all or none: what can be refused was
            path.parent.mkdir(parents=True, exist_ok=True)
            source = Path(name) / str(number)
            _put(source / path.with_suffix(".zip").name, path.with_suffix(".zip"))
            _put(source / "row.json", path)
            written.append(path)
    return written


def is_row_file(path: Path) -> bool:
    """Whether a file is that of an accepted row."""
    if path.suffix != ".json" or not path.is_file():
        return False
    try:
        record = read_json(path)
    except (OSError, ValueError):
        return False
    return isinstance(record, dict) and str(record.get("schema", "")).startswith("codestilts.row/")


def row_files(accepted: Path) -> list[Path]:
    """The files of all accepted rows, sorted.

    Raises:
        UserError: there is no such folder.
    """
    if not accepted.is_dir():
        raise UserError("there is no such folder of accepted rows", where=str(accepted))
    return [path for path in sorted(accepted.glob("*/*/*.json")) if is_row_file(path)]


def read_row(path: Path) -> AcceptedRow:
    """The file of an accepted row.

    Raises:
        UserError: it is not as it should be, or not in its place.
    """
    row = load(path.parent, Path(path.name), AcceptedRow, ROW_SCHEMA)
    if len(row.grid.backbones) != 1 or len(row.grid.recipes) != 1:
        raise UserError("it is of more than one row", where=f"{path}, field grid", remedy="accept the submission again")
    place = Path(row.grid.name, row.grid.backbones[0].name, f"{row.grid.recipes[0].name}.json")
    if path.resolve().parts[-3:] != place.parts:
        raise UserError(f"its place is {place}", where=str(path), remedy="move it")
    return row


def check_row(path: Path) -> tuple[list[Finding], Path | None]:
    """What a row's file says beside what its archive holds; and the archive, if it is there."""
    try:
        row = read_row(path)
    except UserError as error:
        return [refused(error)], None
    archive = path.with_suffix(".zip")
    if not archive.is_file():
        return [], None
    try:
        again = _row_of(archive, None)
    except UserError as error:
        return [refused(error)], None
    found = list(compare(path.name, row.model_dump(mode="json", by_alias=True), again))
    if not found and path.read_text(encoding="utf-8") != layered_json(again, _DEPTH) + "\n":
        found.append(Finding(file=path.name, field="", claimed=None, found="it is not written as 'submit accept' does"))
    return found, archive


@contextmanager
def row_results(path: Path) -> Iterator[Path]:
    """A results folder of one accepted row, with counts per unit if its archive is there.

    Raises:
        UserError: the file or the archive is not in order, or they are at odds.
    """
    archive = path.with_suffix(".zip")
    if archive.is_file():
        findings, _ = check_row(path)
        if findings:
            raise UserError(f"it is at odds with its archive: {findings[0]}", where=str(path), remedy="accept it again")
        with opened(archive) as (root, _record):
            yield root / RESULTS
        return
    row = read_row(path)
    with tempfile.TemporaryDirectory(prefix="codestilts-row-") as name:
        root = Path(name)
        write_json(root / "suite.json", row.grid.model_dump(by_alias=True))
        write_json(root / "gaps.json", Gaps(gaps=row.gaps).model_dump(by_alias=True))
        for result in row.results:
            place = root / result.backbone / result.recipe / f"{result.target}-s{result.seed}.json"
            place.parent.mkdir(parents=True, exist_ok=True)
            write_json(place, result.model_dump(by_alias=True))
        yield root


def _row_of(archive: Path, digest: str | None) -> dict[str, Any]:
    """The row's file, from its archive."""
    with opened(archive) as (root, submission):
        folder = read_results(root / RESULTS)
        row = AcceptedRow(
            archive=archive.name,
            digest=digest or submission.digest,
            grid=folder.suite,
            results=tuple(folder.results[key] for key in sorted(folder.results)),
            gaps=tuple(folder.gaps[key] for key in sorted(folder.gaps)),
        )
    return row.model_dump(mode="json", by_alias=True)


def _put(source: Path, target: Path) -> None:
    with atomic_path(target) as part:
        shutil.copyfile(source, part)
