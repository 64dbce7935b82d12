"""Choice of rows: a part of a split as whole resampling units, by a hash; and the check that rows are English."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Sequence
from typing import TypeVar

from tasks.rows import Row

_WORDS = """
the of and to that for with it his he she they from by what which who at be have has had this not were are
"""
_COMMON = frozenset(_WORDS.split())
_WORD = re.compile(r"[^\W\d_]+")
#: Rows that are looked at together.
RUN = 100
_LEAST_WORDS = 400
_LEAST_SHARE = 0.06


def foreign_run(texts: Sequence[str]) -> tuple[int, int] | None:
    """The first run of texts that is not English, as the 0-based numbers of its first and last; None if all are.

    Runs with few words, which may look like anything, are passed over.
    """
    for first, last in _runs(len(texts)):
        words = [word for text in texts[first : last + 1] for word in _WORD.findall(text.lower())]
        if len(words) >= _LEAST_WORDS and sum(word in _COMMON for word in words) < _LEAST_SHARE * len(words):
            return first, last
    return None


def _runs(count: int) -> Iterator[tuple[int, int]]:
    for first in range(0, count, RUN):
        yield first, min(first + RUN, count) - 1


RowT = TypeVar("RowT", bound=Row)

#: The part of a limit, as a divisor, that may be filled with translations before distractors are taken.
_PAIRED_SHARE = 3


def select_units(rows: Sequence[RowT], limit: int | None) -> list[RowT]:
    """At most ``limit`` rows, in file order, as whole units.

    Units are taken in the order of the SHA-256 of their ids; one that would exceed the limit is passed over. Where not
    even the first unit fits, its first rows are taken. The choice depends on unit ids and sizes alone, so parallel test
    sets keep the same items in every language. Sentences of two corpora count as one unit with their translations;
    where most have none (BUCC), translations first fill up to a third of the limit, or hardly any would be left.
    """
    if limit is None or len(rows) <= limit:
        return list(rows)
    units = _whole_units(rows)
    sizes: dict[str, int] = {}
    for unit in units:
        sizes[unit] = sizes.get(unit, 0) + 1
    order = sorted(sizes, key=lambda unit: hashlib.sha256(unit.encode()).digest())
    chosen: set[str] = set()
    total = 0
    for units_in_turn, room in ((_paired(rows, units, order), limit // _PAIRED_SHARE), (order, limit)):
        for unit in units_in_turn:
            if unit not in chosen and total + sizes[unit] <= room:
                chosen.add(unit)
                total += sizes[unit]
    if not chosen:
        return [row for row, unit in zip(rows, units, strict=True) if unit == order[0]][:limit]
    return [row for row, unit in zip(rows, units, strict=True) if unit in chosen]


def held_out(rows: Sequence[RowT], share: float, *, salt: str = "held out") -> tuple[list[RowT], list[RowT]]:
    """Split rows into a part that selects and a part that trains, by whole units.

    Which part a unit falls into hangs on a hash of its id alone, so other rows, limits and seeds move nothing. Another
    ``salt`` parts them another way, with nothing to do with the first.

    Returns:
        About ``share`` of the units, and the others, both in file order.
    """
    limit = int(share * 2**64)
    chosen = {
        unit
        for unit in {row.unit for row in rows}
        # Not the hash by which a limit takes units: the first of those would all be in one part.
        if int.from_bytes(hashlib.sha256(f"{salt} {unit}".encode()).digest()[:8], "big") < limit
    }
    return [row for row in rows if row.unit in chosen], [row for row in rows if row.unit not in chosen]


def _paired(rows: Sequence[Row], units: Sequence[str], order: Sequence[str]) -> list[str]:
    """Units of translations, in order, where other sentences have none; else none need to be taken first."""
    partners = [getattr(row, "partners", None) for row in rows]
    if () not in partners:
        return []
    linked = {unit for unit, found in zip(units, partners, strict=True) if found}
    return [unit for unit in order if unit in linked]


def _whole_units(rows: Sequence[Row]) -> list[str]:
    """The unit that each row is taken with: its own, or the first among those of all that are linked as partners."""
    unit_of = {row.id: row.unit for row in rows}
    joined: dict[str, str] = {}

    def first(unit: str) -> str:
        while (other := joined.get(unit, unit)) != unit:
            joined[unit] = joined.get(other, other)
            unit = other
        return unit

    for row in rows:
        for partner in getattr(row, "partners", None) or ():
            if partner in unit_of:
                low, high = sorted((first(row.unit), first(unit_of[partner])))
                joined[high] = low
    return [first(row.unit) for row in rows]
