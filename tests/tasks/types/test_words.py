import pytest

from tasks.types.pieces import count_words


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (3, "the cat  sat."),
        (0, " \n"),
        (4, "北京大学"),
        (3, "2010年 x"),
        (6, "カタカナの語"),
        (5, "ภาษาไ"),
        (2, "한국어 문장"),
        (2, "नई दिल्ली"),
    ],
)
def test_words_are_counted_by_space_or_by_character(count: int, text: str) -> None:
    assert count == count_words(text)
