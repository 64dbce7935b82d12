"""Name, family and script of the languages that XTREME scores, by its codes."""

from __future__ import annotations

from typing import NamedTuple


class Language(NamedTuple):
    """Name, family and script of a language."""

    name: str
    family: str
    script: str


_UNKNOWN = "Other"
_KNOWN = {
    code: Language(name, family, script)
    for code, name, family, script in (
        ("en", "English", "IE: Germanic", "Latin"),
        ("de", "German", "IE: Germanic", "Latin"),
        ("nl", "Dutch", "IE: Germanic", "Latin"),
        ("af", "Afrikaans", "IE: Germanic", "Latin"),
        ("fr", "French", "IE: Romance", "Latin"),
        ("es", "Spanish", "IE: Romance", "Latin"),
        ("pt", "Portuguese", "IE: Romance", "Latin"),
        ("it", "Italian", "IE: Romance", "Latin"),
        ("ro", "Romanian", "IE: Romance", "Latin"),
        ("el", "Greek", "IE: Greek", "Greek"),
        ("ru", "Russian", "IE: Slavic", "Cyrillic"),
        ("bg", "Bulgarian", "IE: Slavic", "Cyrillic"),
        ("pl", "Polish", "IE: Slavic", "Latin"),
        ("uk", "Ukrainian", "IE: Slavic", "Cyrillic"),
        ("lt", "Lithuanian", "IE: Baltic", "Latin"),
        ("hi", "Hindi", "IE: Indo-Aryan", "Devanagari"),
        ("mr", "Marathi", "IE: Indo-Aryan", "Devanagari"),
        ("bn", "Bengali", "IE: Indo-Aryan", "Bengali"),
        ("gu", "Gujarati", "IE: Indo-Aryan", "Gujarati"),
        ("pa", "Punjabi", "IE: Indo-Aryan", "Gurmukhi"),
        ("ur", "Urdu", "IE: Indo-Aryan", "Arabic"),
        ("fa", "Persian", "IE: Iranian", "Arabic"),
        ("ar", "Arabic", "Afro-Asiatic", "Arabic"),
        ("he", "Hebrew", "Afro-Asiatic", "Hebrew"),
        ("fi", "Finnish", "Uralic", "Latin"),
        ("et", "Estonian", "Uralic", "Latin"),
        ("hu", "Hungarian", "Uralic", "Latin"),
        ("tr", "Turkish", "Turkic", "Latin"),
        ("az", "Azerbaijani", "Turkic", "Latin"),
        ("kk", "Kazakh", "Turkic", "Cyrillic"),
        ("ka", "Georgian", "Kartvelian", "Georgian"),
        ("eu", "Basque", "Basque", "Latin"),
        ("ta", "Tamil", "Dravidian", "Tamil"),
        ("te", "Telugu", "Dravidian", "Telugu"),
        ("ml", "Malayalam", "Dravidian", "Malayalam"),
        ("zh", "Mandarin", "Sino-Tibetan", "Chinese"),
        ("my", "Burmese", "Sino-Tibetan", "Burmese"),
        ("ja", "Japanese", "Japonic", "Japanese"),
        ("ko", "Korean", "Koreanic", "Hangul"),
        ("vi", "Vietnamese", "Austro-Asiatic", "Latin"),
        ("th", "Thai", "Kra-Dai", "Thai"),
        ("id", "Indonesian", "Austronesian", "Latin"),
        ("ms", "Malay", "Austronesian", "Latin"),
        ("jv", "Javanese", "Austronesian", "Latin"),
        ("tl", "Tagalog", "Austronesian", "Latin"),
        ("sw", "Swahili", "Niger-Congo", "Latin"),
        ("yo", "Yoruba", "Niger-Congo", "Latin"),
        ("wo", "Wolof", "Niger-Congo", "Latin"),
        ("qu", "Quechua", "Quechuan", "Latin"),
        ("ht", "Haitian Creole", "Creole", "Latin"),
    )
}
_ORDER = {code: place for place, code in enumerate(_KNOWN)}


def language(code: str) -> Language:
    """Return the language of a code. Those of ISO 639's range for private use (``qaa`` to ``qtz``) are made up."""
    if code in _KNOWN:
        return _KNOWN[code]
    if len(code) == 3 and code.isascii() and "qaa" <= code <= "qtz":  # noqa: PLR2004
        return Language(code, "Made up", "Latin")
    return Language(code, _UNKNOWN, "not known here")


def in_order(codes: tuple[str, ...]) -> tuple[str, ...]:
    """By family, then as listed here; unknown ones last, in the order given."""
    families = list(dict.fromkeys(known.family for known in _KNOWN.values()))

    def key(entry: tuple[int, str]) -> tuple[int, int]:
        place, code = entry
        family = language(code).family
        return (families.index(family) if family in families else len(families), _ORDER.get(code, len(_ORDER) + place))

    return tuple(code for _, code in sorted(enumerate(codes), key=key))
