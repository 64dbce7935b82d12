"""Words in many languages to show to a tokenizer: names of languages and countries, from CLDR."""

from __future__ import annotations

from babel import Locale, UnknownLocaleError

from harness.languages import XTREME
from tasks.errors import UserError

#: CLDR's own codes, where they differ.
_CLDR = {"tl": "fil"}
#: Names of a language's sample.
_NAMES = 120


def samples() -> dict[str, list[str]]:
    """A sample of each of XTREME's 40 languages."""
    return {code: sample(code) for code in XTREME}


def sample(language: str) -> list[str]:
    """Names of languages and countries in a language: some 120, the same every time.

    Raises:
        UserError: CLDR has no such language.
    """
    try:
        locale = Locale.parse(_CLDR.get(language, language))
    except UnknownLocaleError as error:
        raise UserError(f"CLDR has no names in '{language}'", where="languages") from error
    names = {name for table in (locale.languages, locale.territories) for name in table.values() if name}
    ordered = sorted(names)
    return ordered[:: max(1, len(ordered) // _NAMES)]
