"""What rows are like: how many, with which labels, which of them repeat, and whether others are the same."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from harness.data.training_rows import label_of
from tasks.rows import BitextSentence, Row, TaggedSentence
from tasks.types.bitext_mining import gold_pairs

#: Counts of what is mended that stand for rows which were read and are not there.
_LOST = ("rows_dropped", "gold_pairs_repeated")
_TOLD = 60  # characters of a row that a sentence quotes


@dataclass(frozen=True, kw_only=True)
class RowFacts:
    """The rows of one source in one language.

    Attributes:
        files: below the data directory.
        rows: canonical ones.
        counted: in the unit that is published: rows, in retrieval pairs.
        published: how many there are in the whole split; None where nobody says.
        mended: what was mended or left out on the way, by kind.
        labels: how often each occurs; of tagged sentences each tag, of retrieval which side a sentence is on.
        repeated: rows whose inputs have stood in the split before.
        contradicting: those of them that have another answer than there.
    """

    files: tuple[str, ...]
    rows: int
    counted: int
    published: int | None
    mended: Mapping[str, int]
    labels: Mapping[str, int]
    repeated: int
    contradicting: int


@dataclass(kw_only=True)
class _Seen:
    answers: dict[bytes, set[str]] = field(default_factory=dict)
    repeated: int = 0
    contradicting: int = 0


def facts_of(rows: Sequence[Row], files: Sequence[str], mended: Mapping[str, int], published: int | None) -> RowFacts:
    """Count what there is to be counted."""
    seen = _Seen()
    labels: Counter[str] = Counter()
    for row in rows:
        labels.update(_labels(row))
        _note_repeats(row, seen)
    return RowFacts(
        files=tuple(files),
        rows=len(rows),
        counted=_counted(rows, mended),
        published=published,
        mended=dict(mended),
        labels=dict(sorted(labels.items())),
        repeated=seen.repeated,
        contradicting=seen.contradicting,
    )


def difference(first: Sequence[Row], other: Sequence[Row], *, partial: bool) -> str | None:
    """What is not the same in two readings of one split, a clause; None where all is.

    Args:
        first: rows of one source.
        other: rows of another.
        partial: compare those rows alone whose ids both have.
    """
    if partial:
        ids = {row.id for row in first} & {row.id for row in other}
        first, other = ([row for row in rows if row.id in ids] for rows in (first, other))
        if not ids:
            return "no id is in both"
    for number, (one, two) in enumerate(zip(first, other, strict=False), start=1):
        if one != two:
            mine, theirs = one.to_json(), two.to_json()
            name = next(name for name in mine if mine[name] != theirs.get(name))
            quoted = " and ".join(json.dumps(value[name], ensure_ascii=False)[:_TOLD] for value in (mine, theirs))
            return f"row {number} (id {one.id}) has not the same '{name}': {quoted}"
    return None if len(first) == len(other) else f"{len(first)} rows and {len(other)}"


def _counted(rows: Sequence[Row], mended: Mapping[str, int]) -> int:
    lost = sum(mended.get(name, 0) for name in _LOST)
    if rows and isinstance(rows[0], BitextSentence):
        bitext = [row for row in rows if isinstance(row, BitextSentence)]
        return len(gold_pairs(bitext)) + lost
    return len(rows) + lost


def _labels(row: Row) -> Sequence[str]:
    if isinstance(row, TaggedSentence):
        return row.tags or ()
    if isinstance(row, BitextSentence):
        return (row.side,)
    return (label_of(row),)


def _note_repeats(row: Row, seen: _Seen) -> None:
    fields: dict[str, Any] = row.inputs()
    del fields["id"], fields["unit"]
    inputs = hashlib.blake2b(json.dumps(fields, sort_keys=True).encode(), digest_size=16).digest()
    reference = row.reference()
    answer = json.dumps([reference[name] for name in row.answer_fields], ensure_ascii=False, sort_keys=True)
    if isinstance(row, BitextSentence):
        answer = ""  # who a sentence's partners are by id says nothing of its answer
    before = seen.answers.get(inputs)
    if before is None:
        seen.answers[inputs] = {answer}
        return
    seen.repeated += 1
    seen.contradicting += answer not in before
    before.add(answer)
