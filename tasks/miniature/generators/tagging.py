"""Part-of-speech tagging. The words and their tags are the grammar's own, so they are exact in every language."""

from __future__ import annotations

from tasks.miniature.generators.base import Source, TaskGenerator, Unit
from tasks.miniature.passages import any_sentence
from tasks.rows import TaggedSentence


def _unit(source: Source) -> Unit:
    """One sentence. Every language has its own, as treebanks do."""
    rendered = source.grammar.render(any_sentence(source.draw, source.book))
    row = TaggedSentence(
        id=f"{source.number}",
        unit=f"sentence-{source.number}",
        tokens=tuple(word.form for word in rendered.words),
        tags=tuple(str(word.tag) for word in rendered.words),
    )
    return Unit((row.tokens,), lambda: [row])


TASKS = (TaskGenerator(name="mini-udpos", splits=("train", "validation", "test"), unit=_unit),)
