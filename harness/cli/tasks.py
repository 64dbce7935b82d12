"""``codestilts tasks``."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from harness.cli.catalog import spec_group
from harness.cli.columns import wrapped

if TYPE_CHECKING:
    from harness.specs.task import RowsSource, SplitSpec, TaskSpec

_ROLES = ("intermediate", "target")
_WORDS = 3  # columns, before those of numbers


def listed(tasks: Iterable[TaskSpec]) -> Iterator[str]:
    """Format a table of tasks by role, miniatures last."""
    found = list(tasks)
    head = ("name", "title", "type", "languages", "train", "validation", "test")
    for miniature in (False, True):
        for role in _ROLES:
            rows = [_row(task) for task in found if task.role == role and task.miniature == miniature]
            if rows:
                yield f"{'miniature ' if miniature else ''}{role} tasks"
                yield from _table([head, *rows])
                yield ""
    yield "Rows as published, of all languages together; of retrieval, pairs. A plus: of some languages nobody says."
    yield "All of one task: codestilts tasks show NAME"


def _table(rows: list[tuple[str, ...]]) -> Iterator[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        words = [f"{cell:{width}}" for cell, width in zip(row[:_WORDS], widths, strict=False)]
        numbers = [f"{cell:>{width}}" for cell, width in zip(row[_WORDS:], widths[_WORDS:], strict=True)]
        yield f"  {'  '.join([*words, *numbers])}".rstrip()


def shown(task: TaskSpec) -> Iterator[str]:
    """Format all fields of a task's spec."""
    yield f"{task.title} ({task.name})"
    yield f"  {task.role} task, {task.type.replace('_', ' ')}" + (
        f", in XTREME's group {task.group}" if task.group else ""
    )
    facts = {
        "metric": task.metric,
        "labels": ", ".join(task.labels) or (f"one a line in {task.labels_file}" if task.labels_file else ""),
        "languages": f"{len(task.languages)}: {', '.join(task.languages)}"
        if len(task.languages) > 1
        else task.languages[0],
        "trained on": "its own English rows" if task.trained_on == task.name else task.trained_on or "",
        "joins": ", ".join(task.joins),
        "selects on": f"{task.held_out:g} of the English training units" if task.held_out else "",
        "resampled by": task.resampling_unit,
        "baseline": task.baseline,
        "licence": task.licence,
        "from": task.source,
        "cite": task.citation,
    }
    for name, value in facts.items():
        if value:
            yield from wrapped(f"  {name:13} ", value)
    for name, split in task.splits.items():
        yield ""
        yield from _split(name, split, _count(task, name, split))
    if task.translated is not None:
        yield ""
        title = f"translations in {len(task.translated.languages)} languages"
        yield from _split(title, task.translated.split, "-")
    notes = [*task.notes, *(f"not read: {pattern}: {why}" for pattern, why in task.unread.items())]
    if task.optional:
        notes.append(f"may be missing: {task.optional}")
    if notes:
        yield ""
    for note in notes:
        yield from wrapped("  - ", note)


def _row(task: TaskSpec) -> tuple[str, ...]:
    counts = (_count(task, name, task.splits.get(name)) for name in ("train", "validation", "test"))
    return (task.name, task.title, task.type.replace("_", " "), str(len(task.languages)), *counts)


def _count(task: TaskSpec, name: str, split: SplitSpec | None) -> str:
    if split is None:
        return ""
    if split.from_train is not None:
        return f"{split.from_train:.0%} of train"
    if split.rows is not None:
        return f"{split.rows:,}"
    of_all = name != "test" or set(task.languages) <= set(split.published_rows)
    return f"{sum(split.published_rows.values()):,}{'' if of_all else '+'}" if split.published_rows else "-"


def _split(name: str, split: SplitSpec, count: str) -> Iterator[str]:
    yield f"  {name}" if count == "-" else f"  {name}: {count}{'' if split.from_train else ' rows'}"
    for source in split.sources():
        yield from wrapped("    ", _source(source))
        if source.differs:
            yield from wrapped("      differs: ", source.differs)


def _source(source: RowsSource) -> str:
    if source.hub is None:
        return f"{', '.join(source.files)}  [{source.format}]"
    table = source.hub
    return f"hub: {table.id}, {table.config}, {' + '.join(table.splits)}, at {table.revision}  [{source.format}]"


tasks = spec_group("task", "tasks", listed=listed, shown=shown)
