"""Extractive question answering: a paragraph of some facts about two or three people, and questions on it."""

from __future__ import annotations

from collections.abc import Callable, Collection

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
_RIVALS = 0.4
#: So many of the questions of a squad_v2 paragraph have an answer; one more has none.
_ANSWERED = 2


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
    return draw.shuffled(facts) if _fits(facts, _FACTS) else None


def _fits(facts: Collection[Fact], count: int) -> bool:
    """Are there so many facts, no two of one relation and object, and does at most one say who is older than whom?"""
    alike = len({(fact.relation, fact.object) for fact in facts}) < count
    return not alike and sum(fact.relation == "older" for fact in facts) <= 1


def _four_facts(draw: Draw, book: FactBook) -> list[Fact] | None:
    """A fact of a third person more than :func:`paragraph_facts`."""
    facts = paragraph_facts(draw, book)
    if facts is None:
        return None
    known = {fact.person for fact in facts}
    facts += book.facts(draw, draw.one([name for name in PEOPLE if name not in known]), 1)
    return draw.shuffled(facts) if _fits(facts, _FACTS + 1) else None


def _asking(
    questions: int, facts_of: Callable[[Draw, FactBook], list[Fact] | None] = paragraph_facts
) -> Callable[[Source], Unit | None]:
    """Paragraphs of these facts, with so many questions each, all of which have an answer."""

    def unit(source: Source) -> Unit | None:
        draw = source.draw
        facts = facts_of(draw, source.book)
        if facts is None:
            return None
        ways = [(place, way) for place, fact in enumerate(facts) for way in askable(source.book, fact)]
        if len(ways) < questions:
            return None
        asked = draw.some(ways, questions)
        sentences = [told(draw, fact) for fact in facts]

        def rows() -> list[SpanQuestion]:
            paragraph = _Paragraph(source.grammar, facts, sentences)
            return [paragraph.row(source.number, number, *each) for number, each in enumerate(asked)]

        return Unit((frozenset(facts),), rows)

    return unit


def _some_unanswered(source: Source) -> Unit | None:
    """A paragraph with three questions. One of them, at any place, asks what the paragraph does not tell: another thing
    about one of its people, a thing that it tells of another person, or who stands in a relation to another object.
    """
    draw = source.draw
    facts = paragraph_facts(draw, source.book)
    if facts is None:
        return None
    ways = [(place, way) for place, fact in enumerate(facts) for way in askable(source.book, fact)]
    unknown = _untold(draw, source.book, facts)
    if unknown is None or len(ways) < _ANSWERED:
        return None
    answered = draw.some(ways, _ANSWERED)
    asked = draw.shuffled([*answered, None])
    sentences = [told(draw, fact) for fact in facts]

    def rows() -> list[SpanQuestion]:
        paragraph = _Paragraph(source.grammar, facts, sentences)
        return [
            paragraph.unanswered(source.number, number, *unknown)
            if each is None
            else paragraph.row(source.number, number, *each)
            for number, each in enumerate(asked)
        ]

    return Unit((frozenset(facts),), rows)


def _untold(draw: Draw, book: FactBook, facts: list[Fact]) -> tuple[Fact, int] | None:
    """A fact and a way of asking after it that the paragraph has no answer to; drawn as told facts are, so that the
    question alone does not give away that it has none.
    """
    near = draw.one(facts)
    if draw.chance(0.5):
        fact = book.facts(draw, near.person, 1)[0]
    else:
        people = [name for name in PEOPLE if near.relation in book.relations(name)]
        fact = book.fact(draw, draw.one(people), near.relation)
    known = {(each.person, each.relation) for each in facts} | {(each.relation, each.object) for each in facts}
    ways = askable(book, fact)
    if not ways or (fact.person, fact.relation) in known or (fact.relation, fact.object) in known:
        return None
    return fact, draw.one(ways)


class _Paragraph:
    """The sentences of a paragraph in one language, with the offsets at which they start."""

    def __init__(self, grammar: Grammar, facts: list[Fact], sentences: list[Sentence]) -> None:
        self._grammar = grammar
        self._facts = facts
        self._rendered = [grammar.render(sentence) for sentence in sentences]
        self.text, self._offsets = join(self._rendered, space=grammar.space)

    def row(self, paragraph: int, number: int, place: int, way: int) -> SpanQuestion:
        """A question for a part of the fact at ``place``, with its answers."""
        return self._row(paragraph, number, self._facts[place], way, self._answers(place, way))

    def unanswered(self, paragraph: int, number: int, fact: Fact, way: int) -> SpanQuestion:
        """A question for a part of a fact that the paragraph does not tell."""
        return self._row(paragraph, number, fact, way, ())

    def _row(self, paragraph: int, number: int, fact: Fact, way: int, answers: tuple[Answer, ...]) -> SpanQuestion:
        return SpanQuestion(
            id=f"{paragraph}-{number}",
            unit=f"paragraph-{paragraph}",
            context=self.text,
            question=self._grammar.render(question(fact, way)).text,
            answers=answers,
        )

    def _answers(self, place: int, way: int) -> tuple[Answer, ...]:
        """The answer as the paragraph has it and, where an affix can be taken off, without the affix."""
        wanted = self._facts[place].kind.askings[way].wanted
        offset = self._offsets[place]
        spans = self._rendered[place].spans(wanted)
        return tuple(
            Answer(text=self.text[offset + span.start : offset + span.end], start=offset + span.start) for span in spans
        )


TASKS = (
    TaskGenerator(name="mini-squad", splits=("train", "validation"), unit=_asking(2), translated=True),
    TaskGenerator(name="mini-squad_v2", splits=("train", "validation"), unit=_some_unanswered, translated=True),
    TaskGenerator(name="mini-xquad", splits=("test",), unit=_asking(2), parallel=True),
    TaskGenerator(name="mini-mlqa", splits=("test",), unit=_asking(2, _four_facts), parallel=True),
    TaskGenerator(name="mini-tydiqa", splits=("train", "validation", "test"), unit=_asking(1)),
)
