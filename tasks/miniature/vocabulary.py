"""The vocabulary of the miniature world: proper names, and concepts with their English words."""

from __future__ import annotations


def _list(names: str) -> tuple[str, ...]:
    """The names between the blanks."""
    return tuple(names.split())


# Invented, and the same in every language (in some with an affix): they are what the languages share.
PEOPLE = _list(
    "Adro Belko Birsa Cimo Dovek Elsor Famin Galtu Gorla Hesko Hulmi Ilvo Jalto Kirda Lasko Lumir "
    "Melgo Mirsu Nordu Orvi Pelko Ralgu Rimvo Sirdu Talmi Tobrek Ulvo Virdu Walmi Yarso Zelko Zolmi"
)
PLACES = _list("Arbon Dastum Grelin Vostel")
# Family names and firms occur where names are looked for, and in no text.
FAMILIES = _list("Brusk Darnel Fostin Gremal Kettor Morvek Stilak Veldor")
FIRMS = _list("Ankorix Kelbax Norvex Trinvel")
# People of whom English says "she"; the made-up languages have one pronoun.
SHE = frozenset(PEOPLE[::2])

# Few of each kind: what a tiny model can learn to tell apart from a thousand rows.
FOODS = _list("apple bean fig plum")
THINGS = _list("boat clock hat lamp")
COLOURS = _list("black green red white")
SIZES = _list("big new old small")
ANIMALS = _list("cat goat horse toad")
INSTRUMENTS = _list("banjo drum flute harp")
JOBS = _list("baker cook judge nurse")
SKILLS = _list("can_cook can_judge can_nurse can_swim")
MOODS = _list("angry calm proud sad")
AGES = _list("20 30 40 50")
ADVERBS = _list("again always now often still today")

_NOUNS = (*FOODS, *THINGS, *ANIMALS, *INSTRUMENTS, *JOBS, *_list("age food home instrument job journey mood pet year"))
_ADJECTIVES = (*COLOURS, *SIZES, *MOODS, *_list("favourite older younger"))
_VERBS = (*SKILLS, *_list("belong host keep lead like live own play travel visit work"))
_OTHERS = (*ADVERBS, *_list("be can and the who what where she yes no also"))

#: Every concept that has a word in every language.
CONCEPTS = (*_NOUNS, *_ADJECTIVES, *_VERBS, *_OTHERS)

#: Concepts whose English word another language may have taken over.
LOANABLE = frozenset({*FOODS, *THINGS, *ANIMALS, *INSTRUMENTS, *JOBS, *MOODS})


def english_word(concept: str) -> str:
    """The English word of a concept, uninflected."""
    return concept.removeprefix("can_")
