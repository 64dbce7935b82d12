"""NLI tables whose pairs have ids of their own: TaxiNLI. Columns are found by their names."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from tasks.errors import DataError
from tasks.readers.base import ReadResult, checked_label, fail, mended, with_unique_ids
from tasks.readers.tables import quoted_rows, require_columns
from tasks.rows import SentencePair

NO_GOLD_LABEL = "-"  # MultiNLI: the annotators did not agree


@dataclass(frozen=True, kw_only=True)
class NliTable:
    """Where a format keeps what."""

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

    MultiNLI numbers the pairs of each split anew, so pair ids can repeat where splits are mixed; they are made unique
    and counted. Pairs without a gold label are left out and counted.
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
