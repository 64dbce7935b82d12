"""Reading comprehension by choice: a short text, a question, and four whole sentences of which one answers it."""

from __future__ import annotations

from tasks.miniature.generators.base import Source, TaskGenerator, Unit, in_turn
from tasks.miniature.passages import any_pattern, askable, sharing, told
from tasks.miniature.relations import RELATIONS, Fact, question, statement
from tasks.rows import MultipleChoice

_CHOICES = 4
_ABOUT = frozenset(name for name, relation in RELATIONS.items() if not relation.personal)
#: In so many texts the other person stands in the same relation to the other object.
_RIVALS = 0.3


def _unit(source: Source) -> Unit | None:
    """A fact of one person and something of another. The question is after a part of the fact.

    The answers are made of these two people and two objects, crossed, all by one pattern: so they are all alike, the
    question rules out two of them, and the text decides.
    """
    draw, book = source.draw, source.book
    person, other, common = draw.one(sharing(book, 1, _ABOUT))
    fact = book.fact(draw, person, draw.one(common))
    ways = askable(book, fact)
    rival = book.fact(draw, other, fact.relation, but=fact.object)
    others = [name for name in book.relations(other, _ABOUT) if name != fact.relation]
    if not ways or not others:
        return None
    beside = rival if draw.chance(_RIVALS) else book.fact(draw, other, draw.one(others))
    sentences = [*(told(draw, each) for each in draw.shuffled([fact, beside])), question(fact, draw.one(ways))]
    wrong = [
        rival,
        Fact(person=person, relation=fact.relation, object=rival.object),
        Fact(person=other, relation=fact.relation, object=fact.object),
    ]
    label = in_turn(source.number, book.pool, _CHOICES)
    choices = draw.shuffled(wrong)
    choices.insert(label, fact)
    pattern = any_pattern(draw, fact)

    def rows() -> list[MultipleChoice]:
        grammar = source.grammar
        return [
            MultipleChoice(
                id=f"{source.number}",
                unit=f"question-{source.number}",
                prompt=grammar.passage(sentences),
                choices=tuple(grammar.render(statement(choice, pattern)).text for choice in choices),
                label=label,
            )
        ]

    return Unit(((frozenset((fact, beside)), rival.object),), rows)


TASKS = (TaskGenerator(name="mini-cosmosqa", splits=("train", "validation"), unit=_unit, translated=True),)
