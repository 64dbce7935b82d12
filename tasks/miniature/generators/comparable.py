"""Bitext mining: two corpora of which only some sentences translate each other, as BUCC's shared task has them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from tasks.miniature.clauses import Sentence
from tasks.miniature.draw import Draw
from tasks.miniature.generators.base import CorpusSource, TaskGenerator
from tasks.miniature.languages import LANGUAGES
from tasks.miniature.passages import told, told_together, varied
from tasks.miniature.pools import FactBook
from tasks.miniature.relations import Fact
from tasks.miniature.vocabulary import PEOPLE
from tasks.rows import BitextSentence, Row

#: One in so many different sentences of a side has a translation.
_PAIRED = 4
#: One in so many sentences of a side stands there a second time, under another id.
_REPEATED = 40
_NEAR_MISSES = 0.5
_TWO_FACTS = 0.5

Facts = tuple[Fact, ...]


def _corpus(source: CorpusSource) -> list[Row] | None:
    """Both corpora, a foreign and an English row in turn, which says nothing of who translates whom.

    A pair is one sentence in both languages. Every other sentence has no translation; many of those tell nearly what a
    pair tells. No two sentences of both sides tell the same facts, but for pairs and for sentences that come twice.
    """
    size = source.rows // 2
    different = size - size // _REPEATED
    paired = (different + _PAIRED - 1) // _PAIRED
    said = _sentences(source, paired, 2 * (different - paired))
    if said is None:
        return None
    pairs, rest = said[:paired], said[paired:]
    foreign = _side(source.draw, _texts(source, [*pairs, *rest[::2]], foreign=True), size)
    english = _side(source.draw, _texts(source, [*pairs, *rest[1::2]], foreign=False), size)
    rows: list[Row] = []
    for number in range(size):
        rows += [
            _row("foreign", (source.grammar.code, foreign), ("en", english), number, paired),
            _row("english", ("en", english), (source.grammar.code, foreign), number, paired),
        ]
    return rows


def _sentences(source: CorpusSource, paired: int, others: int) -> list[Sentence] | None:
    """Sentences for pairs, then others, all of different meanings and texts. None: the pool has not so many."""
    draw, book = source.draw, source.book
    pairs: list[Facts] = []
    found: list[Sentence] = []
    seen: set[object] = set()
    idle = 0
    while len(found) < paired + others:
        idle += 1
        if idle > source.patience:
            return None
        of_pair = len(found) < paired
        near = not of_pair and draw.chance(_NEAR_MISSES)
        facts = _near_miss(draw, book, draw.one(pairs)) if near else _any_facts(draw, book)
        if facts is None or frozenset(facts) in seen:
            continue
        sentence = varied(draw, told(draw, facts[0]) if len(facts) == 1 else told_together(draw, *facts))
        texts = {source.grammar.render(sentence).text, source.english.render(sentence).text}
        if not seen.isdisjoint(texts):
            continue
        seen |= {frozenset(facts), *texts}
        found.append(sentence)
        pairs += [facts] * of_pair
        idle = 0
    return found


def _any_facts(draw: Draw, book: FactBook) -> Facts:
    """One fact, or two of one person or of two."""
    person = draw.one(PEOPLE)
    if not draw.chance(_TWO_FACTS):
        return tuple(book.facts(draw, person, 1))
    if draw.chance(0.5):
        return tuple(book.facts(draw, person, 2))
    return tuple(fact for name in draw.some(PEOPLE, 2) for fact in book.facts(draw, name, 1))


def _near_miss(draw: Draw, book: FactBook, facts: Facts) -> Facts | None:
    """The same facts but for one, which has another object, or is of another kind or person."""
    place = draw.index(len(facts))
    fact = facts[place]
    match draw.index(3):
        case 0:
            other = book.fact(draw, fact.person, fact.relation, but=fact.object)
        case 1:
            other = book.facts(draw, fact.person, 1)[0]
        case _:
            people = [name for name in PEOPLE if name != fact.object and fact.relation in book.relations(name)]
            other = replace(fact, person=draw.one(people))
    missed = (*facts[:place], other, *facts[place + 1 :])
    alike = len({(each.person, each.relation) for each in missed}) < len(missed)
    return None if alike or missed == facts else missed


def _texts(source: CorpusSource, said: Iterable[Sentence], *, foreign: bool) -> list[str]:
    grammar = source.grammar if foreign else source.english
    return [grammar.render(sentence).text for sentence in said]


def _side(draw: Draw, texts: Sequence[str], size: int) -> list[tuple[int, str]]:
    """The sentences of a side in the order of their ids, each with its place in ``texts``; some come twice."""
    places = [*range(len(texts)), *draw.some(range(len(texts)), size - len(texts))]
    return [(place, texts[place]) for place in draw.shuffled(places)]


def _row(
    side: str,
    own: tuple[str, list[tuple[int, str]]],
    other: tuple[str, list[tuple[int, str]]],
    number: int,
    paired: int,
) -> BitextSentence:
    """The sentence of this number. A translation that comes twice is a partner under both its ids."""
    place, text = own[1][number]
    partners = [each for each, (there, _) in enumerate(other[1]) if there == place] if place < paired else []
    name = _id(own[0], number)
    return BitextSentence(
        id=name, unit=name, side=side, text=text, partners=tuple(_id(other[0], each) for each in partners)
    )


def _id(language: str, number: int) -> str:
    return f"{language}-{number + 1:09d}"


TASKS = (
    TaskGenerator(
        name="mini-bucc",
        splits=("validation", "test"),
        corpus=_corpus,
        languages=LANGUAGES[1:],
        validation_languages=LANGUAGES[1:],
        rows_a_unit=2,
    ),
)
