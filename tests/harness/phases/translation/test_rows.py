"""Rows put together from translated sentences: answers found again, and rows that are lost."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from harness.phases.translation.rows import Lost, texts, translated
from harness.phases.translation.sentences import sentences
from tasks.rows import Answer, MultipleChoice, Row, SentencePair, SpanQuestion, TaggedSentence

CONTEXT = "Ann lives in Rome. Bob met Ann in 1955, and Ann left."
GERMAN = {
    "Ann lives in Rome.": "Ann wohnt in Rom.",
    "Bob met Ann in 1955, and Ann left.": "Bob traf 1955 Ann, und Ann ging.",
    "Who?": "Wer?",
    "Ann": "Ann.",
    "Rome": "rom",
    "1955": "im Jahre 1955",
    "Bob met": "Bob traf",
    "left": "verliess",
}


def question(text: str, start: int, context: str = CONTEXT) -> SpanQuestion:
    assert text == context[start : start + len(text)]
    return SpanQuestion(id="q", unit="p", context=context, question="Who?", answers=(Answer(text=text, start=start),))


def german(row: Row, table: Mapping[str, str] = GERMAN, language: str = "de") -> Row:
    return translated(row, language, sentences, table)


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("Ann", "Ann"),  # without the full stop that the model has put there
        ("Rome", "Rom"),  # in another case of letters
        ("1955", "1955"),  # as it was in English
        ("Bob met", "Bob traf"),
    ],
)
def test_answers_are_found_where_their_sentence_is_translated(text: str, answer: str) -> None:
    found = german(question(text, CONTEXT.index(text)))

    assert isinstance(found, SpanQuestion)
    assert "Ann wohnt in Rom. Bob traf 1955 Ann, und Ann ging." == found.context
    assert (Answer(text=answer, start=found.context.index(answer)),) == found.answers
    assert ("q", "p", "Wer?") == (found.id, found.unit, found.question)


def test_of_two_places_in_a_sentence_the_nearer_one_counts() -> None:
    first, second = CONTEXT.index("Ann", 20), CONTEXT.rindex("Ann")
    whole = german(question("Ann", first)), german(question("Ann", second))

    places = [row.answers[0].start for row in whole if isinstance(row, SpanQuestion) and row.answers]
    text = "Ann wohnt in Rom. Bob traf 1955 Ann, und Ann ging."
    assert [text.index("Ann", 5), text.rindex("Ann")] == places


def test_a_row_whose_answer_is_not_in_the_translation_is_lost() -> None:
    with pytest.raises(Lost, match="answer_lost"):
        german(question("left", CONTEXT.index("left")))


def test_no_answer_is_found_inside_a_word_where_words_have_gaps() -> None:
    row = SpanQuestion(id="q", unit="p", context="He ran.", question="Who?", answers=(Answer(text="ran", start=3),))
    inside = {"He ran.": "Er umrandete.", "Who?": "Wer?", "ran": "rand"}

    with pytest.raises(Lost, match="answer_lost"):
        german(row, inside)
    assert german(row, inside, "zh") == SpanQuestion(
        id="q", unit="p", context="Er umrandete.", question="Wer?", answers=(Answer(text="rand", start=5),)
    )


def test_a_question_without_an_answer_stays_one() -> None:
    row = SpanQuestion(id="q", unit="p", context="Ann lives in Rome.", question="Who?", answers=())

    found = german(row)

    assert isinstance(found, SpanQuestion)
    assert () == found.answers


def test_the_white_space_between_sentences_stays_but_in_languages_without_any() -> None:
    row = SentencePair(id="1", unit="1", text_a="Yes.  No.", text_b=" A\nB ", label="neutral")
    table = {"Yes.": "是。", "No.": "不。", "A": "甲", "B": "乙"}

    chinese, other = german(row, table, "zh"), german(row, table, "ko")

    assert isinstance(chinese, SentencePair)
    assert isinstance(other, SentencePair)
    assert ("是。不。", " 甲\n乙 ", "neutral") == (chinese.text_a, chinese.text_b, chinese.label)
    assert "是。  不。" == other.text_a


def test_choices_that_become_alike_and_empty_translations_lose_a_row() -> None:
    row = MultipleChoice(id="1", unit="1", prompt="", choices=("big", "large", ""), label=1)

    with pytest.raises(Lost, match="choices_alike"):
        german(row, {"big": "gross", "large": "gross"})
    with pytest.raises(Lost, match="empty"):
        german(row, {"big": "gross", "large": " "})
    kept = german(row, {"big": "gross", "large": "weit"})
    assert kept == MultipleChoice(id="1", unit="1", prompt="", choices=("gross", "weit", ""), label=1)


def test_tagged_words_are_never_translated() -> None:
    with pytest.raises(TypeError, match="TaggedSentence"):
        texts(TaggedSentence(id="1", unit="1", tokens=("a",)))
