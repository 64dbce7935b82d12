"""MLQA's language-aware exact match and token F1 (Lewis et al. 2020; agrees with mlqa_evaluation_v1.py).

It differs from SQuAD's in the parts removed before comparing answers: all Unicode punctuation, and the articles of
the answer's language; Chinese is cut into characters.
"""

from __future__ import annotations

import re
import string
import sys
import unicodedata
from collections.abc import Sequence
from functools import cache

from tasks.errors import UserError
from tasks.metrics.squad import best, token_f1

_ARTICLES: dict[str, re.Pattern[str] | None] = {
    "en": re.compile(r"\b(?:a|an|the)\b"),
    "es": re.compile(r"\b(?:un|una|unos|unas|el|la|los|las)\b"),
    "hi": None,
    "vi": re.compile(r"\b(?:của|là|cái|chiếc|những)\b"),
    "de": re.compile(r"\b(?:ein|eine|einen|einem|eines|einer|der|die|das|den|dem|des)\b"),
    # The official script's pattern has a second branch that can never match; what is left takes out every "al".
    "ar": re.compile("ال"),
    "zh": None,
}
_HAN = re.compile("([\u4e00-\u9fa5])")


def mlqa_languages() -> tuple[str, ...]:
    """The languages that MLQA's metric knows."""
    return tuple(_ARTICLES)


@cache
def _no_punctuation() -> dict[int, None]:
    marks = {code for code in range(sys.maxunicode) if unicodedata.category(chr(code)).startswith("P")}
    return dict.fromkeys(sorted(marks | set(map(ord, string.punctuation))))


def normalise(text: str, language: str) -> str:
    """The text as MLQA compares it.

    Raises:
        UserError: MLQA has no rules for the language.
    """
    if language not in _ARTICLES:
        known = ", ".join(_ARTICLES)
        raise UserError(f"the mlqa metric has no rules for language {language!r}", remedy=f"it knows {known}")
    bare = text.lower().translate(_no_punctuation())
    articles = _ARTICLES[language]
    if articles is not None:
        bare = articles.sub(" ", bare)
    if language == "zh":
        bare = _HAN.sub(r" \1 ", bare)
    return " ".join(bare.split())


def mlqa_exact_match(prediction: str, golds: Sequence[str], language: str) -> float:
    """1 if the prediction equals a gold answer once both are normalised for the language, else 0."""
    given = normalise(prediction, language)
    return best(lambda a, b: float(a == b), given, [normalise(gold, language) for gold in golds])


def mlqa_f1(prediction: str, golds: Sequence[str], language: str) -> float:
    """Token F1 against the best gold answer, both normalised for the language."""
    return best(token_f1, normalise(prediction, language), [normalise(gold, language) for gold in golds])
