"""Taking a part of a split: whole resampling units, chosen by a hash, so that parallel languages keep equal items."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import TypeVar

from tasks.rows import Row

RowT = TypeVar("RowT", bound=Row)


def select_units(rows: Sequence[RowT], limit: int | None) -> list[RowT]:
    """At most ``limit`` rows, in file order, as whole units.

    Units are taken in the order of the SHA-256 of their ids; one that would exceed the limit is passed over. Where not
    even the first unit fits, its first rows are taken. The choice depends on unit ids and sizes alone, so parallel test
    sets keep the same items in every language.
    """
    if limit is None or len(rows) <= limit:
        return list(rows)
    sizes: dict[str, int] = {}
    for row in rows:
        sizes[row.unit] = sizes.get(row.unit, 0) + 1
    order = sorted(sizes, key=lambda unit: hashlib.sha256(unit.encode()).digest())
    chosen: set[str] = set()
    total = 0
    for unit in order:
        if total + sizes[unit] <= limit:
            chosen.add(unit)
            total += sizes[unit]
    if not chosen:
        return [row for row in rows if row.unit == order[0]][:limit]
    return [row for row in rows if row.unit in chosen]
