"""Duplicate questions: do two questions ask for the same?"""

from __future__ import annotations

from functools import cache

from tasks.miniature.clauses import Mark, Sentence
from tasks.miniature.draw import Draw
from tasks.miniature.generators.base import Source, TaskGenerator, Unit
from tasks.miniature.passages import with_adverbs
from tasks.miniature.pools import FactBook, question_pool
from tasks.miniature.relations import RELATIONS, Asking, Fact, Form, Pattern, question_by
from tasks.miniature.vocabulary import PEOPLE
from tasks.rows import SentencePair

LABELS = ("not_duplicate", "duplicate")
_OTHER_RELATION = 0.6


def _askings(relation: str) -> tuple[Asking, ...]:
    return RELATIONS[relation].askings


def _more(relation: str, wanted: Mark, word: str, pattern: int, noun: str = "") -> Asking:
    """Another way of asking, by one of the relation's patterns."""
    return Asking(pattern=RELATIONS[relation].patterns[pattern], wanted=wanted, word=word, noun=noun)


def _ways(relation: str, wanted: Mark, *more: Asking) -> tuple[str, tuple[Asking, ...]]:
    first = next(asking for asking in _askings(relation) if asking.wanted is wanted)
    return relation, (first, *more)


_JOB = Pattern(form=Form.OWNED, noun="job")
#: All ways of asking for one and the same: the relation's own first. Relations that can be asked after in one way only
#: are left out, since a question after them would never be a duplicate.
WAYS: tuple[tuple[str, tuple[Asking, ...]], ...] = (
    _ways("lives", Mark.OBJECT, _more("lives", Mark.OBJECT, "where", 1)),
    _ways("travels", Mark.OBJECT, _more("travels", Mark.OBJECT, "where", 1)),
    _ways("works", Mark.OBJECT, _more("works", Mark.OBJECT, "what", 0)),
    _ways("likes", Mark.OBJECT, _more("likes", Mark.OBJECT, "what", 0), _more("likes", Mark.OBJECT, "what", 1)),
    _ways("owns", Mark.OBJECT, _more("owns", Mark.OBJECT, "what", 1)),
    _ways("keeps", Mark.OBJECT, _more("keeps", Mark.OBJECT, "what", 0), _more("keeps", Mark.OBJECT, "what", 1)),
    _ways("plays", Mark.OBJECT, _more("plays", Mark.OBJECT, "what", 0), _more("plays", Mark.OBJECT, "what", 1)),
    _ways("visits", Mark.OBJECT, _more("visits", Mark.OBJECT, "who", 1)),
    _ways("visits", Mark.PERSON, _more("visits", Mark.PERSON, "who", 1)),
)


@cache
def _questions(book: FactBook) -> dict[int, tuple[str, ...]]:
    """Per entry of ``WAYS``, those whom its questions may name without leaving the book's pool."""
    return {
        kind: tuple(name for name in PEOPLE if question_pool(_fact(kind, name), _own(kind)) is book.pool)
        for kind in range(len(WAYS))
    }


def _fact(kind: int, named: str) -> Fact:
    """A fact of which a question of this kind names one part; the other part is arbitrary."""
    relation, askings = WAYS[kind]
    other = next(name for name in RELATIONS[relation].objects if name != named)
    if askings[0].wanted is Mark.OBJECT:
        return Fact(person=named, relation=relation, object=other)
    return Fact(person=other, relation=relation, object=named)


def _own(kind: int) -> int:
    relation, askings = WAYS[kind]
    return _askings(relation).index(askings[0])


def _unit(source: Source) -> Unit | None:
    """Two things that may be asked, each in two ways: two pairs of duplicates and two that are none, in random order.

    They are two things about one person, or one thing about two. Each question stands once in a pair of either label,
    on the same side, so that no question gives the label away by itself. An adverb more changes nothing.
    """
    draw = source.draw
    named_by = _questions(source.book)
    kind = draw.one([each for each in named_by if named_by[each]])
    named = draw.one(named_by[kind])
    if draw.chance(_OTHER_RELATION):
        other_named = named
        kinds = [each for each in named_by if each != kind and named in named_by[each]]
    else:
        other_named = draw.one([name for name in named_by[kind] if name != named])
        kinds = [kind]
    if not kinds:
        return None
    sides = [_two_ways(draw, kind, named), _two_ways(draw, draw.one(kinds), other_named)]
    pairs = [
        (first, second, one == other) for one, (first, _) in enumerate(sides) for other, (_, second) in enumerate(sides)
    ]
    drawn = draw.shuffled(pairs)

    def rows() -> list[SentencePair]:
        return [
            SentencePair(
                id=f"{source.number}-{place}",
                unit=f"question-{source.number}",
                text_a=source.grammar.render(first).text,
                text_b=source.grammar.render(second).text,
                label=LABELS[same],
            )
            for place, (first, second, same) in enumerate(drawn)
        ]

    return Unit(tuple((first, second) for first, second, _ in pairs), rows)


def _two_ways(draw: Draw, kind: int, named: str) -> tuple[Sentence, Sentence]:
    """The same question in two ways, perhaps with an adverb in the first."""
    first, second = (question_by(_fact(kind, named), way) for way in draw.some(WAYS[kind][1], 2))
    return with_adverbs(draw, first), second


TASKS = (TaskGenerator(name="mini-qqp", splits=("train", "validation"), unit=_unit, translated=True),)
