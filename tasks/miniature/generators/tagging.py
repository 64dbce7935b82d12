"""Part-of-speech tagging. The words and their tags are the grammar's own, so they are exact in every language."""

from __future__ import annotations

from tasks.miniature.generators.base import Source, TaskGenerator, Unit
from tasks.miniature.passages import any_sentence
from tasks.miniature.vocabulary import JOBS, SKILLS
from tasks.rows import TaggedSentence

#: Sentences without a word of two tags that are passed over, so that a word's most frequent tag is not nearly enough.
_PASSED_OVER = 0.7
_AMBIGUOUS = frozenset({*JOBS, *SKILLS})


def _unit(source: Source) -> Unit | None:
    """One sentence. Every language has its own, as treebanks do."""
    sentence = any_sentence(source.draw, source.book)
    plain = all(clause.complement.head not in _AMBIGUOUS for clause in sentence.clauses)
    if plain and source.draw.chance(_PASSED_OVER):
        return None
    rendered = source.grammar.render(sentence)
    row = TaggedSentence(
        id=f"{source.number}",
        unit=f"sentence-{source.number}",
        tokens=tuple(word.form for word in rendered.words),
        tags=tuple(str(word.tag) for word in rendered.words),
    )
    return Unit((row.tokens,), lambda: [row])


TASKS = (TaskGenerator(name="mini-udpos", splits=("train", "validation", "test"), unit=_unit),)
