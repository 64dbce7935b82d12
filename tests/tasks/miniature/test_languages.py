"""What sets the languages apart: order, morphology, script, spaces."""

import unicodedata

import pytest

from tasks.miniature import LANGUAGES, parallel, text
from tasks.miniature.clauses import Case, Clause, Mark, Phrase, Sentence, Tag
from tasks.miniature.languages import grammar
from tasks.miniature.morphology import words
from tasks.miniature.relations import RELATIONS, Fact, question, statement
from tasks.miniature.vocabulary import CONCEPTS, LOANABLE, PEOPLE, PLACES, english_word

LIVES = Fact(person="Talmi", relation="lives", object="Arbon")
OWNS = Fact(person="Talmi", relation="owns", object="red boat")


def tags(language: str, sentence: Sentence) -> str:
    return " ".join(word.tag for word in grammar(language).render(sentence).words)


def say(language: str, sentence: Sentence) -> str:
    return grammar(language).render(sentence).text


def test_codes_are_for_private_use() -> None:
    assert "en" == LANGUAGES[0]
    assert 5 <= len(LANGUAGES)
    assert all("qaa" <= code <= "qtz" and 3 == len(code) for code in LANGUAGES[1:])


def test_english() -> None:
    expected = {
        statement(LIVES): "Talmi lives in Arbon.",
        statement(LIVES, 1): "The home of Talmi is in Arbon.",
        question(LIVES, 0): "Where does Talmi live?",
        question(LIVES, 1): "Who lives in Arbon?",
        statement(OWNS): "Talmi owns a red boat.",
        statement(OWNS, 1): "The red boat belongs to Talmi.",
        statement(Fact(person="Talmi", relation="likes", object="fig"), 1): "The favourite food of Talmi is figs.",
        statement(Fact(person="Talmi", relation="age", object="30")): "Talmi is 30 years old.",
        statement(Fact(person="Talmi", relation="older", object="Adro"), 1): "Adro is younger than Talmi.",
        question(Fact(person="Talmi", relation="can", object="can_cook"), 0): "What can Talmi do?",
    }
    assert list(expected.values()) == [say("en", sentence) for sentence in expected]


def test_article_fits_the_next_word() -> None:
    thing = Phrase(head="hat", tag=Tag.NOUN, adjective="old")
    said = Clause(subject=Phrase(head="Adro", tag=Tag.PROPN), verb="own", complement=thing, case=Case.OBJECT)
    assert "Adro owns an old hat." == say("en", Sentence.of(said))


@pytest.mark.parametrize(
    ("language", "order"),
    [
        ("en", "PROPN VERB ADP PROPN PUNCT"),
        ("qaa", "PROPN PROPN VERB PUNCT"),
        ("qab", "VERB PROPN PROPN PUNCT"),
        ("qac", "PROPN VERB ADP PROPN PUNCT"),
        ("qad", "PROPN ADP PROPN ADP VERB PUNCT"),
    ],
)
def test_word_order(language: str, order: str) -> None:
    assert order == tags(language, statement(LIVES))


@pytest.mark.parametrize(
    ("language", "order"),
    [
        ("en", "PROPN VERB DET ADJ NOUN PUNCT"),
        ("qaa", "PROPN ADJ NOUN VERB PUNCT"),
        ("qab", "VERB PROPN NOUN ADJ PUNCT"),
        ("qac", "PROPN VERB NOUN ADJ PUNCT"),
        ("qad", "PROPN ADP ADJ NOUN ADP VERB PUNCT"),
    ],
)
def test_order_in_a_noun_phrase(language: str, order: str) -> None:
    assert order == tags(language, statement(OWNS))


def test_suffixes_harmonise() -> None:
    """Tulvan: one case, two forms, by the last vowel of the stem."""
    places = [Fact(person="Talmi", relation="lives", object=name) for name in ("Arbon", "Vostel")]
    assert ["Arbonla", "Vostelle"] == [say("qaa", statement(place)).split()[1] for place in places]


def test_prefixes_keep_names_in_sight() -> None:
    assert "na-Arbon" == say("qab", statement(LIVES)).rstrip(".").split()[2]


def test_endings_differ_by_declension() -> None:
    """Dzavi: the objects of one verb end differently, and the adjective agrees with its noun's case."""
    sentences = [
        say("qac", statement(Fact(person="Talmi", relation="keeps", object=animal))).rstrip(".")
        for animal in ("cat", "goat", "horse", "toad")
    ]
    assert 2 <= len({sentence[-2:] for sentence in sentences})
    owned = grammar("qac").render(statement(OWNS)).words
    adjective = next(word.form for word in owned if word.tag is Tag.ADJ)
    assert words("qac")["red"] != adjective


def test_names_are_the_same_everywhere() -> None:
    assert all("Talmi" in say(language, statement(LIVES)) for language in LANGUAGES)
    assert all("Arbon" in say(language, statement(LIVES)) for language in LANGUAGES)


def test_only_lemsu_has_no_spaces() -> None:
    spaced = {language: " " in say(language, statement(OWNS)) for language in LANGUAGES}
    assert {"en": True, "qaa": True, "qab": True, "qac": True, "qad": False} == spaced
    assert not any(" " in line for line in text("qad", lines=50))


@pytest.mark.parametrize(
    ("language", "script"), [("qaa", "LATIN"), ("qab", "LATIN"), ("qac", "GEORGIAN"), ("qad", "CJK")]
)
def test_script(language: str, script: str) -> None:
    letters = {letter for word in words(language).values() for letter in word}
    assert letters
    assert all(unicodedata.name(letter).startswith(script) for letter in letters)


@pytest.mark.parametrize("language", LANGUAGES)
def test_words_and_text_are_one(language: str) -> None:
    """Every word is in the text where it is said to start, and nothing but spaces is between them."""
    for fact in (LIVES, OWNS):
        found = grammar(language).render(statement(fact))
        ends = [0]
        for word, start in zip(found.words, found.starts, strict=True):
            assert word.form == found.text[start : start + len(word.form)]
            assert "" == found.text[ends[-1] : start].strip()
            ends.append(start + len(word.form))
        assert len(found.text) == ends[-1]


@pytest.mark.parametrize("language", LANGUAGES[1:])
def test_affixes_can_be_taken_off(language: str) -> None:
    found = grammar(language).render(statement(LIVES))
    *_, bare = (found.text[span.start : span.end] for span in found.spans(Mark.OBJECT))
    assert "Arbon" == bare


def test_words_are_their_own_but_for_loanwords() -> None:
    """And never a name. Loanwords are English words; the language nearest to English has most of them."""
    english = {english_word(concept) for concept in CONCEPTS}
    own = {language: set(words(language).values()) - english for language in LANGUAGES[1:]}
    loans = {
        language: {concept for concept in CONCEPTS if words(language)[concept] == english_word(concept)}
        for language in LANGUAGES[1:]
    }
    assert sum(map(len, own.values())) == len(set().union(*own.values()))
    assert all(found.isdisjoint({*PEOPLE, *PLACES}) for found in own.values())
    assert len(loans["qaa"]) > len(loans["qab"]) > 0 == len(loans["qac"]) == len(loans["qad"])
    assert loans["qab"] < loans["qaa"] < LOANABLE


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", RELATIONS)
def test_every_relation_can_be_said_and_asked(name: str, language: str) -> None:
    """Each way differs from the others, and what is asked for can be found again in every way of saying it."""
    fact = Fact(person="Talmi", relation=name, object=next(each for each in RELATIONS[name].objects if each != "Talmi"))
    said = [statement(fact, pattern) for pattern in range(len(fact.kind.patterns))]
    asked = [question(fact, way) for way in range(len(fact.kind.askings))]
    assert {Mark.PERSON, Mark.OBJECT} == {asking.wanted for asking in fact.kind.askings}
    assert len(said) + len(asked) == len({say(language, sentence) for sentence in (*said, *asked)})
    assert all(say(language, sentence).endswith(grammar(language).question_mark) for sentence in asked)
    assert all(say(language, sentence).endswith(grammar(language).stop) for sentence in said)
    for sentence in said:
        found = grammar(language).render(sentence)
        persons = {found.text[span.start : span.end] for span in found.spans(Mark.PERSON)}
        objects = {found.text[span.start : span.end] for span in found.spans(Mark.OBJECT)}
        assert "Talmi" in persons
        assert persons.isdisjoint(objects)


@pytest.mark.parametrize("language", LANGUAGES[1:])
def test_parallel_sentences_say_the_same(language: str) -> None:
    named = 0
    for english, foreign in parallel(language, lines=200):
        names = {word.strip(".?") for word in english.split()[1:] if word[0].isupper()}
        assert all(name in foreign for name in names)
        named += bool(names)
        assert english.endswith("?") == foreign.endswith(grammar(language).question_mark)
    assert named > 100
