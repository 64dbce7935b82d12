"""The cut that separates mined pairs from the rest, chosen on the gold pairs of a validation set."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from tasks.errors import UserError


@dataclass(frozen=True, kw_only=True)
class Threshold:
    """A threshold, and what it gives on the set it was chosen on: pairs that score ``value`` or more are extracted.

    ``f1``, ``precision`` and ``recall`` are fractions of one. They are known only because the gold pairs were: a
    validation score with this threshold is an oracle's.
    """

    value: float
    f1: float
    precision: float
    recall: float


def tune_threshold(scores: npt.NDArray[Any], correct: npt.NDArray[Any], gold: int) -> Threshold:
    """The threshold with the best F1, as XTREME's BUCC evaluation chooses it.

    It lies midway between the score of the last pair extracted and the next lower one. Cases the reference leaves open
    have a rule here: when every pair is extracted the threshold is the lowest score itself (the reference reads past
    the end of its list); pairs with equal scores are extracted together, so no cut falls between them (the reference
    counts them one by one, in the order of its dictionary); of cuts with equal F1 the highest counts; and when no pair
    is correct the threshold is 0, with an F1 of 0.

    Args:
        scores: margin scores of the mined pairs, shape (n,), in any order.
        correct: whether each pair is a gold pair, shape (n,).
        gold: how many gold pairs there are, mined or not.

    Raises:
        UserError: there is no gold pair, more are correct than there are, or a score is NaN.
    """
    values = np.asarray(scores, dtype=np.float64)
    hits = np.asarray(correct, dtype=bool)
    if gold < 1 or hits.sum() > gold:
        raise UserError(f"{int(hits.sum())} mined pairs are correct of {gold} gold pairs", where="gold")
    if np.isnan(values).any():
        raise UserError(f"score {int(np.argmax(np.isnan(values)))} is NaN", where="scores")
    order = np.argsort(-values, kind="stable")
    values = values[order]
    found = np.cumsum(hits[order])
    extracted = np.arange(1, len(values) + 1)
    f1 = 2 * found / (extracted + gold)  # harmonic mean of found / extracted and found / gold
    cuts = np.append(values[:-1] > values[1:], True) if len(values) else np.zeros(0, dtype=bool)
    if not (found * cuts).any():
        return Threshold(value=0.0, f1=0.0, precision=0.0, recall=0.0)
    best = int(np.argmax(np.where(cuts, f1, -1.0)))
    return Threshold(
        value=_midway(values, best),
        f1=float(f1[best]),
        precision=float(found[best] / extracted[best]),
        recall=float(found[best] / gold),
    )


def _midway(values: npt.NDArray[np.float64], last: int) -> float:
    """Between ``values[last]`` and the next one; ``values`` falls."""
    lowest = float(values[last])
    if last + 1 == len(values):
        return lowest
    below = float(values[last + 1])
    middle = (lowest + below) / 2
    # Two neighbouring doubles have no double between them, and minus infinity has no middle.
    return middle if below < middle <= lowest else lowest
