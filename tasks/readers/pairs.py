"""Sentence pairs in parallel languages, XNLI and PAWS-X: as XTREME's scripts leave them, as released, or on the hub.

XTREME's form is premise, hypothesis, label; no header; CSV quoting with tabs. Ids are 0-based row numbers in a
language, which all forms have in common.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from tasks.errors import DataError
from tasks.readers.base import STRIPPED, ReadResult, checked_label, mended
from tasks.readers.records import Records, label_of, plain_table
from tasks.readers.tables import plain_rows, quoted_rows, require_columns
from tasks.rows import SentencePair

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
