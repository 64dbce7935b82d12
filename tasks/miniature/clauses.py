"""Language-independent meaning: phrases, clauses and sentences without words, order or endings."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Self


class Tag(StrEnum):
    """The universal parts of speech that occur in the little world."""

    ADJ = "ADJ"
    ADP = "ADP"
    ADV = "ADV"
    AUX = "AUX"
    CCONJ = "CCONJ"
    DET = "DET"
    INTJ = "INTJ"
    NOUN = "NOUN"
    NUM = "NUM"
    PRON = "PRON"
    PROPN = "PROPN"
    PUNCT = "PUNCT"
    VERB = "VERB"


#: Words that link a sentence to what was said before. They occur in plain text only.
LINKS = {"yes": Tag.INTJ, "no": Tag.INTJ, "also": Tag.ADV}


class Case(StrEnum):
    """The role of a phrase in its clause. Languages mark it by prepositions, particles, prefixes or endings."""

    SUBJECT = "subject"
    PREDICATE = "predicate"  # after "to be" and "can"
    OBJECT = "object"
    PLACE = "place"  # in ...
    GOAL = "goal"  # to ...
    THAN = "than"
    ROLE = "role"  # as ...
    OWNER = "owner"  # of ...


class Mark(StrEnum):
    """Which part of a fact a phrase tells, so that an answer can be found again in the finished text."""

    NONE = ""
    PERSON = "person"
    OBJECT = "object"
    ORGANISATION = "organisation"


@dataclass(frozen=True, kw_only=True, slots=True)
class Phrase:
    """A noun phrase, or a substitute for one.

    Attributes:
        head: a concept of the vocabulary; for proper nouns and numbers the word itself.
        tag: PROPN, NOUN, NUM, ADJ (predicate adjective), VERB (infinitive), PRON (she, who, what) or ADV (where).
        adjective: a concept, or empty.
        count: a number that counts the head ("34 years"), or empty. The mark then belongs to the number.
        asked: the noun after "what" ("what food"), or empty.
    """

    head: str
    tag: Tag
    adjective: str = ""
    count: str = ""
    asked: str = ""
    plural: bool = False
    definite: bool = False
    owner: Phrase | None = None
    mark: Mark = Mark.NONE

    def marked(self, mark: Mark) -> Phrase:
        """The same phrase with a mark."""
        return replace(self, mark=mark)


@dataclass(frozen=True, kw_only=True, slots=True)
class Clause:
    """A verb with its phrases.

    Attributes:
        subject: None where the sentence has just named it ("... and likes plums").
        verb: a concept; ``be`` and ``can`` are auxiliaries.
        complement: the other phrase.
        case: the complement's case.
        quality: the adjective of a comparison or measure ("older", "old"), or empty.
        adverb: a concept, or empty.
    """

    subject: Phrase | None
    verb: str
    complement: Phrase
    case: Case
    quality: str = ""
    adverb: str = ""

    @property
    def asks_subject(self) -> bool:
        """Is this a question for its subject?"""
        return self.subject is not None and self.subject.head in {"who", "what"}

    @property
    def asks_complement(self) -> bool:
        """Is this a question for its complement?"""
        return self.complement.head in {"who", "what", "where"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Sentence:
    """One clause, or two joined by "and", perhaps after a word that links it to the previous sentence.

    Attributes:
        clauses: one or two.
        link: ``yes`` (the sentence says again), ``no`` (it corrects), ``also`` (it adds), or empty.
    """

    clauses: tuple[Clause, ...]
    link: str = ""

    @classmethod
    def of(cls, *clauses: Clause) -> Self:
        """A sentence of these clauses."""
        return cls(clauses=clauses)

    @property
    def question(self) -> bool:
        """Does the sentence end in a question mark?"""
        return any(clause.asks_subject or clause.asks_complement for clause in self.clauses)
