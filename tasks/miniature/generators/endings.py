"""Endings: the actions of two people, the beginning of a sentence about one of them, and four ways to end it."""

from __future__ import annotations

from dataclasses import replace

from tasks.miniature.clauses import Mark, Phrase, Sentence, Tag
from tasks.miniature.generators.base import Source, TaskGenerator, Unit, in_turn
from tasks.miniature.grammar import Grammar
from tasks.miniature.passages import sharing, told
from tasks.miniature.relations import RELATIONS, Fact, clause
from tasks.rows import MultipleChoice

_CHOICES = 4
_ABOUT = frozenset(name for name, relation in RELATIONS.items() if not relation.personal)


def _unit(source: Source) -> Unit | None:
    """One fact each of two people. The sentence begun is about one of them, and its right ending says that one's fact.

    Wrong endings: the other's fact, and both kinds of facts with other objects. So two endings are in the context, one
    of which is of the right person, and the endings alone are all alike.
    """
    draw, book = source.draw, source.book
    person, other, common = draw.one(sharing(book, 2, _ABOUT))
    mine, theirs = draw.some(common, 2)
    fact, rival = book.fact(draw, person, mine), book.fact(draw, other, theirs)
    if fact.object == rival.object:
        return None
    wrong = draw.shuffled(
        [
            rival,
            book.fact(draw, person, mine, but=fact.object),
            book.fact(draw, other, theirs, but=rival.object),
        ]
    )
    if len({each.object for each in (fact, *wrong)}) < _CHOICES:
        return None
    label = in_turn(source.number, book.pool, _CHOICES)
    endings = [*wrong[:label], fact, *wrong[label:]]
    context = [told(draw, each) for each in draw.shuffled([fact, rival])]

    def rows() -> list[MultipleChoice]:
        grammar = source.grammar
        beginning = grammar.begun(Phrase(head=person, tag=Tag.PROPN, mark=Mark.PERSON))
        return [
            MultipleChoice(
                id=f"{source.number}",
                unit=f"question-{source.number}",
                prompt=f"{grammar.passage(context)}{grammar.space}{beginning}",
                choices=tuple(_ending(grammar, each) for each in endings),
                label=label,
            )
        ]

    return Unit(((frozenset((fact, rival)), person),), rows)


def _ending(grammar: Grammar, fact: Fact) -> str:
    """Return the part of the sentence after the person's name."""
    return grammar.unbegun(Sentence.of(replace(clause(fact), subject=None)))


TASKS = (TaskGenerator(name="mini-hellaswag", splits=("train", "validation"), unit=_unit, translated=True),)
