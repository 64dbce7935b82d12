"""How the made-up languages mark case, number and person: by suffixes, prefixes, endings, or particles."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Protocol

from tasks.miniature.clauses import Case, Mark, Tag
from tasks.miniature.draw import Draw
from tasks.miniature.rendering import Word
from tasks.miniature.vocabulary import CONCEPTS, LOANABLE, PEOPLE, PLACES, english_word

#: Per language, concepts that have no word of their own but another concept's (as English "to cook" and "a cook").
BORROWED = {"qad": {f"can_{job}": job for job in ("cook", "judge", "nurse")}}


@dataclass(frozen=True, kw_only=True)
class Phonology:
    """How the words of a made-up language are built.

    Attributes:
        onsets, vowels, codas: parts of a syllable; an empty string means "none".
        short, long: syllables of function words, and of all others.
        final: endings of every longer word (they determine the declension class); empty: any.
        loans: the part of the content words that the language has taken over from English as they are.
    """

    onsets: tuple[str, ...]
    vowels: tuple[str, ...]
    codas: tuple[str, ...]
    short: int = 1
    long: int = 2
    final: tuple[str, ...] = ()
    loans: float = 0.0

    def word(self, draw: Draw, syllables: int) -> str:
        """A word of so many syllables; only its last one has a coda."""
        parts = [draw.one(self.onsets) + draw.one(self.vowels) for _ in range(syllables)]
        return "".join(parts) + draw.one(self.final if self.final and syllables > 1 else self.codas)


_RARE_HAN = tuple(chr(code) for code in range(0x3447, 0x3447 + 3 * 120, 3))

# Georgian letters stand in a script of their own; Han of Extension A are read by nobody, yet tokenizers treat them as
# they treat Chinese.
PHONOLOGIES = {
    "qaa": Phonology(
        onsets=tuple("bdgklmnprstv"), vowels=tuple("aeiou"), codas=("", "", "k", "n", "r", "sh"), loans=0.5
    ),
    "qab": Phonology(
        onsets=("b", "ch", "d", "f", "j", "ny", "p", "q", "w", "x", "z"),
        vowels=("a", "e", "o", "ai", "au"),
        codas=("",),
        loans=0.25,
    ),
    "qac": Phonology(
        onsets=tuple("ბგდვზთკლმნპრსტფქშჩცძხჯ"),
        vowels=tuple("აეიოუ"),
        codas=("", "ნ", "რ"),
        final=("", "ა", "ი", "ლ", "ს"),
    ),
    "qad": Phonology(onsets=_RARE_HAN, vowels=("",), codas=("",)),
}
_FUNCTION_WORDS = frozenset({"be", "can", "and", "the", "who", "what", "where", "she", "yes", "no", "also"})
_PARTICLES = tuple(f"case:{case}" for case in Case if case is not Case.PREDICATE)


@cache
def words(language: str) -> dict[str, str]:
    """The words of a made-up language by concept (and by case name, for particles).

    Each word depends only on its language and concept, so a concept more leaves the others' words as they are (but for
    the rare one that it would have collided with). No two words of all languages are equal, but for loanwords.
    """
    taken = {english_word(concept) for concept in CONCEPTS} | set(PEOPLE) | set(PLACES)
    for other in tuple(PHONOLOGIES)[: tuple(PHONOLOGIES).index(language)]:
        taken.update(words(other).values())
    borrowed = BORROWED.get(language, {})
    found: dict[str, str] = {}
    for concept in (*CONCEPTS, *_PARTICLES):
        if concept not in borrowed:
            found[concept] = _new_word(language, concept, taken)
            taken.add(found[concept])
    return found | {concept: found[source] for concept, source in borrowed.items()}


def _new_word(language: str, concept: str, taken: set[str]) -> str:
    phonology = PHONOLOGIES[language]
    english = english_word(concept)
    if concept in LOANABLE and Draw("loan", english).chance(phonology.loans):
        return english
    short = concept in _FUNCTION_WORDS or concept.startswith("case:")
    for attempt in range(1000):
        draw = Draw("word", language, concept, attempt)
        word = phonology.word(draw, phonology.short if short else phonology.long)
        if word not in taken:
            return word
    raise AssertionError(f"the phonology of {language} has too few words")


class Morphology(Protocol):
    """Inflects words. A noun may come back with particles around it."""

    def noun(self, stem: str, tag: Tag, mark: Mark, *, case: Case, plural: bool) -> list[Word]:
        """A noun, name, number, infinitive or pronoun in a case."""
        ...

    def adjective(self, stem: str, mark: Mark, *, case: Case) -> Word:
        """An adjective that goes with a noun in this case."""
        ...

    def verb(self, stem: str) -> str:
        """The finite form of a verb."""
        ...


_UNMARKED = frozenset({Case.SUBJECT, Case.PREDICATE})


class Suffixes:
    """Agglutination: stem, plural, case. Each suffix takes the vowel that harmonises with the stem's last one."""

    _cases = {Case.OBJECT: "n", Case.PLACE: "l", Case.GOAL: "k", Case.THAN: "r", Case.ROLE: "s", Case.OWNER: "d"}  # noqa: RUF012

    def noun(self, stem: str, tag: Tag, mark: Mark, *, case: Case, plural: bool) -> list[Word]:
        vowel = self._harmony(stem)
        form = stem + (f"m{vowel}" if plural else "")
        if case not in _UNMARKED:
            form += self._cases[case] + vowel
        return [Word(form, tag, mark, (0, len(stem)))]

    def adjective(self, stem: str, mark: Mark, *, case: Case) -> Word:
        del case  # adjectives stand before the noun and stay as they are
        return Word(stem, Tag.ADJ, mark)

    def verb(self, stem: str) -> str:
        return f"{stem}t{self._harmony(stem)}"

    @staticmethod
    def _harmony(stem: str) -> str:
        last = next((letter for letter in reversed(stem.lower()) if letter in "aeiou"), "a")
        return "e" if last in "ei" else "a"


class Prefixes:
    """Case, plural, stem. A hyphen keeps the capital of a name, and the figures of a number, in sight."""

    _cases = {Case.OBJECT: "u", Case.PLACE: "na", Case.GOAL: "ki", Case.THAN: "mo", Case.ROLE: "si", Case.OWNER: "va"}  # noqa: RUF012

    def noun(self, stem: str, tag: Tag, mark: Mark, *, case: Case, plural: bool) -> list[Word]:
        prefix = ("" if case in _UNMARKED else self._cases[case]) + ("li" if plural else "")
        if prefix and tag in {Tag.PROPN, Tag.NUM}:
            prefix += "-"
        return [Word(prefix + stem, tag, mark, (len(prefix), len(prefix) + len(stem)))]

    def adjective(self, stem: str, mark: Mark, *, case: Case) -> Word:
        del case
        return Word(stem, Tag.ADJ, mark)

    def verb(self, stem: str) -> str:
        return f"e{stem}"


class Endings:
    """Case endings that swallow the stem's last vowel and differ by declension; adjectives agree.

    Names, numbers and infinitives do not decline: a preposition, in ``particles``, says their case.
    """

    _cases = (Case.OBJECT, Case.PLACE, Case.GOAL, Case.THAN, Case.ROLE, Case.OWNER)
    _declensions: Mapping[str, Mapping[Case, str]] = {
        "ა": dict(zip(_cases, ("ამ", "აში", "ათ", "აზე", "ად", "ას"), strict=True)),
        "ი": dict(zip(_cases, ("ემ", "ეთი", "ეკ", "ევე", "ებ", "ის"), strict=True)),
        "": dict(zip(_cases, ("უმ", "უში", "უთ", "უზე", "ოდ", "ოს"), strict=True)),
    }

    def __init__(self, particles: Mapping[Case, str]) -> None:
        self._particles = particles

    def noun(self, stem: str, tag: Tag, mark: Mark, *, case: Case, plural: bool) -> list[Word]:
        if tag is Tag.NOUN:
            kept, ending = self._declined(stem, case)
            plural_form = "ებ" if plural else ""
            return [Word(kept + plural_form + ending, tag, mark, (0, len(kept) or len(stem)))]
        word = Word(stem, tag, mark)
        return [word] if case in _UNMARKED else [Word(self._particles[case], Tag.ADP), word]

    def adjective(self, stem: str, mark: Mark, *, case: Case) -> Word:
        kept, ending = self._declined(stem, case)
        return Word(kept + ending, Tag.ADJ, mark, (0, len(kept)))

    def verb(self, stem: str) -> str:
        return f"{stem}ოფს"

    def _declined(self, stem: str, case: Case) -> tuple[str, str]:
        declension = stem[-1] if stem[-1] in "აი" else ""
        kept = stem.removesuffix(declension) if declension else stem
        return kept, declension if case in _UNMARKED else self._declensions[declension][case]


class Particles:
    """Nothing inflects: every case but the predicate's is a word of its own after the noun."""

    def __init__(self, particles: Mapping[Case, str]) -> None:
        self._particles = particles

    def noun(self, stem: str, tag: Tag, mark: Mark, *, case: Case, plural: bool) -> list[Word]:
        del plural
        word = Word(stem, tag, mark)
        return [word] if case is Case.PREDICATE else [word, Word(self._particles[case], Tag.ADP)]

    def adjective(self, stem: str, mark: Mark, *, case: Case) -> Word:
        del case
        return Word(stem, Tag.ADJ, mark)

    def verb(self, stem: str) -> str:
        return stem
