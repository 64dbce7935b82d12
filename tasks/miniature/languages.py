"""The languages of the little world, by code: English and four that are made up.

The codes are from ISO 639's range for private use (qaa to qtz), so they cannot be taken for those of real languages.
"""

from __future__ import annotations

from functools import cache

from tasks.errors import UserError
from tasks.miniature.english import English
from tasks.miniature.foreign import TYPOLOGIES, MadeUp
from tasks.miniature.grammar import Grammar

#: English first, then the made-up languages.
LANGUAGES: tuple[str, ...] = ("en", *TYPOLOGIES)


@cache
def grammar(language: str) -> Grammar:
    """The grammar of a language.

    Raises:
        UserError: there is no such language.
    """
    if language not in LANGUAGES:
        raise UserError(
            f"the little world has no language {language!r}",
            where="language",
            remedy=f"use one of {', '.join(LANGUAGES)}",
        )
    return English() if language == "en" else MadeUp(language)
