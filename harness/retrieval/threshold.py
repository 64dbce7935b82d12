"""The cut that separates mined pairs from the rest, chosen on the gold pairs of a validation set."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from tasks.errors import UserError

#: So many cuts are kept around the one chosen, at most: a curve of a page has no room for more.
AROUND = 41


@dataclass(frozen=True, kw_only=True)
class Cut:
    """A cut, and what it gives on a set whose gold pairs are known: pairs that score ``value`` or more are extracted.

    ``f1``, ``precision`` and ``recall`` are fractions of one.
    """

    value: float
    f1: float
    precision: float
    recall: float


@dataclass(frozen=True, kw_only=True)
class Threshold(Cut):
    """The cut chosen, with others on both sides of it.

    Its scores are known only because the gold pairs were: a validation score with this threshold is an oracle's.

    Attributes:
        around: cuts from half as many pairs extracted to twice as many, by falling threshold, the chosen one among
            them; none where no pair is correct.
    """

    around: tuple[Cut, ...] = ()


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

    def cut(place: int) -> Cut:
        hits = int(found[place])
        share = hits / int(extracted[place])
        return Cut(value=_midway(values, place), f1=float(f1[place]), precision=share, recall=hits / gold)

    chosen = cut(best)
    around = tuple(cut(place) for place in _around(np.flatnonzero(cuts), best))
    return Threshold(**vars(chosen), around=around)


def _around(places: npt.NDArray[np.int64], best: int) -> list[int]:
    """Some of the places of cuts, ``best`` among them, evenly from half to twice its number of pairs."""
    near = places[(places + 1 >= (best + 1) / 2) & (places + 1 <= 2 * (best + 1))]
    chosen = np.linspace(0, len(near) - 1, min(AROUND, len(near))).round().astype(np.int64)
    some = set(near[chosen].tolist())
    if best not in some:  # in the place of its nearest
        some.remove(min(some, key=lambda place: (abs(place - best), place)))
    return sorted(some | {best})


def _midway(values: npt.NDArray[np.float64], last: int) -> float:
    """Between ``values[last]`` and the next one; ``values`` falls."""
    lowest = float(values[last])
    if last + 1 == len(values):
        return lowest
    below = float(values[last + 1])
    middle = (lowest + below) / 2
    # Two neighbouring doubles have no double between them, and minus infinity has no middle.
    return middle if below < middle <= lowest else lowest
