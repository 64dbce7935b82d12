"""Where English text is cut into sentences."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.phases.translation.sentences import sentences


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("", []),
        ("  \n ", []),
        ("One. Two! Three?", ["One.", "Two!", "Three?"]),
        (" He said 'No.' She did not. ", ["He said 'No.'", "She did not."]),
        (
            "Dr. Smith of the U.S. Army met J. K. Rowling. He left.",
            ["Dr. Smith of the U.S. Army met J. K. Rowling.", "He left."],
        ),
        ("It cost 3.5 million. e.g. this one", ["It cost 3.5 million. e.g. this one"]),
        ("A title\nA sentence (in 1990.) 5 more.", ["A title", "A sentence (in 1990.)", "5 more."]),
    ],
)
def test_a_text_is_cut_where_sentences_end(text: str, parts: list[str]) -> None:
    assert parts == [text[start:end] for start, end in sentences(text)]


def test_a_sentence_that_is_too_long_is_cut_between_words() -> None:
    text = "one two three four five six"

    found = [text[start:end] for start, end in sentences(text, lambda part: len(part.split()) <= 2)]

    assert text.split() == " ".join(found).split()
    assert all(len(part.split()) <= 2 for part in found)
    assert ["x" * 50] == [("x" * 50)[start:end] for start, end in sentences("x" * 50, lambda _: False)]


@given(st.text(alphabet="aB .!?\n\"'(2\u2019"), st.integers(1, 9))
def test_nothing_but_white_space_is_left_out_whatever_the_text(text: str, most: int) -> None:
    spans = sentences(text, lambda part: len(part) <= most)

    ends = [0, *(end for _, end in spans)]
    starts = [*(start for start, _ in spans), len(text)]
    assert all(not text[end:start].strip() and end <= start for end, start in zip(ends, starts, strict=True))
