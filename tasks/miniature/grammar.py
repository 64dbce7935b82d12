"""The contract of a language's grammar, and the code shared by all grammars."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from functools import cache

from tasks.miniature.clauses import Clause, Phrase, Sentence, Tag
from tasks.miniature.rendering import Rendered, Word, join, set_words


class Grammar(ABC):
    """Says clauses in one language. A pure function of the clause: nothing is drawn here.

    Attributes:
        code: the language's code.
        title: its name, for readers.
        space: separator of words and of sentences.
        stop, question_mark: last character of a sentence.
        comma: mark after a linking word.
    """

    code: str
    title: str
    space: str = " "
    stop: str = "."
    question_mark: str = "?"
    comma: str = ","

    @abstractmethod
    def clause(self, clause: Clause) -> list[Word]:
        """The words of a clause, without punctuation."""

    @abstractmethod
    def bare_phrase(self, phrase: Phrase) -> list[Word]:
        """The words of a phrase that stands alone, as an answer to choose does."""

    @abstractmethod
    def link(self, concept: str) -> Word:
        """The word that links a sentence to the previous one."""

    @abstractmethod
    def conjunction(self) -> Word:
        """The word for "and"."""

    def render(self, sentence: Sentence) -> Rendered:
        """A whole sentence."""
        words = [self.link(sentence.link), Word(self.comma, Tag.PUNCT)] if sentence.link else []
        for place, clause in enumerate(sentence.clauses):
            if place:
                words.append(self.conjunction())
            words += self.clause(clause)
        mark = self.question_mark if sentence.question else self.stop
        return set_words([*self.begin(words), Word(mark, Tag.PUNCT)], space=self.space)

    def subject(self, phrase: Phrase) -> list[Word]:
        """The words of a phrase that begins a clause as its subject."""
        return self.bare_phrase(phrase)

    def begun(self, phrase: Phrase) -> str:
        """A sentence of which only the subject is said."""
        return set_words(self.begin(self.subject(phrase)), space=self.space).text

    def unbegun(self, sentence: Sentence) -> str:
        """A sentence without its beginning: everything after the subject of its one clause, to the full stop."""
        (clause,) = sentence.clauses
        return set_words([*self.clause(clause), Word(self.stop, Tag.PUNCT)], space=self.space).text

    def begin(self, words: Sequence[Word]) -> list[Word]:
        """The words of a sentence with its first one changed as a beginning asks for; as they are by default."""
        return list(words)

    @cache  # noqa: B019 - there is one object a language, and it lives as long as the process
    def phrase_text(self, phrase: Phrase) -> str:
        """A phrase that stands alone, as text."""
        return set_words(self.bare_phrase(phrase), space=self.space).text

    def passage(self, sentences: Sequence[Sentence]) -> str:
        """Several sentences as one text."""
        return join([self.render(sentence) for sentence in sentences], space=self.space)[0]
