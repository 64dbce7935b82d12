"""Exact match and token F1 of SQuAD v1.1 and v2.0 (Rajpurkar et al. 2016, 2018).

Agrees with the official scripts, of which XTREME uses the v1.1 one for XQuAD and TyDiQA: lower case, ASCII punctuation
out, English articles out, white space folded.
"""

from __future__ import annotations

import re
import string
from collections import Counter
from collections.abc import Callable, Sequence

_ARTICLES = re.compile(r"\b(?:a|an|the)\b")
_NO_PUNCTUATION = str.maketrans("", "", string.punctuation)


def normalise(text: str) -> str:
    """The text as SQuAD compares it."""
    bare = text.lower().translate(_NO_PUNCTUATION)
    return " ".join(_ARTICLES.sub(" ", bare).split())


def token_f1(prediction: str, gold: str) -> float:
    """F1 over the multisets of tokens of two normalised answers; 0 where they share none, even if both are empty."""
    predicted, expected = prediction.split(), gold.split()
    shared = (Counter(predicted) & Counter(expected)).total()
    if not shared:
        return 0.0
    precision, recall = shared / len(predicted), shared / len(expected)
    return 2 * precision * recall / (precision + recall)


def best(metric: Callable[[str, str], float], prediction: str, golds: Sequence[str]) -> float:
    """The metric against the gold answer it fits best.

    Raises:
        ValueError: there is no gold answer.
    """
    return max(metric(prediction, gold) for gold in golds)


def squad_exact_match(prediction: str, golds: Sequence[str]) -> float:
    """1 if the prediction equals a gold answer once both are normalised, else 0 (SQuAD v1.1)."""
    return best(lambda a, b: float(a == b), normalise(prediction), [normalise(gold) for gold in golds])


def squad_f1(prediction: str, golds: Sequence[str]) -> float:
    """Token F1 against the best gold answer (SQuAD v1.1)."""
    return best(token_f1, normalise(prediction), [normalise(gold) for gold in golds])


def _v2_golds(golds: Sequence[str]) -> list[str]:
    """Normalised gold answers; "" alone where the question has none, or none that survives normalisation."""
    return [text for text in map(normalise, golds) if text] or [""]


def _v2_f1(prediction: str, gold: str) -> float:
    return token_f1(prediction, gold) if prediction and gold else float(prediction == gold)


def squad_v2_exact_match(prediction: str, golds: Sequence[str]) -> float:
    """As :func:`squad_exact_match`; without gold answers, 1 for an empty prediction (SQuAD v2.0)."""
    return best(lambda a, b: float(a == b), normalise(prediction), _v2_golds(golds))


def squad_v2_f1(prediction: str, golds: Sequence[str]) -> float:
    """As :func:`squad_f1`; where either side is empty, 1 if both are, else 0 (SQuAD v2.0)."""
    return best(_v2_f1, normalise(prediction), _v2_golds(golds))
