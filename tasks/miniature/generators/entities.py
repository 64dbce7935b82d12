"""Named entities: people with one name or two, places, and organisations of one word or several.

Names are the same in all languages, but for the affixes that they take; organisations called after a thing and a place
("the clock of Arbon") are said in each language's words.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache

from tasks.miniature.clauses import Case, Clause, Mark, Phrase, Sentence, Tag
from tasks.miniature.draw import Draw
from tasks.miniature.generators.base import Source, TaskGenerator, Unit
from tasks.miniature.grammar import Grammar
from tasks.miniature.passages import any_pattern
from tasks.miniature.pools import FactBook, Pool, organisation_pool
from tasks.miniature.relations import RELATIONS, clause
from tasks.miniature.rendering import Word
from tasks.miniature.vocabulary import FAMILIES, FIRMS, PEOPLE, PLACES, THINGS
from tasks.rows import TaggedSentence

LABELS = ("O", "B-PER", "I-PER", "B-ORG", "I-ORG", "B-LOC", "I-LOC")
_OUTSIDE = "O"
_WITH_PLACES = frozenset({"lives", "travels"})
_FAMILY_NAME = 0.4
_TWO_CLAUSES = 0.35
_FIRM = 0.5


@dataclass(frozen=True, kw_only=True, slots=True)
class _Saying:
    """A verb between a person and an organisation; ``turned``: the organisation is the subject."""

    verb: str
    case: Case = Case.OBJECT
    turned: bool = False


#: What people have to do with organisations, and how it is said.
_DEALINGS = {
    "leads": (_Saying(verb="lead"),),
    "likes": (_Saying(verb="like"),),
    "owns": (_Saying(verb="own"), _Saying(verb="belong", case=Case.GOAL, turned=True)),
    "visits": (_Saying(verb="visit"), _Saying(verb="host", turned=True)),
}


@cache
def _dealings(book: FactBook) -> tuple[tuple[str, str], ...]:
    return tuple(
        (person, name) for person in PEOPLE for name in _DEALINGS if organisation_pool(person, name) is book.pool
    )


_PEOPLE = frozenset(PEOPLE)


@cache
def _named_in(pool: Pool) -> frozenset[str]:
    """The people whom training sentences name, and the others, whom the other splits name."""
    trained = frozenset(Draw("named").some(PEOPLE, len(PEOPLE) // 2))
    return trained if pool is Pool.OPEN else _PEOPLE - trained


def _unit(source: Source) -> Unit | None:
    """A sentence of one or two clauses. Every language has its own sentences, as encyclopedias do.

    No name occurs both in training and in a test, so memorised names are useless.
    """
    draw = source.draw
    clauses = [_clause(draw, source.book) for _ in range(2 if draw.chance(_TWO_CLAUSES) else 1)]
    families = {name: draw.one(FAMILIES) for name in PEOPLE if draw.chance(_FAMILY_NAME)}
    named = {phrase.head for each in clauses for phrase in _phrases(each)}
    if not (named & _PEOPLE) <= _named_in(source.book.pool):
        return None
    sentence = Sentence.of(*(_with_families(each, families) for each in clauses))
    tokens, tags = _tagged(source.grammar, sentence)
    row = TaggedSentence(id=f"{source.number}", unit=f"sentence-{source.number}", tokens=tokens, tags=tags)
    return Unit((row.tokens,), lambda: [row])


def _phrases(said: Clause) -> list[Phrase]:
    """All phrases of a clause, owners too."""
    phrases = [phrase for phrase in (said.subject, said.complement) if phrase is not None]
    return phrases + [phrase.owner for phrase in phrases if phrase.owner is not None]


def _clause(draw: Draw, book: FactBook) -> Clause:
    """A fact about an organisation, a place of residence or travel, or anything else."""
    kind = draw.one(("organisation", "organisation", "place", "any"))
    if kind == "organisation":
        return _of_organisation(draw, book)
    among = _WITH_PLACES if kind == "place" else frozenset(RELATIONS)
    people = [name for name in PEOPLE if book.relations(name, among)]
    fact = book.facts(draw, draw.one(people), 1, among)[0]
    return clause(fact, any_pattern(draw, fact))


def _of_organisation(draw: Draw, book: FactBook) -> Clause:
    name, dealing = draw.one(_dealings(book))
    saying = draw.one(_DEALINGS[dealing])
    person = Phrase(head=name, tag=Tag.PROPN, mark=Mark.PERSON)
    organisation = _organisation(draw)
    subject, complement = (organisation, person) if saying.turned else (person, organisation)
    return Clause(subject=subject, verb=saying.verb, complement=complement, case=saying.case)


def _organisation(draw: Draw) -> Phrase:
    """A firm with a name of its own, or one called after a thing and a place."""
    if draw.chance(_FIRM):
        return Phrase(head=draw.one(FIRMS), tag=Tag.PROPN, mark=Mark.ORGANISATION)
    place = Phrase(head=draw.one(PLACES), tag=Tag.PROPN, mark=Mark.ORGANISATION)
    return Phrase(head=draw.one(THINGS), tag=Tag.NOUN, definite=True, owner=place, mark=Mark.ORGANISATION)


def _with_families(said: Clause, families: dict[str, str]) -> Clause:
    """The same clause with the family names of those who have one."""
    subject = None if said.subject is None else _with_family(said.subject, families)
    return replace(said, subject=subject, complement=_with_family(said.complement, families))


def _with_family(phrase: Phrase, families: dict[str, str]) -> Phrase:
    if phrase.owner is not None:
        phrase = replace(phrase, owner=_with_family(phrase.owner, families))
    if phrase.tag is Tag.PROPN and phrase.head in families:
        return replace(phrase, head=f"{phrase.head} {families[phrase.head]}")
    return phrase


def _tagged(grammar: Grammar, sentence: Sentence) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The tokens of a sentence, names of two words as two tokens, and their tags."""
    kinds: list[str] = []
    for place, said in enumerate(sentence.clauses):
        kinds += [""] * (place > 0) + _kinds(grammar.clause(said))
    tokens: list[str] = []
    tags: list[str] = []
    before = ""
    for word, kind in zip(grammar.render(sentence).words, [*kinds, ""], strict=True):
        parts = word.form.split(" ")
        first = f"{'I' if kind == before == 'ORG' else 'B'}-{kind}" if kind else _OUTSIDE
        tokens += parts
        tags += [first, *(f"I-{kind}" for _ in parts[1:])]
        before = kind
    return tuple(tokens), tuple(tags)


def _kinds(words: list[Word]) -> list[str]:
    """For each word of a clause the kind of name that it belongs to, or nothing.

    All that stands within an organisation's name is part of it; an article or particle around it is not.
    """
    kinds = [_kind_of_name(word) for word in words]
    marked = [
        place
        for place, word in enumerate(words)
        if word.mark is Mark.ORGANISATION and word.tag not in {Tag.DET, Tag.ADP}
    ]
    if marked:
        size = marked[-1] + 1 - marked[0]
        kinds[marked[0] : marked[-1] + 1] = ["ORG"] * size
    return kinds


def _kind_of_name(word: Word) -> str:
    if word.tag is not Tag.PROPN:
        return ""
    start, end = word.stem or (0, len(word.form))
    return "LOC" if word.form[start:end] in PLACES else "PER"


TASKS = (TaskGenerator(name="mini-panx", splits=("train", "validation", "test"), unit=_unit),)
