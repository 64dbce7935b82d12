"""Multiple choice: a few facts, a question, and five answers of which the facts support one."""

from __future__ import annotations

from tasks.miniature.clauses import Mark
from tasks.miniature.generators.base import Source, TaskGenerator, Unit, in_turn
from tasks.miniature.generators.questions import paragraph_facts
from tasks.miniature.passages import told
from tasks.miniature.relations import RELATIONS, Fact, question
from tasks.rows import MultipleChoice

_CHOICES = 5
_FACTS = 2
#: What the questions are about: kinds of facts whose objects are not people.
_ABOUT = tuple(name for name, relation in RELATIONS.items() if not relation.personal)


def _unit(source: Source) -> Unit | None:
    """Two facts and a question for the object of one. The right choice stands at every place equally often."""
    draw = source.draw
    drawn = paragraph_facts(draw, source.book, _ABOUT)
    if drawn is None:
        return None
    facts = drawn[:_FACTS]
    asked = facts[draw.index(_FACTS)]
    way = next(number for number, asking in enumerate(asked.kind.askings) if asking.wanted is Mark.OBJECT)
    label = in_turn(source.number, source.book.pool, _CHOICES)
    choices = draw.shuffled(_wrong(source, asked, facts))
    choices.insert(label, asked)
    if len({choice.object for choice in choices}) < _CHOICES:
        return None
    sentences = [*(told(draw, fact) for fact in facts), question(asked, way)]

    def rows() -> list[MultipleChoice]:
        grammar = source.grammar
        return [
            MultipleChoice(
                id=f"{source.number}",
                unit=f"question-{source.number}",
                prompt=grammar.passage(sentences),
                choices=tuple(grammar.phrase_text(choice.object_phrase()) for choice in choices),
                label=label,
            )
        ]

    return Unit(((frozenset(facts), asked),), rows)


def _wrong(source: Source, asked: Fact, facts: list[Fact]) -> list[Fact]:
    """Four wrong choices: one that the prompt has too, of its other fact; of those that it has not, one of the right
    kind and two of other kinds. So two choices fit the kind, two fit the prompt, and one fits both.
    """
    draw = source.draw
    (other,) = (fact for fact in facts if fact is not asked)
    absent = [name for name in asked.kind.objects if name not in {asked.object, other.object}]
    same_kind = Fact(person=asked.person, relation=asked.relation, object=draw.one(absent))
    kinds = [name for name in _ABOUT if RELATIONS[name].tag is not asked.kind.tag and name != other.relation]
    strange = [source.book.fact(draw, asked.person, kind) for kind in draw.some(kinds, _CHOICES - 3)]
    return [other, same_kind, *strange]


TASKS = (TaskGenerator(name="mini-commonsenseqa", splits=("train", "validation"), unit=_unit, translated=True),)
