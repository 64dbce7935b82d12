"""CCG supertagging: English words with their categories, which follow from the grammar."""

from __future__ import annotations

from collections.abc import Callable

from tasks.miniature.clauses import Case, Clause, Sentence, Tag
from tasks.miniature.english import English
from tasks.miniature.generators.base import Source, TaskGenerator, Unit
from tasks.miniature.passages import any_sentence
from tasks.miniature.rendering import Word
from tasks.miniature.vocabulary import english_word
from tasks.rows import TaggedSentence

_ADJECTIVE = "S[adj]\\NP"
_MEASURED = "(S[adj]\\NP)\\NP"  # "old" in "30 years old"
_ASKED_OBJECT = "S[q]/NP"
#: Categories that hang on the word's part of speech alone.
_PLAIN = {
    Tag.NOUN: "N",
    Tag.PROPN: "N",
    Tag.CCONJ: "conj",
    Tag.PUNCT: ".",
}


def supertags(english: English, sentence: Sentence) -> list[str]:
    """One category for each word of an English sentence, its punctuation included."""
    found: list[str] = []
    for place, clause in enumerate(sentence.clauses):
        if place:
            found.append(_PLAIN[english.conjunction().tag])
        found += [_category(word, clause) for word in english.clause(clause)]
    return [*found, _PLAIN[Tag.PUNCT]]


def _category(word: Word, clause: Clause) -> str:
    """The category of one word of a clause."""
    return _PLAIN[word.tag] if word.tag in _PLAIN else _BY_CLAUSE[word.tag](word, clause)


def _determiner(word: Word, _: Clause) -> str:
    return f"(S[wq]/({_ASKED_OBJECT}))/N" if word.form == "what" else "NP[nb]/N"


def _number(_: Word, clause: Clause) -> str:
    return "N/N" if clause.complement.count else "N"


def _adverb(word: Word, _: Clause) -> str:
    return "S[wq]/S[q]" if word.form == "where" else "(S\\NP)\\(S\\NP)"


def _pronoun(word: Word, clause: Clause) -> str:
    if word.form not in {"who", "what"}:
        return "NP"
    return f"S[wq]/({_ASKED_OBJECT})" if clause.asks_complement else "S[wq]/(S[dcl]\\NP)"


def _adjective(word: Word, clause: Clause) -> str:
    """Before its noun, as a predicate, or measured by the preceding phrase."""
    if word.form == clause.quality:
        return _ADJECTIVE if clause.case is Case.THAN else _MEASURED
    predicate = clause.complement.tag is Tag.ADJ and word.form == english_word(clause.complement.head)
    return _ADJECTIVE if predicate else "N/N"


def _preposition(word: Word, _: Clause) -> str:
    if word.form == "of":
        return "(NP\\NP)/NP"
    return "((S[adj]\\NP)\\(S[adj]\\NP))/NP" if word.form == "than" else "PP/NP"


def _auxiliary(word: Word, clause: Clause) -> str:
    if clause.asks_complement:
        return f"({_ASKED_OBJECT})/NP" if word.form == "is" else "(S[q]/(S[b]\\NP))/NP"
    if word.form == "can":
        return "(S[dcl]\\NP)/(S[b]\\NP)"
    if clause.quality or clause.complement.tag is Tag.ADJ:
        return f"(S[dcl]\\NP)/({_ADJECTIVE})"
    return f"(S[dcl]\\NP)/{_asked_for(clause)}"


def _verb(word: Word, clause: Clause) -> str:
    """A finite verb takes its complement; in a question, the question word takes the complement of the bare verb."""
    if clause.asks_complement:
        return "S[b]\\NP" if clause.complement.head == "where" else "(S[b]\\NP)/NP"
    if word.form == english_word(clause.complement.head):
        return "S[b]\\NP"
    return f"(S[dcl]\\NP)/{_asked_for(clause)}"


def _asked_for(clause: Clause) -> str:
    return "NP" if clause.case in {Case.OBJECT, Case.PREDICATE} else "PP"


#: What tags the other parts of speech.
_BY_CLAUSE: dict[Tag, Callable[[Word, Clause], str]] = {
    Tag.ADJ: _adjective,
    Tag.ADP: _preposition,
    Tag.ADV: _adverb,
    Tag.AUX: _auxiliary,
    Tag.DET: _determiner,
    Tag.NUM: _number,
    Tag.PRON: _pronoun,
    Tag.VERB: _verb,
}

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
