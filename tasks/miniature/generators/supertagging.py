"""CCG supertagging: English words with their categories, which follow from the grammar."""

from __future__ import annotations

from tasks.miniature.categories import supertags
from tasks.miniature.english import English
from tasks.miniature.generators.base import Source, TaskGenerator, Unit
from tasks.miniature.passages import any_sentence
from tasks.rows import TaggedSentence

_QUESTIONS = 0.25


def _unit(source: Source) -> Unit:
    """One sentence."""
    assert isinstance(source.english, English)
    sentence = any_sentence(source.draw, source.book, questions=_QUESTIONS)
    row = TaggedSentence(
        id=f"{source.number}",
        unit=f"sentence-{source.number}",
        tokens=tuple(word.form for word in source.english.render(sentence).words),
        tags=tuple(supertags(source.english, sentence)),
    )
    return Unit((row.tokens,), lambda: [row])


TASKS = (TaskGenerator(name="mini-ccg", splits=("train", "validation"), unit=_unit, languages=("en",)),)
