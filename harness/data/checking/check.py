"""The checks themselves: reads every source that is there, and says what does not hold."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from harness.context import Progress
from harness.data import overlap
from harness.data.checking.facts import RowFacts, difference, facts_of
from harness.data.checking.report import Overlap, Report, SourceReport, SplitReport, TrainingReport
from harness.data.checking.scope import Scope, SplitId, Training
from harness.data.locate import find_source, read_labels, source_files
from harness.data.rows import SplitRows
from harness.data.training_rows import Kept, english_rows, joined, part_of
from harness.specs.task import RETRIEVAL_TYPES, RowsSource, SplitSpec, TaskSpec
from tasks.errors import DataError
from tasks.readers import read_split
from tasks.readers.base import is_stripped
from tasks.readers.placeholders import refuse_unanswered
from tasks.rows import BitextSentence, Row

_KEPT_READINGS = 4  # of a split in one language: what several trainings read is mostly not read again
_SHARE_OF_SOURCES = 0.7  # of the time, about


@dataclass(frozen=True)
class _Scored:
    type: str
    passages: frozenset[str]
    sentences: frozenset[str]


def check(scope: Scope, folder: Path, progress: Progress, *, partial: bool) -> Report:
    """Look at everything in scope below a data directory.

    Args:
        scope: see :func:`harness.data.checking.scope.scope`.
        folder: the data directory.
        progress: hears how far it is.
        partial: samples are meant: fewer rows than are published are told, and not held against them.

    Raises:
        DataError: nothing of what is in scope is there.
    """
    return _Check(scope, folder, progress, partial=partial).run()


class _Check:
    def __init__(self, scope: Scope, folder: Path, progress: Progress, *, partial: bool) -> None:
        self._scope, self._folder, self._partial = scope, folder, partial
        self._progress = progress
        self._remembered = lru_cache(maxsize=_KEPT_READINGS)(self._read_files)
        self._failed: set[SplitId] = set()
        tasks = [{"name": task.name, "title": task.title, "role": task.role, "type": task.type} for task in scope.tasks]
        self._report = Report(folder=str(folder), tasks=tasks, notes=list(scope.notes))

    def run(self) -> Report:
        jobs = [
            (wanted, [(source, self._present(wanted, source)) for source in wanted.spec.sources()])
            for wanted in self._scope.splits.values()
            if wanted.source is not None
        ]
        sizes = [sum(self._size(files) for _, found in sources for files in found.values()) for _, sources in jobs]
        if not any(sizes):
            raise DataError(
                "none of the rows that are to be checked is there" if jobs else "no rows are read from files",
                where=str(self._folder),
                remedy="'codestilts data import' and 'data fetch' put them there"
                if jobs
                else "nothing is to be checked",
            )
        done = 0
        for (wanted, sources), size in zip(jobs, sizes, strict=True):
            self._progress(_SHARE_OF_SOURCES * done / sum(sizes), f"{wanted.task.title}, {wanted.split}")
            self._report.splits.append(self._split(wanted, [(one, found) for one, found in sources if found]))
            done += size
        self._trainings()
        return self._report

    # -- what is there -------------------------------------------------------------------------------------------------

    def _present(self, wanted: SplitRows, source: RowsSource) -> dict[str, tuple[str, ...]]:
        """The files of a source by language, in all languages that it is there in and somebody might read it in."""
        languages = dict.fromkeys((*wanted.languages, *(() if wanted.split == "train" else wanted.task.languages)))
        if wanted.own or wanted.spec.languages is not None:
            languages = dict.fromkeys(wanted.languages)
        found = {}
        for language in languages:
            files = source_files(source, self._folder, language, wanted.task.codes)
            if files:
                found[language] = files
        return found

    def _size(self, files: Sequence[str]) -> int:
        return sum((self._folder / file).stat().st_size for file in files) + 1

    def _split(self, wanted: SplitRows, sources: list[tuple[RowsSource, dict[str, tuple[str, ...]]]]) -> SplitReport:
        reports = [
            SourceReport(
                kind="release" if source.hub is None else "hub",
                name=_name(source),
                differs=source.differs,
                read=wanted.found and source == wanted.source,
            )
            for source, found in sources
        ]
        shapes: dict[str, dict[str, list[tuple[str, str]]]] = {}
        for language in dict.fromkeys(language for _, found in sources for language in found):
            same: tuple[SourceReport, list[Row]] | None = None
            for (source, found), report in zip(sources, reports, strict=True):
                if language not in found:
                    continue
                rows = self._source(wanted, source, report, language, found[language])
                if rows is None:
                    continue
                shapes.setdefault(report.name, {})[language] = [(row.id, row.unit) for row in rows]
                if source.differs is None:
                    self._compare(wanted, language, same, (report, rows))
                    same = same or (report, rows)
        if wanted.task.parallel:
            for found_shapes in shapes.values():
                self._parallel(wanted, found_shapes)
        there = {language for _, found in sources for language in found}
        return SplitReport(
            task=wanted.task.name,
            title=wanted.task.title,
            split=wanted.split,
            type=wanted.task.type,
            wanted=wanted.languages,
            missing=tuple(language for language in wanted.languages if language not in there),
            own=wanted.own,
            published=_published(wanted),
            sources=reports,
        )

    def _source(
        self, wanted: SplitRows, source: RowsSource, report: SourceReport, language: str, files: tuple[str, ...]
    ) -> list[Row] | None:
        where = _where(wanted, language)
        try:
            rows, mended = self._read(source.format, files, language, wanted.task)
        except DataError as error:
            if is_stripped(error) and not report.read:
                self._report.notes.append(f"{where}: {report.name} is there without its answers, and is not read")
                return None
            self._fail(f"{where}: {error}")
            self._failed.add((wanted.task.name, wanted.split))
            return None
        published = wanted.spec.published_rows.get(language)
        facts = facts_of(rows, files, mended, published)
        report.languages[language] = facts
        self._count(f"{where}, {report.name}", facts, differs=report.differs is not None)
        return rows

    def _count(self, where: str, facts: RowFacts, *, differs: bool) -> None:
        if facts.published is None or facts.counted == facts.published or differs:
            return
        if facts.counted > facts.published:
            self._fail(f"{where}: {facts.counted:,} rows, more than the {facts.published:,} that are published")
        elif not self._partial:
            self._fail(
                f"{where}: {facts.counted:,} of {facts.published:,} rows; fetch it again, or say --partial if a sample "
                "is meant"
            )

    def _compare(
        self,
        wanted: SplitRows,
        language: str,
        first: tuple[SourceReport, list[Row]] | None,
        other: tuple[SourceReport, list[Row]],
    ) -> None:
        if first is None:
            return
        found = difference(first[1], other[1], partial=self._partial)
        if found is not None:
            self._fail(f"{_where(wanted, language)}: {first[0].name} and {other[0].name} are not the same: {found}")

    def _parallel(self, wanted: SplitRows, shapes: Mapping[str, list[tuple[str, str]]]) -> None:
        """Parallel rows have the same ids and units in every language."""
        first, *others = shapes.items()
        for language, shape in others:
            if shape != first[1]:
                self._fail(
                    f"{wanted.task.title}, {wanted.split}: the rows in '{language}' are not parallel to those in "
                    f"'{first[0]}' ({len(shape):,} and {len(first[1]):,})"
                )

    # -- what trains ---------------------------------------------------------------------------------------------------

    def _trainings(self) -> None:
        if not self._scope.trainings:
            return
        scored = self._scored()
        self._report.scored = {name: name in scored for name in self._scope.scored}
        for number, training in enumerate(self._scope.trainings):
            share = number / len(self._scope.trainings)
            note = f"overlap of {training.task.title}"
            self._progress(_SHARE_OF_SOURCES + (1 - _SHARE_OF_SOURCES) * share, note)
            self._training(training, scored)

    def _scored(self) -> dict[str, _Scored]:
        """The English text of every scored split that is there."""
        found = {}
        for name, wanted in self._scope.scored.items():
            english = "en" in wanted.languages
            languages = ["en"] if english else [one for one in wanted.languages if wanted.task.type in RETRIEVAL_TYPES]
            rows: list[Row] = []
            for language in languages:
                source, files = wanted.source, wanted.files
                if not wanted.found:  # in all its languages; perhaps in this one
                    alone = find_source(wanted.spec, [language], wanted.task.codes, self._folder)
                    source, files = (alone.source, alone.files) if alone else (None, {})
                if source is None or (name, wanted.split) in self._failed:
                    continue
                try:
                    read, _ = self._read(source.format, files[language], language, wanted.task)
                except DataError:  # told where the split itself is looked at, if that is in scope
                    continue
                rows += part_of(read, _part(wanted.spec))
            rows = [row for row in rows if not isinstance(row, BitextSentence) or row.side == "english"]
            if rows:
                sentences = frozenset(overlap.normalise(text) for row in rows for text in overlap.sentences(row))
                found[name] = _Scored(wanted.task.type, frozenset(overlap.passages(rows)), sentences)
        return found

    def _training(self, training: Training, scored: Mapping[str, _Scored]) -> None:
        task = training.task
        told = TrainingReport(task=task.name, title=task.title, targets=training.targets, held_out=training.held_out)
        self._report.trainings.append(told)
        splits: dict[str, dict[str, Any]] = {}
        for split in ("train", "validation"):
            source = self._training_source(training, split)
            if isinstance(source, str):
                told.lacking = source
                return
            if source is not None:
                splits[split] = source | {"limit": training.limits.get(split)}
        same = [one.passages for one in scored.values() if one.type == task.type]
        passages = set[str]().union(*same)
        try:
            for split, kept in english_rows(task.name, splits, passages, lambda one: self._english(task, one)):
                told.splits[split] = kept.report
                self._overlaps(training, split, splits[split], kept, scored)
        except DataError as error:
            told.lacking = str(error)
            self._fail(f"{task.title}: {error}")

    def _training_source(self, training: Training, split: str) -> dict[str, Any] | str | None:
        """What to read for a split; a sentence where it is not there; None where the task has none."""
        if split == "validation" and training.held_out is not None:
            return {"from_train": training.held_out}
        lacking = []
        for part in training.parts:
            wanted = self._scope.splits.get((part.name, split))
            if wanted is None:
                return None
            if wanted.spec.from_train is not None:
                return {"from_train": wanted.spec.from_train}
            if not wanted.found:
                lacking.append(f"{part.title}, {split}")
            elif (part.name, split) in self._failed:
                return f"{part.title}, {split} cannot be read"
        return f"not there: {'; '.join(lacking)}" if lacking else {"split": split}

    def _english(self, task: TaskSpec, source: Mapping[str, Any]) -> tuple[list[Row], dict[str, int]]:
        parts = []
        training = Training(task=task)
        for part in training.parts:
            wanted = self._scope.splits[part.name, source["split"]]
            assert wanted.source is not None, part.name
            rows, mended = self._read(wanted.source.format, wanted.files["en"], "en", part)
            parts.append((part.name, part_of(rows, _part(wanted.spec)), dict(mended)))
        if len(parts) > 1:
            return joined(parts)
        return parts[0][1], parts[0][2]

    def _overlaps(
        self, training: Training, split: str, source: Mapping[str, Any], kept: Kept, scored: Mapping[str, _Scored]
    ) -> None:
        """What stands in which scored split, in a split of its own; a held-out part is one of the training split."""
        known = {(one.task, one.split) for one in self._report.overlaps}
        if "from_train" in source or (training.task.name, split) in known:
            return
        rows, _ = self._english(training.task, source)
        passages = [[overlap.normalise(text) for text in row.texts()] for row in rows]
        sentences: list[list[str]] | None = None
        for name, one in scored.items():
            same = one.type == training.task.type
            if not same and sentences is None:
                sentences = [[overlap.normalise(text) for text in overlap.sentences(row)] for row in rows]
            texts, there = (passages, one.passages) if same else (sentences or [], one.sentences)
            count = sum(any(text in there for text in of_row) for of_row in texts)
            self._report.overlaps.append(
                Overlap(task=training.task.name, split=split, scored=name, rows=count, of=len(rows), removed=same)
            )
        assert kept.report["read"] <= len(rows), training.task.name

    # -- helpers -------------------------------------------------------------------------------------------------------

    def _read(
        self, form: str, files: tuple[str, ...], language: str, task: TaskSpec
    ) -> tuple[list[Row], Mapping[str, int]]:
        """Rows are remembered for a while, but those of corpora, which are many and read once."""
        read = self._read_files if task.type in RETRIEVAL_TYPES else self._remembered
        rows, mended = read(form, files, language, self._labels(task))
        refuse_unanswered(rows, task.metric, ", ".join(files))
        return rows, mended

    def _read_files(
        self, form: str, files: tuple[str, ...], language: str, labels: tuple[str, ...]
    ) -> tuple[list[Row], Mapping[str, int]]:
        result = read_split(form, [self._folder / file for file in files], language=language, labels=labels)
        return result.rows, result.mended

    def _labels(self, task: TaskSpec) -> tuple[str, ...]:
        path = self._folder / task.labels_file if task.labels_file is not None else None
        return read_labels(path) if path is not None and path.is_file() else task.labels

    def _fail(self, sentence: str) -> None:
        if sentence not in self._report.failures:
            self._report.failures.append(sentence)


def _part(spec: SplitSpec) -> dict[str, Any] | None:
    return None if spec.part is None else spec.part.model_dump()


def _published(wanted: SplitRows) -> int | None:
    known = [wanted.spec.published_rows.get(language) for language in wanted.languages]
    return None if wanted.own or None in known else sum(one or 0 for one in known)


def _name(source: RowsSource) -> str:
    if source.hub is not None:
        return f"{source.hub.id} ({source.hub.config})"
    return source.files[0]


def _where(wanted: SplitRows, language: str) -> str:
    several = len(wanted.task.languages) > 1
    return f"{wanted.task.title}, {wanted.split}" + (f", '{language}'" if several else "")
