"""Paraphrases of many common words: do two sentences say the same, or has a thing, or have people, been exchanged?"""

from __future__ import annotations

from dataclasses import replace

from tasks.miniature.clauses import Sentence
from tasks.miniature.draw import Draw
from tasks.miniature.generators.base import Source, TaskGenerator, Unit, in_turn
from tasks.miniature.generators.inference import ABOUT
from tasks.miniature.passages import any_pattern, sharing
from tasks.miniature.pools import FactBook
from tasks.miniature.relations import RELATIONS, Fact, clause, statement, turned_round
from tasks.miniature.vocabulary import PEOPLE
from tasks.rows import SentencePair

LABELS = ("0", "1")
_PERSONAL = frozenset(name for name, relation in RELATIONS.items() if relation.personal)
#: Pairs of sentences that say one fact of one person, the easy start of a small model, and of two people.
_ONE_FACT, _TWO_PEOPLE = 0.7, 0.1
#: Of two facts, pairs in which the clauses have changed places too.
_REORDERED = 0.1
#: Of pairs that are none: those in which somebody has another kind of fact, the easiest, and of the rest those in which
#: people have changed places and not a thing another.
_OTHER_KIND, _SWAPPED = 0.8, 0.5


def _unit(source: Source) -> Unit | None:
    """A pair with nearly the same people and things; every other one, in mixed order, is a paraphrase."""
    draw = source.draw
    same = bool(in_turn(source.number, source.book.pool, len(LABELS)))
    pair = _one_fact if draw.chance(_ONE_FACT) else _two_people if draw.chance(_TWO_PEOPLE) else _two_facts
    said = pair(draw, source.book, same=same)
    if said is None:
        return None

    def rows() -> list[SentencePair]:
        text_a, text_b = (source.grammar.render(sentence).text for sentence in said)
        row = SentencePair(
            id=f"{source.number}",
            unit=f"pair-{source.number}",
            text_a=text_a,
            text_b=text_b,
            label=LABELS[same],
        )
        return [row]

    return Unit((said,), rows)


def _one_fact(draw: Draw, book: FactBook, *, same: bool) -> tuple[Sentence, Sentence]:
    """A fact, and in another way the same, or another of the same person."""
    person = draw.one([name for name in PEOPLE if len(book.relations(name, ABOUT)) > 1])
    fact = book.facts(draw, person, 1, ABOUT)[0]
    first = any_pattern(draw, fact)
    return statement(fact, first), statement(fact if same else _another(draw, book, fact), 1 - first)


def _another(draw: Draw, book: FactBook, fact: Fact) -> Fact:
    """Another fact of the same person: of another kind, if the book has one, or the same with another thing."""
    kinds = [name for name in book.relations(fact.person, ABOUT) if name != fact.relation]
    if kinds and draw.chance(_OTHER_KIND):
        return book.fact(draw, fact.person, draw.one(kinds))
    return book.fact(draw, fact.person, fact.relation, but=fact.object)


def _two_people(draw: Draw, book: FactBook, *, same: bool) -> tuple[Sentence, Sentence] | None:
    """A visit, or who is older: "Adro hosts Talmi" says "Talmi visits Adro" again, "Talmi hosts Adro" does not."""
    person, other, common = draw.one(sharing(book, 1, _PERSONAL))
    fact = Fact(person=person, relation=draw.one(common), object=other)
    first = any_pattern(draw, fact)
    if same:
        return statement(fact, first), statement(fact, 1 - first)
    return statement(fact, first), statement(turned_round(fact), any_pattern(draw, fact))


def _two_facts(draw: Draw, book: FactBook, *, same: bool) -> tuple[Sentence, Sentence] | None:
    """Two facts of two people. The second sentence says the same, or another of one of them, or they change places.

    Where people change places, the one who was named first is named second, unless the clauses are reordered.
    """
    person, other, common = draw.one(sharing(book, 1, ABOUT))
    if len(book.relations(person, ABOUT)) == 1:
        return None
    relations = (draw.one(common), draw.one(common))
    left = book.fact(draw, person, relations[0])
    right = book.fact(draw, other, relations[1], but=left.object if relations[0] == relations[1] else "")
    first = _joined(draw, (left, right))
    if not same and draw.chance((1 - _OTHER_KIND) * _SWAPPED):
        left, right = replace(left, person=other), replace(right, person=person)
    elif not same:
        left = _another(draw, book, left)
    again = (right, left) if draw.chance(_REORDERED) else (left, right)
    second = _joined(draw, again)
    return None if first == second else (first, second)


def _joined(draw: Draw, facts: tuple[Fact, Fact]) -> Sentence:
    return Sentence.of(*(clause(fact, any_pattern(draw, fact)) for fact in facts))


TASKS = (TaskGenerator(name="mini-pawsx", splits=("train", "validation", "test"), unit=_unit, parallel=True),)
