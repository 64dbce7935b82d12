"""Rows as they train and select: English, answered, and without what is scored. ``prepare`` keeps them, ``data check``
counts them, by the same rules.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from harness.data import overlap
from tasks.errors import DataError
from tasks.rows import Row
from tasks.selection import foreign_run, held_out, select_units

RowT = TypeVar("RowT", bound=Row)

#: The rows of a split, as its source in a stage's parameters says, and what was mended in them.
ReadSplit = Callable[[Mapping[str, Any]], tuple[list[Row], dict[str, int]]]


@dataclass(frozen=True, kw_only=True)
class Kept:
    """The rows of a split that train or select.

    Attributes:
        available: all that may, before a limit takes some of them.
        chosen: those that do.
        report: the counts, as ``report.json`` of the artifact has them.
    """

    available: list[Row]
    chosen: list[Row]
    report: dict[str, Any]


def english_rows(
    task: str, splits: Mapping[str, Mapping[str, Any]], scored: set[str], read: ReadSplit
) -> Iterator[tuple[str, Kept]]:
    """The splits ``validation`` and ``train`` of a task, by name, those of them that are asked for.

    Args:
        task: its name, for errors.
        splits: by name their sources with their ``limit``; a validation split ``from_train`` takes that share of the
            training units.
        scored: normalised passages that must not be in either.
        read: reads the English rows of a source.

    Raises:
        DataError: rows are in another language, none has an answer, or none is left.
    """
    share = splits.get("validation", {}).get("from_train")
    validating: list[Row] = []
    for split in ("validation", "train"):  # validation first: training must not hold its rows
        source = splits.get(split)
        if source is None:
            continue
        whole = splits["train"] if "from_train" in source else source
        rows, mended = read(whole)
        rows = _answered(rows, split, task, mended)
        if not is_generated(whole):
            _refuse_foreign(rows, split, task)
        if share is not None:
            rows = held_out(rows, share)[split == "train"]
        rows, overlapping = overlap.without(rows, scored)
        rows, in_validation = overlap.without(rows, overlap.passages(validating))
        chosen = select_units(rows, source["limit"])
        if not chosen:
            raise DataError(
                f"no {split} rows are left of {len(rows) + overlapping + in_validation}",
                where=f"task {task}",
                remedy="give more data, or lower the overlap with what is scored",
            )
        if split == "validation":
            validating = chosen
        report = {
            "read": len(rows) + overlapping + in_validation,
            "mended": mended,
            "removed_scored": overlapping,
            "removed_validation": in_validation,
            "available": len(rows),
            "kept": len(chosen),
            "labels": dict(sorted(Counter(label_of(row) for row in chosen).items())),
        }
        yield split, Kept(available=rows, chosen=chosen, report=report)


def is_generated(source: Mapping[str, Any]) -> bool:
    """Whether rows are made, not read."""
    return bool(source.get("generator"))


def joined(parts: Iterable[tuple[str, Sequence[Row], Mapping[str, int]]]) -> tuple[list[Row], dict[str, int]]:
    """The rows of a task that joins others, of each in turn, and their counts: ids, units and counts say whose."""
    rows: list[Row] = []
    counts: Counter[str] = Counter()
    for name, own, mended in parts:
        rows += [replace(row, id=f"{name}/{row.id}", unit=f"{name}/{row.unit}") for row in own]
        counts.update({f"{name}/{what}": count for what, count in mended.items()})
    return rows, dict(counts)


def part_of(rows: Sequence[RowT], part: Mapping[str, Any] | None) -> list[RowT]:
    """All rows, or those of the part of the units that is named: its share, and which side of it."""
    if part is None:
        return list(rows)
    return held_out(rows, part["share"], salt="part")[part["take"] == "second"]


def label_of(row: Row) -> str:
    """What a report counts: the label of a pair or choice, whether a question has an answer; nothing for tags."""
    label = getattr(row, "label", None)
    if label is not None:
        return str(label)
    answers: Sequence[Any] | None = getattr(row, "answers", None)
    if answers is not None:
        return "answered" if answers else "unanswerable"
    return "tagged"


def _answered(rows: list[Row], split: str, task: str, mended: dict[str, int]) -> list[Row]:
    """The rows that have an answer; the others, whose answers are hidden, are counted among what was mended.

    Raises:
        DataError: none has.
    """
    found = [row for row in rows if any(getattr(row, name) is not None for name in row.answer_fields)]
    if rows and not found:
        raise DataError(
            f"no {split} row has an answer",
            where=f"task {task}",
            remedy="test files are published without their answers; give files with them",
        )
    if len(found) < len(rows):
        mended["rows_with_hidden_answer"] = len(rows) - len(found)
    return found


def _refuse_foreign(rows: Sequence[Row], split: str, task: str) -> None:
    """Refuse rows that would train or select and are not English, whatever their file is called.

    Raises:
        DataError: naming the first run of such rows.
    """
    run = foreign_run([" ".join(overlap.sentences(row)) for row in rows])
    if run is not None:
        raise DataError(
            f"{split} rows {run[0] + 1} to {run[1] + 1} are not English",
            where=f"task {task}",
            remedy="only English rows train and select; translated ones belong to a recipe '+translated'",
        )
