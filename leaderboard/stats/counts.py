"""Counts per resampling unit as arrays. Every score is a ratio of two sums over units.

Accuracy is correct / rows; QA the mean of exact match and F1, summed, / rows; F1 is 2 tp / (predicted + gold). So one
pair of arrays, *top* and *bottom*, suffices for any metric, and a bootstrap draw is two products with its weights.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Any

import numpy as np
import numpy.typing as npt

from tasks.errors import UserError

Floats = npt.NDArray[np.float64]
Singles = npt.NDArray[np.float32]
#: Counts: bytes as long as they are small whole numbers, which is nearly always; a board holds billions.
Small = npt.NDArray[np.uint8] | Singles
#: Per language its counts by unit id, as ``units.json`` holds them.
UnitRecord = Mapping[str, Mapping[str, Sequence[float]]]
#: A score differs from the one in the result by no more than rounding.
TOLERANCE = 1e-5


@dataclass(frozen=True, kw_only=True)
class LanguageCounts:
    """One language of a target.

    Attributes:
        language: its code.
        units: for each unit its index among the target's joint units; shape (units,).
        total: how many units there are, with those left out of the arrays because they count nothing in any row.
        top: numerators by unit, row and seed; zero where the row is absent; shape (units, rows, seeds).
        bottom: denominators, same shape, or (units, 1, 1) where no row differs.
    """

    language: str
    units: npt.NDArray[np.int64]
    total: int
    top: Small
    bottom: Small

    def scores(self) -> Floats:
        """The score of every row and seed: shape (rows, seeds)."""
        return ratio(self.top.sum(axis=0, dtype=np.float64), self.bottom.sum(axis=0, dtype=np.float64))

    def informative(self) -> int:
        """Units that count anything in some row: a sentence with neither gold nor mined pairs tells nothing."""
        return int(_counting(self.top, self.bottom).sum())


@dataclass(frozen=True, kw_only=True)
class TargetCounts:
    """A target: its languages, and which rows have a result at every seed.

    Attributes:
        name: the target's.
        joint: whether one draw serves all languages.
        size: how many joint units there are (over all languages; each language's own count where not joint).
        present: which rows are there; shape (rows,).
        languages: in the target's order.
    """

    name: str
    joint: bool
    size: int
    present: npt.NDArray[np.bool_]
    languages: tuple[LanguageCounts, ...]


def ratio(top: npt.NDArray[Any], bottom: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """``top / bottom``, 0 where there is nothing to divide by (F1 with neither predictions nor gold)."""
    shape = np.broadcast_shapes(top.shape, bottom.shape)
    found = np.zeros(shape, dtype=top.dtype)
    np.divide(top, bottom, out=found, where=bottom != 0)
    return found


def top_and_bottom(columns: Sequence[str], values: Floats) -> tuple[Floats, Floats]:
    """Numerators and denominators of counts of shape (units, columns).

    Raises:
        UserError: no metric has these columns.
    """
    named = dict(zip(columns, values.T, strict=True))
    match tuple(columns):
        case ("correct", "rows"):
            return named["correct"], named["rows"]
        case ("exact_match", "f1", "rows"):
            return (named["exact_match"] + named["f1"]) / 2, named["rows"]
        case ("tp", "predicted", "gold"):
            return 2 * named["tp"], named["predicted"] + named["gold"]
    raise UserError(f"no statistics for counts of {', '.join(columns)}", where="units.json, field columns")


@dataclass(kw_only=True)
class CountsBuilder:
    """Takes the cells of one target one by one, so that no more than one record is in memory.

    Attributes:
        name: the target's.
        languages: in its order.
        joint: whether units of one name hold the same items in all languages that have them.
        rows: how many rows the grid has.
        seeds: how many seeds.
    """

    name: str
    languages: tuple[str, ...]
    joint: bool
    rows: int
    seeds: int
    _order: dict[str, list[str]] = field(default_factory=dict)
    _top: dict[str, Small] = field(default_factory=dict)
    _bottom: dict[str, Small] = field(default_factory=dict)
    _seen: npt.NDArray[np.bool_] | None = None

    def add(self, row: int, seed: int, record: Mapping[str, Any], scores: Mapping[str, float], *, where: str) -> None:
        """Add one cell.

        Args:
            row: its row's index.
            seed: its seed's position.
            record: ``units.json``: columns, and by language the counts of its units.
            scores: by language the score that its result says.
            where: the file, for messages.

        Raises:
            UserError: other units than in the cells before, other languages, or counts that do not give the score.
        """
        if self._seen is None:
            self._seen = np.zeros((self.rows, self.seeds), dtype=np.bool_)
        for language in self.languages:
            units = record["languages"].get(language)
            if not units:
                raise UserError(f"it has no counts in {language}", where=where, remedy="score it again")
            values = self._values(language, units, record, where)
            top, bottom = top_and_bottom(record["columns"], values)
            got = float(ratio(top.sum(), bottom.sum()))
            if language not in scores or abs(got - scores[language]) > TOLERANCE:
                raise UserError(
                    f"its counts give {got:.6f} in {language}, its result says {scores.get(language)}",
                    where=where,
                    remedy="score it again",
                )
            self._top[language] = _stored(self._top[language], row, seed, top)
            self._bottom[language] = _stored(self._bottom[language], row, seed, bottom)
        self._seen[row, seed] = True

    def _values(
        self, language: str, units: Mapping[str, Sequence[float]], record: Mapping[str, Any], where: str
    ) -> Floats:
        """Counts of shape (units, columns), in the order of the first cell."""
        names = list(units)
        if language not in self._order:
            self._order[language] = names
            shape = (len(names), self.rows, self.seeds)
            self._top[language] = np.zeros(shape, dtype=np.uint8)
            self._bottom[language] = np.zeros(shape, dtype=np.uint8)
        order = self._order[language]
        values: Collection[Sequence[float]] = units.values()
        if names != order:
            if set(names) != set(order):
                raise UserError(
                    f"its units in {language} are not those of the other rows, so nothing can be paired",
                    where=where,
                    remedy="score all rows of a target on the same items",
                )
            values = [units[name] for name in order]
        width = len(record["columns"])
        if set(map(len, values)) != {width}:
            raise UserError(
                f"not all of its units in {language} have {width} counts", where=where, remedy="score it again"
            )
        return np.fromiter(chain.from_iterable(values), np.float64).reshape(len(order), width)

    def build(self) -> TargetCounts | None:
        """The target's arrays; None if no row has a result at every seed."""
        if self._seen is None:
            return None
        present = np.asarray(self._seen.all(axis=1))
        if not present.any():
            return None
        indices, size = self._joined()
        return TargetCounts(
            name=self.name,
            joint=self.joint,
            size=size,
            present=present,
            languages=tuple(self._language(language, indices[language], present) for language in self.languages),
        )

    def _language(self, name: str, indices: npt.NDArray[np.int64], present: npt.NDArray[np.bool_]) -> LanguageCounts:
        """Its counts. Where it is drawn apart, units that count nothing anywhere are left out and only numbered."""
        top, bottom = self._top.pop(name), self._bottom.pop(name)
        kept = np.ones(len(top), dtype=np.bool_) if self.joint else _counting(top, bottom)
        kept[:1] |= not kept.any()
        return LanguageCounts(
            language=name,
            units=indices[kept],
            total=len(top),
            top=top[kept],
            bottom=_shared(bottom[kept], present),
        )

    def _joined(self) -> tuple[dict[str, npt.NDArray[np.int64]], int]:
        """For each language the index of every unit in the joint list, and how long that is."""
        if not self.joint:
            return {name: np.arange(len(order)) for name, order in self._order.items()}, sum(
                map(len, self._order.values())
            )
        numbers: dict[str, int] = {}
        for language in self.languages:
            for name in self._order[language]:
                numbers.setdefault(name, len(numbers))
        return {
            language: np.array([numbers[name] for name in self._order[language]], dtype=np.int64)
            for language in self.languages
        }, len(numbers)


def _counting(top: Small, bottom: Small) -> npt.NDArray[np.bool_]:
    """Which units count anything in some row: shape (units,)."""
    return np.asarray(top.any(axis=(1, 2)) | bottom.any(axis=(1, 2)))


def _stored(held: Small, row: int, seed: int, values: Floats) -> Small:
    """``held`` with a cell's counts in it, in single precision from the first that does not fit a byte."""
    if held.dtype == np.uint8 and not np.array_equal(values, values.astype(np.uint8)):
        held = held.astype(np.float32)
    held[:, row, seed] = values
    return held


def _shared(bottom: Small, present: npt.NDArray[np.bool_]) -> Small:
    """Denominators once, where all rows have the same (as in accuracy): half the products of a draw."""
    first = bottom[:, present.argmax(), :1][:, None, :]
    return first if np.array_equal(np.broadcast_to(first, bottom[:, present].shape), bottom[:, present]) else bottom
