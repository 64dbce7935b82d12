"""Pairs of sentences from named records: SNLI, MultiNLI, ANLI, QQP, from release files or from the hub.

Ids are the 0-based numbers of the rows in the split (ANLI has its own), since that is all that both forms have in
common; rows without a gold label are counted in, so that the numbers agree. The unit of a pair is the number of the
first row with the same premise.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tasks.errors import DataError
from tasks.readers.base import ReadResult, mended, read_lines, refuse_repeated_ids
from tasks.readers.records import Record, Records, label_of
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
        names: what labels are called in the files, where they are not called as in the task.
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
