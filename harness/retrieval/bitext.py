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

import numpy as np

from harness.retrieval.margin import Candidates, Directed, Margin, Retrieval, Scores, mine
from harness.retrieval.threshold import Threshold, tune_threshold
from tasks.rows import BitextSentence
from tasks.types.bitext_mining import Pair

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
