"""Shared code of answering and scoring: checks, counts per resampling unit, label indices."""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Iterable, Sequence

from tasks.errors import DataError, UserError
from tasks.rows import Row
from tasks.types.base import Features, FloatArray


class UnitCounts:
    """Sums of counts per resampling unit, in order of first appearance."""

    def __init__(self) -> None:
        self._sums: dict[str, tuple[float, ...]] = {}

    def add(self, unit: str, *counts: float) -> None:
        """Add counts to a unit's sums."""
        before = self._sums.get(unit)
        self._sums[unit] = counts if before is None else tuple(a + b for a, b in zip(before, counts, strict=True))

    def as_dict(self) -> dict[str, tuple[float, ...]]:
        """The sums by unit id, as floats."""
        return {unit: tuple(map(float, sums)) for unit, sums in self._sums.items()}


def nearest(name: str, allowed: Sequence[str]) -> str:
    """A remedy that names the allowed values and the one most like ``name``."""
    close = difflib.get_close_matches(name, allowed, n=1, cutoff=0.0)
    hint = f"; did you mean {close[0]!r}?" if close else ""
    return f"use one of {', '.join(map(repr, allowed))}{hint}".removesuffix("?")


def require_metric(metric: str, allowed: Sequence[str]) -> None:
    """Refuse a metric that the task type does not have.

    Raises:
        UserError: naming the allowed metrics.
    """
    if metric not in allowed:
        raise UserError(f"unknown metric {metric!r}", where="metric", remedy=nearest(metric, allowed))


def require_matching(references: Sequence[object], predictions: Sequence[object]) -> None:
    """Refuse an empty set, or predictions that do not correspond one to one to their references.

    Raises:
        DataError: naming both counts.
    """
    if not references:
        raise DataError("there are no references to score against")
    if len(references) != len(predictions):
        raise DataError(f"{len(predictions)} predictions for {len(references)} references")


def label_indices(labels: Sequence[str]) -> dict[str, int]:
    """Index of each label in the spec's order."""
    return {label: index for index, label in enumerate(labels)}


def label_index(label: str, indices: dict[str, int], row: Row) -> int:
    """A label's index.

    Raises:
        DataError: the label is not the task's.
    """
    try:
        return indices[label]
    except KeyError:
        raise DataError(
            f"unknown label {label!r}", where=f"row {row.id}", remedy=nearest(label, list(indices))
        ) from None


def argmax_by_row(rows: Sequence[Row], features: Sequence[Features], logits: Sequence[FloatArray]) -> list[int]:
    """The index of the highest logit for each row, the first of equals. One ``Features`` a row."""
    chosen: dict[int, int] = {}
    for feature, scores in zip(features, logits, strict=True):
        chosen[feature.row] = int(scores.argmax())
    return [chosen[index] for index in range(len(rows))]


def most_frequent(values: Iterable[str], order: Sequence[str]) -> str:
    """The value seen most often; of equals, the first in ``order`` (which also decides when none is seen)."""
    counts = Counter(values)
    return max(order, key=lambda label: counts[label])
