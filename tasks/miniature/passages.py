"""Sentences and little stories drawn from a book of facts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from tasks.miniature.clauses import Clause, Mark, Phrase, Sentence, Tag
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


def with_adverbs(draw: Draw, sentence: Sentence) -> Sentence:
    """The same sentence, perhaps with adverbs."""
    return Sentence(clauses=tuple(_with_adverb(draw, part) for part in sentence.clauses))


def varied(draw: Draw, sentence: Sentence) -> Sentence:
    """The same sentence, perhaps with adverbs, and with adjectives to its nouns."""
    return Sentence(clauses=tuple(_with_adjective(draw, _with_adverb(draw, part)) for part in sentence.clauses))


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


def story(draw: Draw, book: FactBook) -> list[Sentence]:
    """One to three facts about one or two people, each told again in other words or asked for and answered.

    The repetition is what the tasks ask a model to see, so that it can be learned from plain text.
    """
    first, other = draw.some(PEOPLE, 2)
    facts = draw.shuffled([*book.facts(draw, first, 1 + draw.index(2)), *book.facts(draw, other, draw.index(2))])
    opening = [varied(draw, told(draw, fact)) for fact in facts]
    if len(facts) > 1 and draw.chance(0.3):
        opening[:2] = [told_together(draw, facts[0], facts[1])]
    return [*opening, *_again(draw, book, draw.shuffled(facts)[:2])]


def _again(draw: Draw, book: FactBook, facts: Sequence[Fact]) -> list[Sentence]:
    """Each fact once more; half of them after a question for them."""
    found = []
    for fact in facts:
        ways = askable(book, fact)
        if ways and draw.chance(0.5):
            found.append(question(fact, draw.one(ways)))
        found.append(told(draw, fact))
    return found
