"""Sentence retrieval: foreign sentences, and the English sentences that translate them one to one."""

from __future__ import annotations

from tasks.miniature.generators.base import Source, TaskGenerator, Unit
from tasks.miniature.languages import LANGUAGES
from tasks.miniature.passages import any_sentence
from tasks.rows import BitextSentence


def _unit(source: Source) -> Unit:
    """A pair, foreign sentence first. Every language has its own pairs; no sentence comes twice on its side."""
    sentence = any_sentence(source.draw, source.book)
    unit = f"pair-{source.number}"
    foreign = BitextSentence(
        id=f"foreign-{source.number}",
        unit=unit,
        side="foreign",
        text=source.grammar.render(sentence).text,
        partners=(f"english-{source.number}",),
    )
    english = BitextSentence(
        id=f"english-{source.number}",
        unit=unit,
        side="english",
        text=source.english.render(sentence).text,
        partners=(foreign.id,),
    )
    return Unit((("foreign", foreign.text), ("english", english.text)), lambda: [foreign, english])


TASKS = (
    TaskGenerator(
        name="mini-tatoeba",
        splits=("validation", "test"),
        unit=_unit,
        languages=LANGUAGES[1:],
        validation_languages=LANGUAGES[1:],
        rows_a_unit=2,
    ),
)
