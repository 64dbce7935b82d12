"""Natural language inference: does a sentence entail another, contradict it, or say nothing of it?"""

from __future__ import annotations

from functools import cache

from tasks.miniature.draw import Draw
from tasks.miniature.generators.base import Source, TaskGenerator, Unit
from tasks.miniature.passages import told, told_together, with_adverbs
from tasks.miniature.pools import FactBook
from tasks.miniature.relations import Fact
from tasks.miniature.vocabulary import PEOPLE
from tasks.rows import SentencePair

#: What premises and hypotheses are about: kinds of facts with few objects each.
_ABOUT = ("lives", "works", "likes", "keeps", "plays", "feels")
_TWO_FACTS = 0.1
_OTHER_PERSON = 0.1


@cache
def _people(book: FactBook) -> tuple[str, ...]:
    """Those of whom the book has facts of two kinds or more."""
    return tuple(person for person in PEOPLE if len(book.relations(person, _ABOUT)) > 1)


def _unit(source: Source) -> Unit:
    """A premise with one hypothesis of each label.

    All three hypotheses are drawn from the same people, relations, objects and patterns, so that a hypothesis alone
    gives nothing away: entailment restates a fact of the premise, contradiction gives it another object, neutral tells
    another kind of fact of the same person, or the same kind of another person.
    """
    draw, book = source.draw, source.book
    person = draw.one(_people(book))
    stated, unstated = book.facts(draw, person, 2, _ABOUT)
    hypotheses = (
        ("entailment", stated),
        ("neutral", _of_another(draw, book, stated) if draw.chance(_OTHER_PERSON) else unstated),
        ("contradiction", book.fact(draw, person, stated.relation, but=stated.object)),
    )
    said = told(draw, stated)
    if draw.chance(_TWO_FACTS):
        said = told_together(draw, *draw.shuffled((stated, _aside(draw, book, person))))
    premise = with_adverbs(draw, said)
    drawn = [(label, told(draw, fact)) for label, fact in draw.shuffled(hypotheses)]

    def rows() -> list[SentencePair]:
        text = source.grammar.render(premise).text
        return [
            SentencePair(
                id=f"{source.number}-{place}",
                unit=f"premise-{source.number}",
                text_a=text,
                text_b=source.grammar.render(hypothesis).text,
                label=label,
            )
            for place, (label, hypothesis) in enumerate(drawn)
        ]

    return Unit((premise,), rows)


def _of_another(draw: Draw, book: FactBook, fact: Fact) -> Fact:
    """A fact of the same relation about another person."""
    people = [name for name in _people(book) if name != fact.person and fact.relation in book.relations(name)]
    return book.fact(draw, draw.one(people), fact.relation)


def _aside(draw: Draw, book: FactBook, person: str) -> Fact:
    """A fact that no hypothesis is about."""
    facts = [(other, name) for other in PEOPLE if other != person for name in _other_relations(book, other)]
    return book.fact(draw, *draw.one(facts))


@cache
def _other_relations(book: FactBook, person: str) -> tuple[str, ...]:
    return tuple(name for name in book.relations(person) if name not in _ABOUT)


TASKS = (
    TaskGenerator(name="mini-mnli", splits=("train", "validation"), unit=_unit),
    TaskGenerator(name="mini-xnli", splits=("test",), unit=_unit, parallel=True),
)
