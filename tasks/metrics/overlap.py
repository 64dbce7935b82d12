"""Precision, recall and F1 between a set of predicted items and a set of gold items."""

from __future__ import annotations

from collections.abc import Hashable
from collections.abc import Set as AbstractSet
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Overlap:
    """How many items are in both sets, predicted, and gold. A ratio with nothing below its line is 0."""

    tp: int
    predicted: int
    gold: int

    def __add__(self, other: Overlap) -> Overlap:
        return Overlap(tp=self.tp + other.tp, predicted=self.predicted + other.predicted, gold=self.gold + other.gold)

    @property
    def precision(self) -> float:
        return self.tp / self.predicted if self.predicted else 0.0

    @property
    def recall(self) -> float:
        return self.tp / self.gold if self.gold else 0.0

    @property
    def f1(self) -> float:
        if not self.tp:
            return 0.0
        return 2 * self.precision * self.recall / (self.precision + self.recall)


def pair_overlap(predicted: AbstractSet[Hashable], gold: AbstractSet[Hashable]) -> Overlap:
    """Overlap of two sets; of two sets of sentence-id pairs, ``f1`` is BUCC's score as XTREME's evaluate.py has it."""
    return Overlap(tp=len(predicted & gold), predicted=len(predicted), gold=len(gold))
