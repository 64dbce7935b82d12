"""Read a results folder strictly, by the models of :mod:`leaderboard.results`."""

from __future__ import annotations

import json
import os
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import from_json, to_json

from leaderboard.results import GAPS_SCHEMA, RESULT_SCHEMA, SUITE_SCHEMA, Gap, Gaps, Result, SuiteGrid
from tasks.errors import UserError

ModelT = TypeVar("ModelT", bound=BaseModel)

#: Scores may be rounded by whoever wrote them; a mean further off than this is not the mean of its languages.
MEAN_TOLERANCE = 1e-5
#: What ends a name in JSON; in a string it stands behind a backslash and is counted as well, before and after.
_NAME = re.compile(rb'"\s*:')
_CODED = b"\\u00"
#: A result lies at BACKBONE/RECIPE/FILE.
RESULT_DEPTH = 3


class CellKey(NamedTuple):
    """One cell of the grid."""

    backbone: str
    recipe: str
    target: str
    seed: int

    def path(self) -> Path:
        """Where its result lies, relative to the results folder."""
        return Path(self.backbone, self.recipe, f"{self.target}-s{self.seed}.json")

    def units_path(self) -> Path:
        """Where its counts per unit lie, relative to the results folder."""
        return Path(self.backbone, self.recipe, f"{self.target}-s{self.seed}.units.json")

    def __str__(self) -> str:
        return f"{self.backbone} / {self.recipe} / {self.target}, seed {self.seed}"


@dataclass(frozen=True, kw_only=True)
class ResultsFolder:
    """A results folder in memory. A cell of the grid is in ``results``, in ``gaps``, or in neither (never in both)."""

    suite: SuiteGrid
    results: Mapping[CellKey, Result]
    gaps: Mapping[CellKey, Gap]


def read_results(results: Path) -> ResultsFolder:
    """Read and check a results folder.

    Raises:
        UserError: there is no such folder, or a file in it is unreadable, of another schema version, twice there,
            in the wrong place, or at odds with ``suite.json``; the file and field are named.
    """
    if not results.is_dir():
        raise UserError("there is no such results folder", where=str(results), remedy="run a suite first")
    if not (results / "suite.json").is_file():
        raise UserError("there is no suite.json in it", where=str(results), remedy="name the folder that a run wrote")
    suite = load(results, Path("suite.json"), SuiteGrid, SUITE_SCHEMA)
    _check_suite(suite)
    cells = frozenset(_cells(suite))
    found: dict[CellKey, Result] = {}
    languages = {target.name: target.languages for target in suite.targets}
    for path in _result_files(results):
        result = load(results, path, Result, RESULT_SCHEMA)
        key = _check_result(path, result, suite.name, cells, languages)
        found[key] = result
    return ResultsFolder(suite=suite, results=found, gaps=_read_gaps(results, cells, found))


def _cells(suite: SuiteGrid) -> Iterator[CellKey]:
    for backbone in suite.backbones:
        for recipe in suite.recipes:
            for target in suite.targets:
                for seed in suite.seeds:
                    yield CellKey(backbone.name, recipe.name, target.name, seed)


def _result_files(results: Path) -> list[Path]:
    """Paths of result files, relative and sorted. Files in the folder of ``suite.json`` are ignored."""
    found: set[Path] = set()
    units: set[Path] = set()
    for folder, names, files in os.walk(results):
        names[:] = [name for name in names if not name.startswith(".")]
        for path in (Path(folder, name).relative_to(results) for name in files if name.endswith(".json")):
            if len(path.parts) == 1:
                continue
            if len(path.parts) != RESULT_DEPTH:
                raise UserError(
                    "a result file does not lie here", where=str(path), remedy="move it to BACKBONE/RECIPE/ or away"
                )
            (units if path.name.endswith(".units.json") else found).add(path)
    for path in sorted(units):
        if path.with_name(path.name.removesuffix(".units.json") + ".json") not in found:
            raise UserError("counts per unit without their result", where=str(path), remedy="restore or remove both")
    return sorted(found)


def load(results: Path, path: Path, model: type[ModelT], schema: str) -> ModelT:
    """One file of a results folder; ``path`` is relative to it.

    Raises:
        UserError: it is not JSON, of another schema version, or at odds with the model; file and field are named.
    """
    try:
        text = (results / path).read_bytes()
        record = _record(text)
    except (ValueError, RecursionError, OSError) as error:
        raise UserError(f"not a readable JSON file ({error})", where=str(path), remedy="restore it") from error
    _check_schema(path, record, schema)
    try:
        return model.model_validate_json(text, strict=True)
    except ValidationError as error:
        first, more = error.errors()[0], error.error_count() - 1
        field = ".".join(str(part) for part in first["loc"])
        rest = f", and {more} more like it in this file" if more else ""
        raise UserError(f"{first['msg']}{rest}", where=f"{path}, field {field}", remedy="mend or restore it") from error


def _record(text: bytes) -> Any:
    """Parse a file's JSON, refusing repeated keys and numbers that JSON lacks.

    No parser in C detects repeated keys, and a board has thousands of files. So the parsed value is written
    again: with a key lost it has one name less. If that is undecidable (a quote may be written as a code) or the
    counts differ, the slow parser decides, and names the fault.

    Raises:
        ValueError: it is not JSON, or breaks one of these rules.
    """
    try:
        record = from_json(text, allow_inf_nan=False)
    except ValueError:
        _slowly(text)
        raise
    if _CODED in text or len(_NAME.findall(text)) != len(_NAME.findall(to_json(record))):
        _slowly(text)
    return record


def _slowly(text: bytes) -> None:
    json.loads(text.decode(), object_pairs_hook=_unique, parse_constant=_not_a_number)


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    record = dict(pairs)
    if len(record) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"the key {twice!r} is there twice")
    return record


def _not_a_number(text: str) -> Any:
    raise ValueError(f"{text} is not a number of JSON")


def _check_schema(path: Path, record: Any, schema: str) -> None:
    said = record.get("schema") if isinstance(record, dict) else None
    if said == schema:
        return
    name, version = schema.rsplit("/", 1)
    where = f"{path}, field schema"
    given, _, number = said.rpartition("/") if isinstance(said, str) else ("", "", "")
    if given == name and number.isdecimal() and int(number) > int(version):
        raise UserError(
            f"schema {said} is newer than the one this version of codestilts reads, {schema}",
            where=where,
            remedy="update codestilts",
        )
    shown = "nothing" if said is None else repr(said)
    raise UserError(f"it should say {schema!r} and says {shown}", where=where, remedy="restore the file")


def _check_suite(suite: SuiteGrid) -> None:
    for field, names in (
        ("backbones", [backbone.name for backbone in suite.backbones]),
        ("recipes", [recipe.name for recipe in suite.recipes]),
        ("targets", [target.name for target in suite.targets]),
        ("seeds", [str(seed) for seed in suite.seeds]),
        *((f"targets.{target.name}.languages", list(target.languages)) for target in suite.targets),
    ):
        _check_names(f"suite.json, field {field}", names, plain=field != "seeds")
    sides = [(each.pair.name, each.pair.side) for each in suite.backbones if each.pair]
    for name, side in sides:
        if sides.count((name, side)) > 1:
            raise UserError(
                f"matched pair {name!r} has more than one {side} side",
                where="suite.json, field backbones",
                remedy="give each pair its own name",
            )


def _check_names(where: str, names: list[str], *, plain: bool) -> None:
    if not names:
        raise UserError("it is empty", where=where, remedy="name at least one")
    if len(set(names)) != len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise UserError(f"{twice!r} is there twice", where=where, remedy="remove one")
    for name in names if plain else ():
        # A name becomes a folder and a field of scores.csv (spreadsheets run fields that begin with =, +, - or @), and
        # stands inside sentences, which control characters could turn around.
        if not name or name[0] in ".=+-@" or any(c in "/\\" or unicodedata.category(c)[0] == "C" for c in name):
            raise UserError(
                f"{name!r} cannot be a name", where=where, remedy="use letters, digits, and + - . _ after the first"
            )


def _check_result(
    path: Path, result: Result, suite: str, cells: frozenset[CellKey], languages: Mapping[str, tuple[str, ...]]
) -> CellKey:
    key = CellKey(result.backbone, result.recipe, result.target, result.seed)
    if result.suite != suite:
        raise UserError(
            f"it is of suite {result.suite!r}, the folder of {suite!r}", where=f"{path}, field suite", remedy="move it"
        )
    if key not in cells:
        raise UserError(f"{key} is not in the grid", where=f"{path}, against suite.json", remedy="add it or remove it")
    if path != key.path():
        raise UserError(
            f"it holds {key}, whose place is {key.path()}", where=str(path), remedy="remove the duplicate or move it"
        )
    expected = languages[key.target]
    if set(result.languages) != set(expected):
        odd = sorted(set(result.languages) ^ set(expected))
        raise UserError(
            f"its languages differ from those of the target in suite.json ({', '.join(odd)})",
            where=f"{path}, field languages",
            remedy="score it again",
        )
    mean = sum(result.languages[language].score for language in expected) / len(expected)
    if abs(mean - result.score) > MEAN_TOLERANCE:
        raise UserError(
            f"it is {result.score}, but the mean over its languages is {mean:.6f}",
            where=f"{path}, field score",
            remedy="score it again",
        )
    return key


def _read_gaps(results: Path, cells: frozenset[CellKey], found: Iterable[CellKey]) -> dict[CellKey, Gap]:
    if not (results / "gaps.json").is_file():
        return {}
    scored = frozenset(found)
    gaps: dict[CellKey, Gap] = {}
    for number, gap in enumerate(load(results, Path("gaps.json"), Gaps, GAPS_SCHEMA).gaps):
        key = CellKey(gap.backbone, gap.recipe, gap.target, gap.seed)
        where = f"gaps.json, field gaps.{number}"
        if key not in cells:
            raise UserError(f"{key} is not in the grid of suite.json", where=where, remedy="remove it")
        if key in gaps:
            raise UserError(f"{key} is there twice", where=where, remedy="remove one")
        if key in scored:
            raise UserError(f"{key} has a result as well", where=where, remedy="remove one of the two")
        gaps[key] = gap
    return gaps
