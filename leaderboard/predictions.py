"""A row's predictions as one archive, from the artifacts of the run."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from pathlib import Path

from leaderboard.names import row_id
from leaderboard.provenance import StageRecord, results_of, stages_of
from leaderboard.read import ResultsFolder
from leaderboard.results import Result
from leaderboard.scores import Row

#: The first day that an archive knows: times of files are not part of a row.
_NO_TIME = (1980, 1, 1, 0, 0, 0)


def predictions_file(row: Row) -> str:
    """The archive's name."""
    return f"{row_id(row.backbone.name, row.recipe.name)}.predictions.zip"


def write_predictions(folder: ResultsFolder, row: Row, artifacts: Path, out: Path) -> bool:
    """Pack the predictions of a row that the store still holds, as ``SEED/TASK/test-LANG.*``.

    The same predictions give the same bytes. Nothing is written where there are none; says whether there are any.
    """
    files = sorted(file for result in results_of(folder, row) for file in _files(result, artifacts))
    if not files:
        return False
    with zipfile.ZipFile(out, "w", compression=zipfile.ZIP_DEFLATED, compresslevel=6) as archive:
        for name, path in files:
            entry = zipfile.ZipInfo(name, date_time=_NO_TIME)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, path.read_bytes())
    return True


def _files(result: Result, artifacts: Path) -> Iterator[tuple[str, Path]]:
    stage = _predicting(result)
    if stage is None:
        return
    root = artifacts / stage.key[:2] / stage.key / "predictions"
    for path in sorted(root.rglob("*")):
        if path.is_file() and not path.is_symlink():
            yield f"seed-{result.seed}/{path.relative_to(root).as_posix()}", path


def _predicting(result: Result) -> StageRecord | None:
    """The stage that left a result's predictions. A key is hexadecimal; anything else names no artifact."""
    found = [stage for stage in stages_of([result]) if stage.phase in ("predict", "retrieve")]
    if not found or not all(char in "0123456789abcdef" for char in found[-1].key):
        return None
    return found[-1]
