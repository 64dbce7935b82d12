"""Sentences as a language writes them: words with tags, and the text that they make, to the character."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from tasks.miniature.clauses import Mark, Tag


class Word(NamedTuple):
    """One word of a sentence.

    ``stem`` is the part of the form, ``[start, end)``, that is left when case and number are taken off.
    """

    form: str
    tag: Tag
    mark: Mark = Mark.NONE
    stem: tuple[int, int] | None = None


class Span(NamedTuple):
    """A stretch of text, ``[start, end)`` in characters."""

    start: int
    end: int


@dataclass(frozen=True, kw_only=True)
class Rendered:
    """A sentence or passage in one language: its text, its words, and where each of them starts."""

    text: str
    words: tuple[Word, ...]
    starts: tuple[int, ...]

    def spans(self, mark: Mark) -> tuple[Span, ...]:
        """Where the words with ``mark`` stand: with their affixes and, if that differs, without them.

        Articles and prepositions are left out, as annotators leave them out.
        """
        marked = [place for place, word in enumerate(self.words) if word.mark == mark]
        while self.words[marked[0]].tag in {Tag.DET, Tag.ADP}:
            del marked[0]
        while self.words[marked[-1]].tag in {Tag.DET, Tag.ADP}:
            del marked[-1]
        first, last = marked[0], marked[-1]
        whole = Span(self.starts[first], self.starts[last] + len(self.words[last].form))
        first_stem, last_stem = self.words[first].stem, self.words[last].stem
        bare = Span(
            self.starts[first] + first_stem[0] if first_stem else whole.start,
            self.starts[last] + last_stem[1] if last_stem else whole.end,
        )
        return (whole,) if bare == whole else (whole, bare)


def set_words(words: Iterable[Word], *, space: str) -> Rendered:
    """Write words one after the other, with ``space`` between them and none before a punctuation mark."""
    parts: list[str] = []
    starts: list[int] = []
    kept: list[Word] = []
    length = 0
    for word in words:
        if parts and word.tag is not Tag.PUNCT:
            parts.append(space)
            length += len(space)
        starts.append(length)
        parts.append(word.form)
        length += len(word.form)
        kept.append(word)
    return Rendered(text="".join(parts), words=tuple(kept), starts=tuple(starts))


def join(sentences: Sequence[Rendered], *, space: str) -> tuple[str, tuple[int, ...]]:
    """The text of several sentences, and the offset at which each of them starts."""
    text = ""
    offsets = []
    for sentence in sentences:
        text += space if text else ""
        offsets.append(len(text))
        text += sentence.text
    return text, tuple(offsets)
