"""Extractive question answering: a paragraph of three facts about two people, and two questions on it."""

from __future__ import annotations

from collections.abc import Collection

from tasks.miniature.clauses import Sentence
from tasks.miniature.draw import Draw
from tasks.miniature.generators.base import Source, TaskGenerator, Unit
from tasks.miniature.grammar import Grammar
from tasks.miniature.passages import askable, told
from tasks.miniature.pools import FactBook
from tasks.miniature.relations import RELATIONS, Fact, question
from tasks.miniature.rendering import join
from tasks.miniature.vocabulary import PEOPLE
from tasks.rows import Answer, SpanQuestion

_FACTS = 3
_QUESTIONS = 2
_RIVALS = 0.4


def paragraph_facts(draw: Draw, book: FactBook, among: Collection[str] = RELATIONS) -> list[Fact] | None:
    """Three facts about two people, in random order, of the relations in ``among``.

    In some paragraphs both people have a fact of one relation, so that the kind of answer alone does not find it. No
    two facts have one relation and object. None: the book has not enough about these people.
    """
    first, other = draw.some(PEOPLE, 2)
    facts = book.facts(draw, first, 2, among)
    shared = [fact for fact in facts if fact.relation in book.relations(other) and not fact.kind.personal]
    if shared and draw.chance(_RIVALS):
        facts.append(book.fact(draw, other, shared[0].relation, but=shared[0].object))
    else:
        facts += book.facts(draw, other, 1, among)
    if len({(fact.relation, fact.object) for fact in facts}) < _FACTS:
        return None
    if sum(fact.relation == "older" for fact in facts) > 1:
        return None
    return draw.shuffled(facts)


def _unit(source: Source) -> Unit | None:
    draw = source.draw
    facts = paragraph_facts(draw, source.book)
    if facts is None:
        return None
    ways = [(place, way) for place, fact in enumerate(facts) for way in askable(source.book, fact)]
    asked = draw.some(ways, _QUESTIONS)
    sentences = [told(draw, fact) for fact in facts]

    def rows() -> list[SpanQuestion]:
        paragraph = _Paragraph(source.grammar, facts, sentences)
        return [
            SpanQuestion(
                id=f"{source.number}-{number}",
                unit=f"paragraph-{source.number}",
                context=paragraph.text,
                question=source.grammar.render(question(facts[place], way)).text,
                answers=paragraph.answers(place, way),
            )
            for number, (place, way) in enumerate(asked)
        ]

    return Unit((frozenset(facts),), rows)


class _Paragraph:
    """The sentences of a paragraph in one language, with the offsets at which they start."""

    def __init__(self, grammar: Grammar, facts: list[Fact], sentences: list[Sentence]) -> None:
        self._facts = facts
        self._rendered = [grammar.render(sentence) for sentence in sentences]
        self.text, self._offsets = join(self._rendered, space=grammar.space)

    def answers(self, place: int, way: int) -> tuple[Answer, ...]:
        """The answer as the paragraph has it and, where an affix can be taken off, without the affix."""
        wanted = self._facts[place].kind.askings[way].wanted
        offset = self._offsets[place]
        spans = self._rendered[place].spans(wanted)
        return tuple(
            Answer(text=self.text[offset + span.start : offset + span.end], start=offset + span.start) for span in spans
        )


TASKS = (
    TaskGenerator(name="mini-squad", splits=("train", "validation"), unit=_unit),
    TaskGenerator(name="mini-xquad", splits=("test",), unit=_unit, parallel=True),
)
