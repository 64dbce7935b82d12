"""The threshold between an answer and "no answer" (SQuAD v2.0), chosen on validation rows.

A question's margin is the score of "no answer" minus that of its best span; it is left unanswered where the margin lies
above the threshold (Devlin et al. 2019, section 4.3; the official evaluate-v2.0.py finds ``best_f1_thresh`` so).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, kw_only=True)
class NoAnswer:
    """A threshold, and what the rows that it was chosen on score with it, as fractions of one."""

    threshold: float
    exact_match: float
    f1: float

    def to_json(self) -> dict[str, float]:
        """As it is recorded."""
        return {"threshold": self.threshold, "exact_match": self.exact_match, "f1": self.f1}


@dataclass(frozen=True, kw_only=True)
class Question:
    """What a validation question scores, answered by its best span and left unanswered: (exact match, F1) of each."""

    margin: float
    answered: tuple[float, float]
    unanswered: tuple[float, float]


def choose_threshold(questions: Sequence[Question]) -> NoAnswer:
    """The threshold with the highest F1; of equals that with the highest exact match, then the one nearest to zero.

    Zero, where the logits themselves decide, is among those that are tried; the others lie half-way between two
    margins, so that none hangs on the rounding of one, and outside of all. The official script takes a margin itself.

    Raises:
        ValueError: there are no questions.
    """
    if not questions:
        raise ValueError("a threshold needs questions")
    margins = np.array([question.margin for question in questions])
    answered = np.array([question.answered for question in questions])
    unanswered = np.array([question.unanswered for question in questions])
    order = np.argsort(margins, kind="stable")
    # Row n: the questions with the n lowest margins are answered, the others are not.
    gains = np.cumsum((answered - unanswered)[order], axis=0)
    totals = unanswered.sum(axis=0) + np.concatenate([np.zeros((1, 2)), gains])
    candidates = np.append(_between(np.unique(margins[np.isfinite(margins)])), 0.0)
    scores = totals[np.searchsorted(margins[order], candidates, side="right")] / len(questions)
    found = min(range(len(candidates)), key=lambda n: (*_worse(scores[n]), abs(candidates[n]), candidates[n]))
    return NoAnswer(threshold=float(candidates[found]), exact_match=float(scores[found, 0]), f1=float(scores[found, 1]))


def _worse(score: np.ndarray) -> tuple[float, float]:
    """For sorting: F1 counts first. Sums that differ by rounding alone are equal."""
    return -round(float(score[1]), 12), -round(float(score[0]), 12)


def _between(values: np.ndarray) -> np.ndarray:
    """Half-way between neighbours, and one before the first and after the last."""
    if not len(values):
        return values
    return np.concatenate([values[:1] - 1, (values[:-1] + values[1:]) / 2, values[-1:] + 1])
