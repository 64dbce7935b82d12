"""The report for people: as text, task by task, and as one Markdown table."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from harness.data.checking.facts import RowFacts
from harness.data.checking.report import Report, SourceReport, SplitReport, TrainingReport

#: Counts of what is put right in a row; all others are of what is left out.
_MENDED = ("answers_moved", "ids_made_unique", "line_ends_removed", "rows_unquoted", "words_fused")
_LABELS_SHOWN = 6
_MARGIN = " " * 14
_HEAD = (
    "task",
    "split",
    "languages",
    "rows in release files",
    "rows in the hub's tables",
    "published",
    "mended",
    "left out",
    "removed for overlap",
)


def as_text(report: Report) -> Iterator[str]:
    """Lines, task by task, then the checks that do not hold."""
    for task in report.tasks:
        yield f"{task['title']} ({task['name']})"
        lines = [*_task_lines(report, task["name"])]
        yield from lines or ["  nothing is read from files"]
    missing = [name for name, there in report.scored.items() if not there]
    if missing:
        yield f"No English rows of these scored splits are there, so overlap with them is unknown: {', '.join(missing)}"
    yield from report.notes
    if report.failures:
        yield f"{len(report.failures)} checks do not hold:" if len(report.failures) > 1 else "1 check does not hold:"
        yield from (f"  {sentence}" for sentence in report.failures)
    else:
        yield "All checks hold."


def _task_lines(report: Report, task: str) -> Iterator[str]:
    for split in report.splits:
        if split.task == task:
            yield from _split_lines(split)
            for one in report.overlaps:
                if (one.task, one.split) == (task, split.split) and one.rows:
                    fate = "prepare removes them" if one.removed else "of another type, so they stay"
                    yield f"{_MARGIN}{one.rows:,} of {one.of:,} rows stand in what {one.scored} scores: {fate}"
    for training in report.trainings:
        if training.task == task:
            yield from _training_lines(training)


def as_markdown(report: Report) -> Iterator[str]:
    """A table of all splits. A cell is empty where there is nothing to count, and a dash where nothing is there.

    Published rows are those of the languages that are there, or of all where none is; a tick says that each is whole.
    """
    yield "| " + " | ".join(_HEAD) + " |"
    yield "|" + "---|" * len(_HEAD)
    for task in report.tasks:
        splits = [split for split in report.splits if split.task == task["name"]]
        for split in splits:
            yield "| " + " | ".join(_cells(split, report.trainings)) + " |"
        for training in report.trainings:
            if training.task == task["name"] and not splits:
                yield from _joined_lines(training)


def _joined_lines(training: TrainingReport) -> Iterator[str]:
    """A task whose rows are those of others: how many there are together, and what is removed from them."""
    for name in ("train", "validation"):
        counts = training.splits.get(name)
        told = ["-", "-", "-", "", "", "", ""] if counts is None else _joined_cells(counts)
        yield "| " + " | ".join([training.title, name, *told]) + " |"


def _joined_cells(counts: Mapping[str, Any]) -> list[str]:
    return ["en", f"{counts['read']:,} together", "", "", "", _counts(counts["mended"]), _removed(counts)]


def _split_lines(split: SplitReport) -> Iterator[str]:
    head = f"  {split.split:<12}"
    if not split.sources:
        yield f"{head}not there"
        return
    for source in split.sources:
        facts = list(source.languages.values())
        if not facts:
            yield f"{head}{source.kind:8}{source.name}: no rows that can be read"
        else:
            yield f"{head}{source.kind:8}{source.name}{' (read)' if source.read else ''}: {_amount(source, split)}"
            parts = [_labels(facts, split.type), _counts(_summed(facts)), _repeats(facts)]
            yield from (f"{_MARGIN}{part}" for part in parts if part)
            if source.differs:
                yield f"{_MARGIN}{source.differs}"
        head = " " * len(head)
    if split.missing:
        yield f"{head}not there in {len(split.missing)} of {len(split.wanted)} languages: {', '.join(split.missing)}"


def _training_lines(training: TrainingReport) -> Iterator[str]:
    use = f"trains {' and '.join(training.targets)}" if training.targets else "as an intermediate task"
    if training.lacking is not None:
        yield f"  {use}: {training.lacking.removesuffix('.')}"
        return
    for split, counts in sorted(training.splits.items()):
        part = f", a part of {training.held_out:g} of the training units" if training.held_out else ""
        does = "trains on" if split == "train" else f"selects{part} on"
        yield f"  {use}, {does} {counts['kept']:,} of {counts['read']:,} rows; removed: {_removed(counts) or 'none'}"


def _cells(split: SplitReport, trainings: Iterable[TrainingReport]) -> list[str]:
    there = {language for source in split.sources for language in source.languages}
    languages = str(len(there)) if len(split.wanted) > 1 or len(there) > 1 else "".join(sorted(there))
    if split.missing and len(split.wanted) > 1:
        languages = f"{languages or 0} of {len(split.wanted)}"
    facts = [facts for source in split.sources for facts in source.languages.values()]
    best = max(split.sources, key=lambda source: len(source.languages), default=None)
    counted = list(best.languages.values()) if best else []
    known = [one.published for one in counted if one.published is not None]
    published = f"{sum(known):,}" if known and len(known) == len(counted) else ""
    if published and all(one.counted == one.published for one in counted):
        published += " ✓"
    elif not counted and split.published is not None:
        published = f"{split.published:,}"
    told = _summed(facts)
    removed = {
        _removed(training.splits[split.split])
        for training in trainings
        if training.task == split.task and split.split in training.splits and not training.held_out
    } - {""}
    return [
        split.title,
        split.split,
        languages or "-",
        _rows(split.sources, "release"),
        _rows(split.sources, "hub"),
        published,
        _counts({name: count for name, count in told.items() if name.rpartition("/")[2] in _MENDED}),
        _counts({name: count for name, count in told.items() if name.rpartition("/")[2] not in _MENDED}),
        "; ".join(sorted(removed)),
    ]


def _rows(sources: Sequence[SourceReport], kind: str) -> str:
    """Of the form that is there in most languages; the same number counts twice where both forms are there."""
    found = [source for source in sources if source.kind == kind and source.languages]
    if not found:
        return "-"
    best = max(found, key=lambda source: len(source.languages))
    return f"{sum(facts.counted for facts in best.languages.values()):,}"


def _amount(source: SourceReport, split: SplitReport) -> str:
    facts = source.languages
    what = "pairs" if split.type in {"sentence_retrieval", "bitext_mining"} else "rows"
    total = sum(one.counted for one in facts.values())
    known = [one.published for one in facts.values() if one.published is not None]
    of = f" of {sum(known):,}" if len(known) == len(facts) and sum(known) != total else ""
    whole = ", as published" if len(known) == len(facts) and not of else ""
    languages = f" in {len(facts)} languages" if len(facts) > 1 else ""
    few = {name: one.counted for name, one in facts.items() if one.published not in (None, one.counted)}
    some = len(few) not in (0, len(facts))
    short = f" (fewer in {', '.join(few)})" if some and len(few) <= _LABELS_SHOWN else ""
    return f"{total:,}{of} {what}{languages}{whole}{short}"


def _labels(facts: Sequence[RowFacts], type_name: str) -> str:
    if type_name in {"sentence_retrieval", "bitext_mining"}:
        return ""
    labels: Counter[str] = Counter()
    for one in facts:
        labels.update(one.labels)
    total = labels.total()
    shown = [f"{label} {count / total:.1%}" for label, count in labels.most_common(_LABELS_SHOWN)]
    more = f" and {len(labels) - _LABELS_SHOWN} more" if len(labels) > _LABELS_SHOWN else ""
    return f"labels: {', '.join(shown)}{more}"


def _repeats(facts: Sequence[RowFacts]) -> str:
    repeated, contradicting = (sum(getattr(one, name) for one in facts) for name in ("repeated", "contradicting"))
    otherwise = f", {contradicting:,} of them with another answer" if contradicting else ""
    return f"{repeated:,} rows have the inputs of an earlier one{otherwise}" if repeated else ""


def _summed(facts: Iterable[RowFacts]) -> dict[str, int]:
    counts: Counter[str] = Counter()
    for one in facts:
        counts.update(one.mended)
    return dict(sorted(counts.items()))


def _counts(counts: dict[str, int]) -> str:
    return ", ".join(f"{name.replace('_', ' ')} {count:,}" for name, count in counts.items())


def _removed(counts: Mapping[str, Any]) -> str:
    parts = [
        f"{counts['removed_scored']:,} scored" if counts["removed_scored"] else "",
        f"{counts['removed_validation']:,} in validation" if counts["removed_validation"] else "",
    ]
    return ", ".join(part for part in parts if part)
