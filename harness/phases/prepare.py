"""Phase ``prepare``: release files or generated data in, canonical rows out. No network; no torch but to translate.

Six kinds: ``rows`` (English training and validation rows, with answers), ``translated`` (translations of the training
rows), ``made`` (translations of them that a model makes), ``inputs`` and ``labels`` (what is scored, in two artifacts,
so that no model stage can be handed the answers), ``corpus`` (pretraining text).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from harness.context import StageContext
from harness.data import overlap
from harness.data.training_rows import english_rows, joined, part_of
from harness.files import write_json
from harness.phases.corpus import checked_file, prepare_corpus
from harness.plan.data_params import (
    PREPARE,
    CorpusParams,
    DataFile,
    MadeParams,
    RowsParams,
    ScoredParams,
    TranslatedParams,
    read_params,
)
from harness.specs.training import TaskParams
from tasks import miniature
from tasks.errors import DataError
from tasks.readers import read_split
from tasks.readers.placeholders import refuse_unanswered
from tasks.rows import Row, read_rows, write_json_lines
from tasks.selection import select_units
from tasks.types import task_type

#: Of translated rows, the share that may have another label than their originals before they are taken for other rows.
_MOST_DIFFERENT = 0.1


def run(context: StageContext) -> None:
    """Leave the artifact that ``params.kind`` asks for."""
    match read_params(PREPARE, context.params):
        case RowsParams() as params:
            _prepare_rows(context, params)
        case TranslatedParams() as params:
            _prepare_translated(context, params)
        case MadeParams() as params:
            from harness.phases.translation.make import (
                make_translations,  # torch and a model, which nothing else here needs
            )

            _write_report(context.out, make_translations(context, params))
        case ScoredParams() as params:
            _prepare_scored(context, params)
        case CorpusParams() as params:
            _write_report(context.out, prepare_corpus(context, params, _read))


def _prepare_rows(context: StageContext, params: RowsParams) -> None:
    task = params.task
    report: dict[str, Any] = {}
    for split, kept in english_rows(
        task.name,
        params.splits,
        _scored_passages(context, task.type),
        lambda source: _read(source, task, "en", context.data),
    ):
        report[split] = kept.report
        write_json_lines(context.out / f"{split}.jsonl", (row.to_json() for row in kept.chosen))
    _write_report(context.out, report)


def _prepare_translated(context: StageContext, params: TranslatedParams) -> None:
    """``train-LANG.jsonl``: rows whose English original, by id, is a training row. A translation of a row that was left
    out of the English ones, for being scored somewhere, is left out with it.
    """
    task, languages = params.task, params.languages
    row_class = task_type(task.type).row_class
    english = {row.id: row for row in read_rows(context.inputs["rows"] / "train.jsonl", row_class)}
    report: dict[str, Any] = {}
    for number, language in enumerate(languages):
        context.progress(number / len(languages), language)
        rows, mended = _read(params.split, task, language, context.data)
        paired, differ = _paired(rows, english)
        if differ > _MOST_DIFFERENT * len(rows):
            raise DataError(
                f"{differ} of {len(rows)} {language} rows have not the label of the English row with their number",
                where=f"task {task.name}",
                remedy="give translations of these very rows, in their order",
            )
        chosen = select_units(paired, params.limit)
        if not chosen:
            raise DataError(
                f"none of {len(rows)} {language} rows has the id of an English training row",
                where=f"task {task.name}",
                remedy="give translated rows the ids of their originals",
            )
        write_json_lines(context.out / f"train-{language}.jsonl", (row.to_json() for row in chosen))
        report[language] = {
            "read": len(rows),
            "mended": mended,
            "label_differs": differ,
            "paired": len(paired),
            "kept": len(chosen),
        }
    _write_report(context.out, report)


def _paired(rows: Sequence[Row], english: Mapping[str, Row]) -> tuple[list[Row], int]:
    """Translations of English rows that are there, and how many have another label than theirs, which are left out."""
    found = [row for row in rows if row.id in english]
    alike = [row for row in found if getattr(row, "label", None) == getattr(english[row.id], "label", None)]
    return alike, len(found) - len(alike)


def _prepare_scored(context: StageContext, params: ScoredParams) -> None:
    task, languages = params.task, params.languages
    report: dict[str, Any] = {}
    for number, language in enumerate(languages):
        context.progress(number / len(languages), language)
        rows, mended = _read(params.split, task, language, context.data)
        chosen = select_units(rows, params.limit)
        records = (row.inputs() if params.kind == "inputs" else row.reference() for row in chosen)
        write_json_lines(context.out / f"test-{language}.jsonl", records)
        report[language] = {"read": len(rows), "mended": mended, "kept": len(chosen)}
    _write_report(context.out, report)


def _read(
    source: Mapping[str, Any], task: TaskParams, language: str, data: Path | None
) -> tuple[list[Row], dict[str, int]]:
    """The rows of one split in one language, and what was mended on the way.

    Of a task that joins others, the rows of each in turn, with the task's name before ids and units.
    """
    if "join" in source:
        return joined((part["task"], *_read(part, task, language, data)) for part in source["join"])
    if source.get("generator"):
        return miniature.generate(source["task"], source["split"], language, rows=source["rows"]), {}
    if data is None:
        raise DataError("release files are needed", where=f"task {task.name}", remedy="give their folder with --data")
    paths = [checked_file(data, DataFile(**file)) for file in source["files"][language]]
    found = read_split(source["format"], paths, language=language, labels=task.labels)
    refuse_unanswered(found.rows, task.metric, ", ".join(file["path"] for file in source["files"][language]))
    return part_of(found.rows, source.get("part")), dict(found.mended)


def _scored_passages(context: StageContext, type_name: str) -> set[str]:
    """The passages of English rows that are scored, from the inputs artifacts of targets of the same type."""
    row_class = task_type(type_name).row_class
    found: set[str] = set()
    for role, folder in sorted(context.inputs.items()):
        if role.startswith("exclude:"):
            found |= overlap.passages(read_rows(folder / "test-en.jsonl", row_class))
    return found


def _write_report(out: Path, report: Mapping[str, Any]) -> None:
    write_json(out / "report.json", report, indent=1)
