"""Sentences and little stories drawn from a book of facts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import cache

from tasks.miniature.clauses import LINKS, Clause, Mark, Phrase, Sentence, Tag
from tasks.miniature.draw import Draw
from tasks.miniature.pools import FactBook, question_pool
from tasks.miniature.relations import Fact, Form, clause, question, statement
from tasks.miniature.vocabulary import ADVERBS, PEOPLE, SIZES


def any_pattern(draw: Draw, fact: Fact) -> int:
    """One of the ways of saying a fact."""
    return draw.index(len(fact.kind.patterns))


def told(draw: Draw, fact: Fact) -> Sentence:
    """A fact in one of the ways of saying it."""
    return statement(fact, any_pattern(draw, fact))


def told_together(draw: Draw, first: Fact, second: Fact) -> Sentence:
    """Two facts in one sentence; when both are of one person, a pronoun or nothing may stand for the second name."""
    left = clause(first, any_pattern(draw, first))
    pattern = any_pattern(draw, second)
    right = clause(second, pattern)
    same_subject = left.subject == right.subject and second.kind.patterns[pattern].form is Form.DIRECT
    if same_subject and not draw.chance(0.2):
        pronoun = Phrase(head=second.person, tag=Tag.PRON, mark=Mark.PERSON)
        right = replace(right, subject=pronoun if draw.chance(0.4) else None)
    return Sentence.of(left, right)


def askable(book: FactBook, fact: Fact) -> list[int]:
    """The ways of asking after a fact that belong to the book's pool."""
    return [number for number in range(len(fact.kind.askings)) if question_pool(fact, number) is book.pool]


@cache
def sharing(book: FactBook, relations: int, among: frozenset[str]) -> tuple[tuple[str, str, tuple[str, ...]], ...]:
    """Pairs of people of whom the book has facts of so many relations or more in common, and those relations.

    A fact of one of them can be said of the other within the book's pool.
    """
    found = []
    for person in PEOPLE:
        for other in PEOPLE:
            common = tuple(name for name in book.relations(person, among) if name in book.relations(other))
            if person != other and len(common) >= relations:
                found.append((person, other, common))
    return tuple(found)


def with_adverbs(draw: Draw, sentence: Sentence) -> Sentence:
    """The same sentence, perhaps with adverbs."""
    return replace(sentence, clauses=tuple(_with_adverb(draw, part) for part in sentence.clauses))


def varied(draw: Draw, sentence: Sentence) -> Sentence:
    """The same sentence, perhaps with adverbs, and with adjectives to its nouns."""
    return replace(
        sentence, clauses=tuple(_with_adjective(draw, _with_adverb(draw, part)) for part in sentence.clauses)
    )


def _with_adverb(draw: Draw, said: Clause) -> Clause:
    if said.verb == "can" or not draw.chance(0.35):
        return said
    return replace(said, adverb=draw.one(ADVERBS))


def _with_adjective(draw: Draw, said: Clause) -> Clause:
    thing = said.complement
    plain = not (thing.adjective or thing.count)
    if not (thing.mark is Mark.OBJECT and thing.tag is Tag.NOUN and plain) or not draw.chance(0.4):
        return said
    return replace(said, complement=replace(thing, adjective=draw.one(SIZES)))


def any_sentence(draw: Draw, book: FactBook, *, questions: float = 0.15) -> Sentence:
    """A sentence of one or two facts, or now and then a question."""
    person = draw.one(PEOPLE)
    first, second = book.facts(draw, person, 2)
    if draw.chance(questions) and (ways := askable(book, first)):
        return question(first, draw.one(ways))
    if draw.chance(0.5):
        return varied(draw, told(draw, first))
    if draw.chance(0.5):
        second = book.facts(draw, draw.one(PEOPLE), 1)[0]
    return varied(draw, told_together(draw, first, second))


def story(draw: Draw, book: FactBook) -> tuple[list[Sentence], list[Sentence]]:
    """One to three facts about one or two people, then a little talk about one of them.

    The talk says a fact again, corrects it, adds another, or asks for it and answers: what the tasks want a model to
    tell apart can be learned from plain text.
    """
    first, other = draw.some(PEOPLE, 2)
    facts = draw.shuffled([*book.facts(draw, first, 1 + draw.index(2)), *book.facts(draw, other, draw.index(2))])
    opening = [varied(draw, told(draw, fact)) for fact in facts]
    if len(facts) > 1 and draw.chance(0.3):
        opening[:2] = [told_together(draw, facts[0], facts[1])]
    return opening, _talk(draw, book, draw.one(facts), facts)


def _talk(draw: Draw, book: FactBook, fact: Fact, stated: Sequence[Fact]) -> list[Sentence]:
    """One or two sentences about ``fact``."""
    ways = askable(book, fact)
    if ways and draw.chance(0.3):
        return [question(fact, draw.one(ways)), told(draw, fact)]
    link = draw.one(tuple(LINKS))
    if link == "no":
        fact = book.fact(draw, fact.person, fact.relation, but=fact.object)
    elif link == "also":
        known = {each.relation for each in stated if each.person == fact.person}
        fresh = [name for name in book.relations(fact.person) if name not in known]
        fact = book.fact(draw, fact.person, draw.one(fresh))
    return [replace(told(draw, fact), link=link)]
