"""Sentence pairs as XTREME's scripts leave them: premise, hypothesis, label; no header; CSV quoting with tabs."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from pathlib import Path

from tasks.readers.base import ReadResult, checked_label
from tasks.readers.tables import quoted_rows, require_columns
from tasks.rows import SentencePair

_NO_LABELS = "XTREME's scripts strip the labels of test files; take them from the original release"
_HYPOTHESES = 3  # that XNLI has for each premise


def _fields(paths: Sequence[Path], labels: Sequence[str]) -> list[tuple[str, str, str]]:
    found = []
    for path in paths:
        for line, fields in quoted_rows(path):
            require_columns(fields, 3, path, line, _NO_LABELS)
            found.append((fields[0], fields[1], checked_label(fields[2], labels, path, line)))
    return found


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


def read_premise_pairs(paths: Sequence[Path], *, language: str, labels: Sequence[str]) -> ReadResult:  # noqa: ARG001
    """XNLI: ids are 0-based row numbers, units the numbers of the premises, both the same in every language."""
    fields = _fields(paths, labels)
    units = premise_units([premise for premise, _, _ in fields])
    rows = [
        SentencePair(id=str(index), unit=str(unit), text_a=premise, text_b=hypothesis, label=label)
        for index, (unit, (premise, hypothesis, label)) in enumerate(zip(units, fields, strict=True))
    ]
    return ReadResult(rows=list(rows))


def read_paraphrase_pairs(paths: Sequence[Path], *, language: str, labels: Sequence[str]) -> ReadResult:  # noqa: ARG001
    """PAWS-X: the same files, but each pair is a unit of its own."""
    rows = [
        SentencePair(id=str(index), unit=str(index), text_a=first, text_b=second, label=label)
        for index, (first, second, label) in enumerate(_fields(paths, labels))
    ]
    return ReadResult(rows=list(rows))
