"""From embeddings' neighbours to pairs of sentence ids, for corpora in which a sentence may stand more than once.

Equal sentences of one side are embedded and searched as one, and a pair that is found stands for all their ids, as in
jiant. XTREME's ``read_sent2id`` leaves such sentences out instead, so that their gold pairs cannot be found. All else
is the reference's (XTREME's ``utils_retrieve.py``, LASER's ``bucc.sh``): 4 neighbours in both directions, ratio margin,
``max`` retrieval, a threshold tuned on the gold pairs of a sample. All here is arithmetic: no files, no framework.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
import numpy.typing as npt

from harness.retrieval.margin import Candidates, Directed, Margin, Retrieval, Scores, mine
from tasks.errors import UserError
from tasks.rows import BitextSentence
from tasks.types.bitext_mining import Pair

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


#: Neighbours in each direction; a corpus of fewer sentences has fewer.
NEIGHBOURS = 4
MARGIN = Margin.RATIO
RETRIEVAL = Retrieval.MAX


@dataclass(frozen=True, kw_only=True)
class Unified:
    """The different sentences of one side, by text, in order of first appearance.

    Attributes:
        places: for each the 0-based place, among the rows of its side, where it first stands.
        ids: for each the ids of all rows that hold it, in their order.
    """

    places: tuple[int, ...]
    ids: tuple[tuple[str, ...], ...]

    def __len__(self) -> int:
        return len(self.places)


@dataclass(frozen=True, kw_only=True)
class ScoredPairs:
    """Mined pairs of ids, each once, with their scores (n,), best first."""

    pairs: tuple[Pair, ...]
    scores: Scores

    def __len__(self) -> int:
        return len(self.pairs)

    def at_least(self, threshold: float) -> list[Pair]:
        """The pairs that score ``threshold`` or more, in their order."""
        return [pair for pair, kept in zip(self.pairs, self.scores >= threshold, strict=True) if kept]


def unify(rows: Sequence[BitextSentence]) -> Unified:
    """Take rows of one side with the same text together. The texts are compared as they are, character by character."""
    members: dict[str, list[int]] = {}
    for place, row in enumerate(rows):
        members.setdefault(row.text, []).append(place)
    return Unified(
        places=tuple(places[0] for places in members.values()),
        ids=tuple(tuple(rows[place].id for place in places) for places in members.values()),
    )


def neighbours(corpus: int) -> int:
    """How many neighbours are looked for in a corpus of so many different sentences."""
    return min(NEIGHBOURS, corpus)


def mine_pairs(forward: Directed, backward: Directed) -> Candidates:
    """Pairs of different sentences, best first.

    Args:
        forward: neighbours of each foreign sentence among the English ones.
        backward: neighbours of each English sentence among the foreign ones.
    """
    return mine(forward, backward, margin=MARGIN, retrieval=RETRIEVAL)


def with_ids(found: Candidates, foreign: Unified, english: Unified) -> ScoredPairs:
    """Every id of the foreign sentence with every id of the English one, at the pair's score.

    A sentence stands in one candidate at most (``max`` retrieval), so no pair comes twice.
    """
    expanded = [
        list(product(foreign.ids[source], english.ids[target]))
        for source, target in zip(found.sources.tolist(), found.targets.tolist(), strict=True)
    ]
    return ScoredPairs(
        pairs=tuple(pair for pairs in expanded for pair in pairs),
        scores=np.repeat(found.scores, np.array([len(pairs) for pairs in expanded], dtype=np.int64)),
    )


def tune(mined: ScoredPairs, gold: Collection[Pair]) -> Threshold:
    """The threshold with the best F1 on a sample whose gold pairs are known. All pairs of equal score go together.

    Raises:
        UserError: there is no gold pair.
    """
    correct = np.array([pair in gold for pair in mined.pairs], dtype=bool)
    return tune_threshold(mined.scores, correct, len(gold))
