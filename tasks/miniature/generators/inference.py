"""Natural language inference: does a sentence entail another, contradict it, or say nothing of it?"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

from tasks.miniature.clauses import Sentence
from tasks.miniature.generators.base import Source, TaskGenerator, Unit
from tasks.miniature.passages import told, with_adverbs
from tasks.miniature.pools import FactBook
from tasks.miniature.vocabulary import PEOPLE
from tasks.rows import SentencePair

#: What hypotheses, and pairs of sentences that may be paraphrases, are about: kinds of facts with few objects each.
ABOUT = ("works", "likes", "keeps", "plays")


@cache
def _people(book: FactBook) -> tuple[str, ...]:
    """Those of whom the book has facts of two kinds or more."""
    return tuple(person for person in PEOPLE if len(book.relations(person, ABOUT)) > 1)


def _unit(source: Source) -> Unit:
    """A premise with one hypothesis of each label.

    All three hypotheses are drawn from the same people, relations, objects and patterns, so that a hypothesis alone
    gives nothing away: entailment restates a fact of the premise, contradiction gives it another object, neutral tells
    another kind of fact of the same person.
    """
    draw, book = source.draw, source.book
    person = draw.one(_people(book))
    stated, unstated = book.facts(draw, person, 2, ABOUT)
    hypotheses = (
        ("entailment", stated),
        ("neutral", unstated),
        ("contradiction", book.fact(draw, person, stated.relation, but=stated.object)),
    )
    premise = with_adverbs(draw, told(draw, stated))
    drawn = [(label, told(draw, fact)) for label, fact in draw.shuffled(hypotheses)]
    return Unit((premise,), lambda: rows_of(source, [premise], drawn))


def rows_of(
    source: Source, premise: Sequence[Sentence], hypotheses: Sequence[tuple[str, Sentence]]
) -> list[SentencePair]:
    """A row a hypothesis, each given with its label."""
    text = source.grammar.passage(premise)
    return [
        SentencePair(
            id=f"{source.number}-{place}",
            unit=f"premise-{source.number}",
            text_a=text,
            text_b=source.grammar.render(hypothesis).text,
            label=label,
        )
        for place, (label, hypothesis) in enumerate(hypotheses)
    ]


TASKS = (
    TaskGenerator(name="mini-mnli", splits=("train", "validation"), unit=_unit, translated=True),
    TaskGenerator(name="mini-xnli", splits=("test",), unit=_unit, parallel=True),
)
