"""Margin scores and bitext mining over nearest neighbours in both directions.

The method is that of Artetxe and Schwenk (2019), "Margin-based parallel corpus mining with multilingual sentence
embeddings", sections 3.1 to 3.3, with the behaviour of LASER's ``mine_bitexts`` as XTREME uses it for BUCC. Everything
here is arithmetic on arrays: no files, no framework.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol, assert_never

import numpy as np
import numpy.typing as npt

Scores = npt.NDArray[np.float64]
Ids = npt.NDArray[np.int64]


class Margin(StrEnum):
    """How a similarity is set against the mean similarity of both sentences to their nearest neighbours."""

    RATIO = "ratio"  # similarity / mean
    DISTANCE = "distance"  # similarity - mean
    ABSOLUTE = "absolute"  # similarity


class Retrieval(StrEnum):
    """Which pairs are kept of each source's best target and each target's best source."""

    FORWARD = "forward"  # each source with its best target
    BACKWARD = "backward"  # each target with its best source
    INTERSECTION = "intersection"  # pairs that are best in both directions
    MAX = "max"  # both lists together, best first, every sentence used once


class Directed(Protocol):
    """Neighbours in one direction, as :func:`harness.retrieval.knn.search` returns them; both arrays (n, k)."""

    @property
    def scores(self) -> npt.NDArray[Any]: ...
    @property
    def ids(self) -> npt.NDArray[Any]: ...


@dataclass(frozen=True, kw_only=True)
class Candidates:
    """Mined pairs: ``sources[i]`` and ``targets[i]`` are rows of the two corpora; all three arrays have shape (n,)."""

    scores: Scores
    sources: Ids
    targets: Ids

    def __len__(self) -> int:
        return len(self.scores)

    def at_least(self, threshold: float) -> Candidates:
        """The pairs that score ``threshold`` or more, in the same order."""
        return self._take(self.scores >= threshold)

    def _take(self, chosen: npt.NDArray[Any]) -> Candidates:
        return Candidates(scores=self.scores[chosen], sources=self.sources[chosen], targets=self.targets[chosen])


def margin_scores(found: Directed, own_means: Scores, other_means: Scores, margin: Margin) -> Scores:
    """The margin score of every neighbour in one direction; shape (n, k).

    Args:
        found: neighbours of n sentences among m.
        own_means: mean similarity of each of the n sentences to its nearest neighbours, shape (n,).
        other_means: the same for the m sentences on the other side, shape (m,).
        margin: which margin. A ratio to a mean of exactly zero is minus infinity: it ranks last.
    """
    similarity: Scores = np.asarray(found.scores, dtype=np.float64)
    mean: Scores = (own_means[:, None] + other_means[found.ids]) / 2
    match margin:
        case Margin.RATIO:
            return np.divide(similarity, mean, out=np.full_like(similarity, -np.inf), where=mean != 0)
        case Margin.DISTANCE:
            return similarity - mean
        case Margin.ABSOLUTE:
            return similarity
        case _:
            assert_never(margin)


def mine(
    forward: Directed,
    backward: Directed,
    *,
    margin: Margin = Margin.RATIO,
    retrieval: Retrieval = Retrieval.MAX,
    threshold: float = 0.0,
) -> Candidates:
    """Pairs of sentences that may be translations of each other, with their margin scores.

    Args:
        forward: neighbours of each source among the targets, shape (sources, k).
        backward: neighbours of each target among the sources, shape (targets, k).
        margin: the score; of candidates with equal scores the nearer neighbour counts.
        retrieval: which pairs are kept. ``MAX`` gives them best first (ties: pairs found forward before those found
            backward, then in corpus order); ``FORWARD`` and ``INTERSECTION`` in the order of the sources, ``BACKWARD``
            in the order of the targets.
        threshold: ``MAX`` drops pairs that do not score more than this; the other ways keep all, as LASER does.
    """
    forward_means = np.asarray(forward.scores, dtype=np.float64).mean(axis=1)
    backward_means = np.asarray(backward.scores, dtype=np.float64).mean(axis=1)
    by_source = _best(forward, margin_scores(forward, forward_means, backward_means, margin))
    by_target = _best(backward, margin_scores(backward, backward_means, forward_means, margin))
    ahead = Candidates(scores=by_source[0], sources=np.arange(len(by_source[1])), targets=by_source[1])
    back = Candidates(scores=by_target[0], sources=by_target[1], targets=np.arange(len(by_target[1])))
    match retrieval:
        case Retrieval.FORWARD:
            return ahead
        case Retrieval.BACKWARD:
            return back
        case Retrieval.INTERSECTION:
            return ahead._take(back.sources[ahead.targets] == ahead.sources)  # noqa: SLF001
        case Retrieval.MAX:
            return _greedy(ahead, back, threshold)
        case _:
            assert_never(retrieval)


def _best(found: Directed, scores: Scores) -> tuple[Scores, Ids]:
    """Score and id of the best candidate of each row; of equal ones the first."""
    column = scores.argmax(axis=1)[:, None]
    best = np.take_along_axis(np.asarray(found.ids, dtype=np.int64), column, axis=1)[:, 0]
    return np.take_along_axis(scores, column, axis=1)[:, 0], best


def _greedy(ahead: Candidates, back: Candidates, threshold: float) -> Candidates:
    """Both lists together, best first; a pair is kept if neither of its sentences is used yet."""
    pooled = Candidates(
        scores=np.concatenate((ahead.scores, back.scores)),
        sources=np.concatenate((ahead.sources, back.sources)),
        targets=np.concatenate((ahead.targets, back.targets)),
    )
    sources_free = np.ones(len(ahead), dtype=bool)
    targets_free = np.ones(len(back), dtype=bool)
    kept: list[int] = []
    for place in np.argsort(-pooled.scores, kind="stable"):
        if not pooled.scores[place] > threshold:
            break
        source, target = pooled.sources[place], pooled.targets[place]
        if sources_free[source] and targets_free[target]:
            sources_free[source] = targets_free[target] = False
            kept.append(int(place))
    return pooled._take(np.array(kept, dtype=np.int64))  # noqa: SLF001
