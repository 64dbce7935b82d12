"""Sentence pairs in parallel languages, XNLI and PAWS-X: as XTREME's scripts leave them, as released, or on the hub.

XTREME's form is premise, hypothesis, label; no header; CSV quoting with tabs. Ids are 0-based row numbers in a
language, which all forms have in common.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path

from tasks.errors import DataError
from tasks.readers.base import (
    STRIPPED,
    ReadResult,
    checked_label,
    fail,
    mended,
    read_lines,
    refuse_repeated_ids,
    with_unique_ids,
)
from tasks.readers.records import Record, Records, label_of, plain_table
from tasks.readers.tables import plain_rows, quoted_rows, require_columns
from tasks.rows import SentencePair


@dataclass(frozen=True, kw_only=True)
class PairReader:
    """Reads labelled pairs of one format.

    Attributes:
        records: how the records are got.
        first: name of the premise, or of the first sentence.
        second: name of the hypothesis, or of the second sentence.
        label: name of the label.
        id: name of the id; None: the row's number in the split.
        names: names of labels in the files, if they differ from the task's.
        numbers: name of the number that a row is known by, where rows were left out when the file was made.
    """

    records: Records
    first: str = "sentence1"
    second: str = "sentence2"
    label: str = "gold_label"
    id: str | None = None
    names: Mapping[str, str] = field(default_factory=dict)
    numbers: str | None = None

    def __call__(self, paths: Sequence[Path], *, language: str, labels: Sequence[str]) -> ReadResult:
        del language
        rows: list[SentencePair] = []
        units: dict[str, int] = {}
        unlabelled = 0
        for counted, record in enumerate(record for path in paths for record in self.records(path)):
            number = counted if self.numbers is None else record.whole(self.numbers)
            first = record.text(self.first)
            unit = units.setdefault(first, number)
            label = self._label(record, labels)
            if label is None:
                unlabelled += 1
                continue
            name = record.text(self.id) if self.id else str(number)
            rows.append(
                SentencePair(id=name, unit=str(unit), text_a=first, text_b=record.text(self.second), label=label)
            )
        if not rows:
            what = "no labelled pair"
            raise DataError(what, where=", ".join(map(str, paths)), remedy="take files with labels")
        refuse_repeated_ids(rows, paths)
        return ReadResult(rows=list(rows), mended=mended(rows_without_gold_label=unlabelled))

    def _label(self, record: Record, labels: Sequence[str]) -> str | None:
        value = record.get(self.label)
        if isinstance(value, str) and value in self.names:
            return self.names[value]
        return label_of(record, self.label, labels)


def qqp_records(path: Path) -> Iterator[Record]:
    """GLUE's QQP: a table in which quotes are plain characters. Rows that were cut short, as three of the release's
    training rows are, have no label here; numbers go on counting, as the hub's ``idx`` does.
    """
    header, *lines = read_lines(path)
    names = header.split("\t")
    for number, line in enumerate(lines):
        fields = dict(zip(names, line.split("\t"), strict=False))
        if len(fields) < len(names):
            fields = dict.fromkeys(names, "")
        yield Record(path=path, number=number + 2, fields={**fields, "idx": number})


NO_GOLD_LABEL = "-"  # MultiNLI: the annotators did not agree


@dataclass(frozen=True, kw_only=True)
class NliTable:
    """The columns of a format."""

    rows: Callable[[Path], Iterator[tuple[int, list[str]]]]
    premise: str
    hypothesis: str
    label: str
    pair: str
    prompt: str | None  # None: every pair is a unit of its own
    language: str | None = None  # column by which one file's languages are told apart


TAXINLI = NliTable(rows=quoted_rows, premise="prem", hypothesis="hyp", label="label", pair="pairID", prompt=None)


@dataclass(frozen=True, kw_only=True)
class NliTableReader:
    """Reads one kind of table.

    MultiNLI numbers the pairs of each split separately, so pair ids can repeat in mixed splits; they are made
    unique and counted. Pairs without a gold label are left out and counted.
    """

    table: NliTable

    def __call__(self, paths: Sequence[Path], *, language: str, labels: Sequence[str]) -> ReadResult:
        rows: list[SentencePair] = []
        unlabelled = 0
        for path in paths:
            for line, fields in self._records(path, language):
                if fields[self.table.label] == NO_GOLD_LABEL:
                    unlabelled += 1
                    continue
                rows.append(self._row(fields, labels, path, line))
        if not rows:
            raise DataError(f"no labelled pair in language {language!r}", where=", ".join(map(str, paths)))
        unique, renamed = with_unique_ids(rows)
        return ReadResult(rows=list(unique), mended=mended(ids_made_unique=renamed, rows_without_gold_label=unlabelled))

    def _records(self, path: Path, language: str) -> Iterator[tuple[int, dict[str, str]]]:
        records = self.table.rows(path)
        _, header = next(records)
        wanted = (self.table.premise, self.table.hypothesis, self.table.label, self.table.pair)
        for name in (*wanted, *filter(None, (self.table.prompt, self.table.language))):
            if name not in header:
                fail(f"no column {name!r} among {', '.join(header)}", path, 1)
        for line, fields in records:
            require_columns(fields, len(header), path, line)
            record = dict(zip(header, fields, strict=True))
            if self.table.language is None or record[self.table.language] == language:
                yield line, record

    def _row(self, fields: dict[str, str], labels: Sequence[str], path: Path, line: int) -> SentencePair:
        name = fields[self.table.pair]
        return SentencePair(
            id=name,
            unit=fields[self.table.prompt] if self.table.prompt else name,
            text_a=fields[self.table.premise],
            text_b=fields[self.table.hypothesis],
            label=checked_label(fields[self.table.label], labels, path, line),
        )


_NO_LABELS = f"{STRIPPED}strip the labels of test files; take them from the original release"
_HYPOTHESES = 3  # that XNLI has for each premise
_TRANSLATED = 5  # columns: the original pair, the translated one, the label

#: Two texts and a label, and whether a field of them was CSV-quoted.
Fields = tuple[str, str, str, bool]
#: Reads the pairs of one file in one language.
Pairs = Callable[[Path, str, Sequence[str]], Iterable[Fields]]


def xtreme_fields(path: Path, language: str, labels: Sequence[str]) -> Iterable[Fields]:  # noqa: ARG001
    """XTREME's form. Whoever splits such a file at its tabs keeps quotes that are not the text's."""
    for number, (line, fields) in enumerate(quoted_rows(path)):
        require_columns(fields, 3, path, line, None if number else _NO_LABELS)
        quoted = any('"' in text for text in fields)
        yield fields[0].strip(), fields[1].strip(), checked_label(_mended(fields[2]), labels, path, line), quoted


def translated_fields(path: Path, language: str, labels: Sequence[str]) -> Iterable[Fields]:  # noqa: ARG001
    """XTREME's machine translations of training rows: original pair, translated pair, label. Quotes are plain."""
    for line, fields in plain_rows(path):
        require_columns(fields, _TRANSLATED, path, line)
        yield fields[2].strip(), fields[3].strip(), checked_label(_mended(fields[4]), labels, path, line), False


def xnli_mt_fields(path: Path, language: str, labels: Sequence[str]) -> Iterable[Fields]:  # noqa: ARG001
    """XNLI's own machine translations of MultiNLI's training rows: premise, hypothesis, label under a header."""
    for record in plain_table(path):
        label = checked_label(_mended(record.text("label")), labels, path, record.number)
        yield record.text("premise"), record.text("hypo"), label, False


def _mended(label: str) -> str:
    """The label as everywhere else: the translations call a contradiction "contradictory"."""
    return {"contradictory": "contradiction"}.get(label.strip(), label.strip())


@dataclass(frozen=True, kw_only=True)
class RecordPairs:
    """Pairs from records with names. Where ``language`` names a column, the file holds several languages."""

    records: Records
    first: str
    second: str
    label: str
    language: str | None = None

    def __call__(self, path: Path, language: str, labels: Sequence[str]) -> Iterable[Fields]:
        for record in self.records(path):
            if self.language is None or record.text(self.language) == language:
                label = label_of(record, self.label, labels)
                if label is None:
                    record.fail("no label", remedy="take a release with labels")
                yield record.text(self.first), record.text(self.second), label, False


def premise_units(premises: Sequence[str]) -> list[int]:
    """The number of each row's premise.

    XNLI's rows come in threes. Where every block of three shares its premise, blocks are counted, so that two premises
    that happen to be translated alike do not shift the numbers of one language; otherwise runs of equal premises are.
    """
    blocks = [premises[first : first + _HYPOTHESES] for first in range(0, len(premises), _HYPOTHESES)]
    if all(len(block) == _HYPOTHESES and len(set(block)) == 1 for block in blocks):
        return [index // _HYPOTHESES for index in range(len(premises))]
    runs = (len(list(run)) for _, run in groupby(premises))
    return [number for number, length in enumerate(runs) for _ in range(length)]


@dataclass(frozen=True, kw_only=True)
class ParallelPairReader:
    """Reads pairs of one language.

    Attributes:
        pairs: how the pairs are got.
        by_premise: whether pairs of one premise share a unit (NLI); otherwise each is a unit of its own.
    """

    pairs: Pairs
    by_premise: bool = False

    def __call__(self, paths: Sequence[Path], *, language: str, labels: Sequence[str]) -> ReadResult:
        fields = [found for path in paths for found in self.pairs(path, language, labels)]
        if not fields:
            raise DataError(f"no labelled pair in language {language!r}", where=", ".join(map(str, paths)))
        numbers = range(len(fields))
        units = premise_units([premise for premise, *_ in fields]) if self.by_premise else numbers
        rows = [
            SentencePair(id=str(index), unit=str(unit), text_a=first, text_b=second, label=label)
            for index, unit, (first, second, label, _) in zip(numbers, units, fields, strict=True)
        ]
        return ReadResult(rows=list(rows), mended=mended(rows_unquoted=sum(quoted for *_, quoted in fields)))


@dataclass(frozen=True, kw_only=True)
class NumberedPairReader:
    """Reads translated training pairs: ids are row numbers, as the English rows' are; the unit is the first such row
    with the same premise.
    """

    pairs: Pairs

    def __call__(self, paths: Sequence[Path], *, language: str, labels: Sequence[str]) -> ReadResult:
        units: dict[str, int] = {}
        rows = [
            SentencePair(
                id=str(number), unit=str(units.setdefault(first, number)), text_a=first, text_b=second, label=label
            )
            for number, (first, second, label, _) in enumerate(
                found for path in paths for found in self.pairs(path, language, labels)
            )
        ]
        return ReadResult(rows=list(rows))
