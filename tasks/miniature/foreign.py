"""One grammar for all made-up languages; they differ in order, morphology, articles and script."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from tasks.miniature.clauses import LINKS, Case, Clause, Mark, Phrase, Tag
from tasks.miniature.grammar import Grammar
from tasks.miniature.morphology import Endings, Morphology, Particles, Prefixes, Suffixes, words
from tasks.miniature.rendering import Word


@dataclass(frozen=True, kw_only=True)
class Typology:
    """The properties of one language.

    Attributes:
        order: S(ubject), V(erb), C(omplement), Q(uality: "older", "old") and A(dverb), in the order they are said.
        adjective_first, owner_first: do they stand before their noun?
        fronts_questions: does the phrase that is asked for go to the front?
        has_article: is there a definite article?
        morphology: makes the morphology, given the words of the case particles.
    """

    title: str
    order: str
    adjective_first: bool
    owner_first: bool
    morphology: Callable[[Mapping[Case, str]], Morphology]
    fronts_questions: bool = False
    has_article: bool = False
    space: str = " "
    stop: str = "."
    question_mark: str = "?"
    comma: str = ","


TYPOLOGIES = {
    "qaa": Typology(
        title="Tulvan",
        order="SACQV",
        adjective_first=True,
        owner_first=True,
        morphology=lambda _: Suffixes(),
    ),
    "qab": Typology(
        title="Nakori",
        order="VQSCA",
        adjective_first=False,
        owner_first=False,
        morphology=lambda _: Prefixes(),
        fronts_questions=True,
        has_article=True,
    ),
    "qac": Typology(
        title="Dzavi",
        order="SVQCA",
        adjective_first=False,
        owner_first=False,
        morphology=Endings,
    ),
    "qad": Typology(
        title="Lemsu",
        order="ASCQV",
        adjective_first=True,
        owner_first=True,
        morphology=Particles,
        space="",
        stop="。",
        question_mark="？",  # noqa: RUF001 - the full-width marks go with the script
        comma="，",  # noqa: RUF001
    ),
}


class MadeUp(Grammar):
    """A made-up language, by its code."""

    def __init__(self, code: str) -> None:
        typology = TYPOLOGIES[code]
        self.code = code
        self.title = typology.title
        self.space = typology.space
        self.stop = typology.stop
        self.question_mark = typology.question_mark
        self.comma = typology.comma
        self._typology = typology
        self._words = words(code)
        cases = [case for case in Case if f"case:{case}" in self._words]
        self._morphology = typology.morphology({case: self._words[f"case:{case}"] for case in cases})

    def link(self, concept: str) -> Word:
        return Word(self._words[concept], LINKS[concept])

    def conjunction(self) -> Word:
        return Word(self._words["and"], Tag.CCONJ)

    def clause(self, clause: Clause) -> list[Word]:
        parts = {
            "S": [] if clause.subject is None else self._phrase(clause.subject, Case.SUBJECT),
            "V": [self._verb(clause.verb)],
            "C": self._phrase(clause.complement, clause.case),
            "Q": [Word(self._words[clause.quality], Tag.ADJ)] if clause.quality else [],
            "A": [Word(self._words[clause.adverb], Tag.ADV)] if clause.adverb else [],
        }
        order = self._typology.order
        if self._typology.fronts_questions and (clause.asks_subject or clause.asks_complement):
            asked = "S" if clause.asks_subject else "C"
            order = asked + order.replace(asked, "")
        return [word for part in order for word in parts[part]]

    def bare_phrase(self, phrase: Phrase) -> list[Word]:
        return self._phrase(phrase, Case.PREDICATE)

    def subject(self, phrase: Phrase) -> list[Word]:
        return self._phrase(phrase, Case.SUBJECT)

    def _verb(self, concept: str) -> Word:
        word = self._words[concept]
        return Word(word, Tag.AUX) if concept in {"be", "can"} else Word(self._morphology.verb(word), Tag.VERB)

    def _phrase(self, phrase: Phrase, case: Case) -> list[Word]:
        if phrase.tag is Tag.ADV:
            return [Word(self._words[phrase.head], Tag.ADV)]
        if phrase.asked:
            noun = self._morphology.noun(self._words[phrase.asked], Tag.NOUN, phrase.mark, case=case, plural=False)
            return [Word(self._words["what"], Tag.DET), *noun]
        head = self._noun(phrase, case)
        if phrase.owner is None:
            return head
        owner = self._phrase(phrase.owner, Case.OWNER)
        return [*owner, *head] if self._typology.owner_first else [*head, *owner]

    def _noun(self, phrase: Phrase, case: Case) -> list[Word]:
        """The head with its particles, adjective, number and article."""
        if phrase.tag is Tag.ADJ:
            return [Word(self._words[phrase.head], Tag.ADJ, phrase.mark)]
        mark = Mark.NONE if phrase.count else phrase.mark
        found = self._morphology.noun(self._head(phrase), phrase.tag, mark, case=case, plural=phrase.plural)
        if phrase.adjective:
            place = [word.tag for word in found].index(phrase.tag) + (not self._typology.adjective_first)
            found.insert(place, self._morphology.adjective(self._words[phrase.adjective], phrase.mark, case=case))
        if phrase.count:
            found.insert(0, Word(phrase.count, Tag.NUM, phrase.mark))
        if phrase.definite and self._typology.has_article:
            found.insert(0, Word(self._words["the"], Tag.DET, phrase.mark))
        return found

    def _head(self, phrase: Phrase) -> str:
        if phrase.tag in {Tag.PROPN, Tag.NUM}:
            return phrase.head
        if phrase.tag is Tag.PRON and phrase.head not in {"who", "what"}:
            return self._words["she"]
        return self._words[phrase.head]
