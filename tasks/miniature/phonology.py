"""The words of the made-up languages: plausible syllables, hung on language and concept alone, and some loanwords."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from tasks.miniature.clauses import Case
from tasks.miniature.draw import Draw
from tasks.miniature.vocabulary import CONCEPTS, LOANABLE, PEOPLE, PLACES, english_word

#: Per language, concepts that have no word of their own but another concept's (as English "to cook" and "a cook").
BORROWED = {"qad": {f"can_{job}": job for job in ("cook", "judge", "nurse")}}


@dataclass(frozen=True, kw_only=True)
class Phonology:
    """How the words of a made-up language are built.

    Attributes:
        onsets, vowels, codas: what a syllable is put together from; an empty string means "none".
        short, long: syllables of function words, and of all others.
        final: what every longer word ends in (declension classes hang on it); empty: anything.
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

    Each word hangs on its language and concept alone, so a concept more leaves the others' words as they are (but for
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
