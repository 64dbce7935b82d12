"""English, as far as the little world speaks it: articles, prepositions, third persons and questions with "does"."""

from __future__ import annotations

from collections.abc import Sequence

from tasks.miniature.clauses import LINKS, Case, Clause, Mark, Phrase, Tag
from tasks.miniature.grammar import Grammar
from tasks.miniature.rendering import Word
from tasks.miniature.vocabulary import SHE, english_word

_PREPOSITIONS = {Case.PLACE: "in", Case.GOAL: "to", Case.THAN: "than", Case.ROLE: "as", Case.OWNER: "of"}
_AUXILIARIES = {"be": "is", "can": "can"}


class English(Grammar):
    """Subject, verb, complement."""

    code = "en"
    title = "English"

    def link(self, concept: str) -> Word:
        return Word(concept, LINKS[concept])

    def conjunction(self) -> Word:
        return Word("and", Tag.CCONJ)

    def begin(self, words: Sequence[Word]) -> list[Word]:
        first = words[0]
        return [first._replace(form=first.form[0].upper() + first.form[1:]), *words[1:]]

    def clause(self, clause: Clause) -> list[Word]:
        if clause.asks_complement:
            return self._question(clause)
        subject = [] if clause.subject is None else self.bare_phrase(clause.subject)
        verb = _AUXILIARIES.get(clause.verb)
        finite = Word(f"{clause.verb}s", Tag.VERB) if verb is None else Word(verb, Tag.AUX)
        return [*subject, finite, *self._rest(clause), *_adverb(clause)]

    def _rest(self, clause: Clause) -> list[Word]:
        """The complement with its preposition, and the adjective of a comparison before it or of a measure after it."""
        words = self.bare_phrase(clause.complement)
        if clause.case in _PREPOSITIONS:
            words = [Word(_PREPOSITIONS[clause.case], Tag.ADP), *words]
        if not clause.quality:
            return words
        quality = Word(clause.quality, Tag.ADJ)
        return [quality, *words] if clause.case is Case.THAN else [*words, quality]

    def _question(self, clause: Clause) -> list[Word]:
        asked = self.bare_phrase(clause.complement)
        subject = [] if clause.subject is None else self.bare_phrase(clause.subject)
        if clause.verb == "can":
            return [*asked, Word("can", Tag.AUX), *subject, Word("do", Tag.VERB)]
        if clause.verb == "be":
            quality = [Word(clause.quality, Tag.ADJ)] if clause.quality else []
            return [*asked, Word("is", Tag.AUX), *subject, *quality, *_stranded(clause), *_adverb(clause)]
        verb = [Word("does", Tag.AUX), *subject, Word(clause.verb, Tag.VERB)]
        return [*asked, *verb, *_stranded(clause), *_adverb(clause)]

    def bare_phrase(self, phrase: Phrase) -> list[Word]:
        if phrase.tag is Tag.PRON and phrase.head not in {"who", "what"}:
            return [Word("she" if phrase.head in SHE else "he", Tag.PRON, phrase.mark)]
        if phrase.asked:
            return [Word("what", Tag.DET), Word(phrase.asked, Tag.NOUN)]
        words = _counted(phrase) if phrase.count else self._noun(phrase)
        if phrase.owner is None:
            return words
        return [*words, Word("of", Tag.ADP), *self.bare_phrase(phrase.owner)]

    def _noun(self, phrase: Phrase) -> list[Word]:
        form = english_word(phrase.head)
        words = [Word(f"{form}s" if phrase.plural else form, phrase.tag, phrase.mark)]
        if phrase.adjective:
            words.insert(0, Word(phrase.adjective, Tag.ADJ, phrase.mark))
        if phrase.tag is not Tag.NOUN or (phrase.plural and not phrase.definite):
            return words
        article = "the" if phrase.definite else "an" if words[0].form[0] in "aeiou" else "a"
        return [Word(article, Tag.DET, phrase.mark), *words]


def _counted(phrase: Phrase) -> list[Word]:
    return [Word(phrase.count, Tag.NUM, phrase.mark), Word(f"{phrase.head}s", Tag.NOUN, Mark.NONE)]


def _stranded(clause: Clause) -> list[Word]:
    """The preposition that stays behind when its phrase goes to the front ("What does Talmi work as?")."""
    if clause.case not in _PREPOSITIONS or clause.complement.head == "where":
        return []
    return [Word(_PREPOSITIONS[clause.case], Tag.ADP)]


def _adverb(clause: Clause) -> list[Word]:
    return [Word(clause.adverb, Tag.ADV)] if clause.adverb else []
