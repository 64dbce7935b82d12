"""Natural language inference from several sources, as ANLI's training data join SNLI, MNLI and its own rounds."""

from __future__ import annotations

from tasks.miniature.clauses import Sentence
from tasks.miniature.draw import Draw
from tasks.miniature.generators.base import Source, TaskGenerator, Unit
from tasks.miniature.generators.inference import ABOUT, rows_of
from tasks.miniature.passages import told, told_together, with_adverbs
from tasks.miniature.pools import FactBook
from tasks.miniature.relations import RELATIONS, Fact
from tasks.miniature.vocabulary import PEOPLE

#: What else a longer premise tells: no hypothesis is about these.
_BESIDE = tuple(name for name in RELATIONS if name not in ABOUT)
#: Premises of one fact, of two facts in one sentence, of two sentences, of three.
_STYLES = ("short", "short", "short", "joined", "joined", "two", "two", "three")
_OTHER_PERSON = 0.1


def _unit(source: Source) -> Unit | None:
    """A premise of any style with one hypothesis of each label, made as those of mini-mnli are.

    Additional facts in longer premises are of kinds that no hypothesis is about.
    """
    draw, book = source.draw, source.book
    person = draw.one(PEOPLE)
    if len(book.relations(person, ABOUT)) < 2:  # noqa: PLR2004 - one that is told, one that is not
        return None
    stated, unstated = book.facts(draw, person, 2, ABOUT)
    if draw.chance(_OTHER_PERSON):
        people = [name for name in PEOPLE if name != person and stated.relation in book.relations(name)]
        unstated = book.fact(draw, draw.one(people), stated.relation)
    refuted = book.fact(draw, person, stated.relation, but=stated.object)
    premise = _premise(draw, book, stated)
    hypotheses = draw.shuffled((("entailment", stated), ("neutral", unstated), ("contradiction", refuted)))
    drawn = [(label, told(draw, fact)) for label, fact in hypotheses]
    return Unit((tuple(premise),), lambda: rows_of(source, premise, drawn))


def _premise(draw: Draw, book: FactBook, stated: Fact) -> list[Sentence]:
    """``stated`` in one of the styles, with additional facts in random order."""
    style = draw.one(_STYLES)
    if style == "short":
        return [with_adverbs(draw, told(draw, stated))]
    beside = [_aside(draw, book) for _ in range(2 if style == "three" else 1)]
    facts = draw.shuffled([stated, *beside])
    if style == "joined":
        return [told_together(draw, *facts)]
    return [told(draw, fact) for fact in facts]


def _aside(draw: Draw, book: FactBook) -> Fact:
    people = [name for name in PEOPLE if book.relations(name, _BESIDE)]
    return book.facts(draw, draw.one(people), 1, _BESIDE)[0]


TASKS = (TaskGenerator(name="mini-anli", splits=("train", "validation"), unit=_unit, translated=True),)
