from typing import Any

import pytest

from tasks.errors import UserError
from tasks.types.base import EncodingReport, Limits
from tasks.types.pieces import layout_of, longest_first, report_on, tokenize

PAIRS = [("the cat sat on the mat", "a dog ran"), ("", "who"), ("cat " * 9, "dog " * 9), ("a", "cat " * 30)]


@pytest.mark.parametrize("first", range(8))
@pytest.mark.parametrize("second", range(8))
def test_longest_first_takes_from_the_longer_text(first: int, second: int) -> None:
    """Until all fits, the longer text loses its last piece; of equal ones the first text does."""
    kept_first, kept_second = first, second
    while kept_first + kept_second > 5:
        if kept_first >= kept_second:
            kept_first -= 1
        else:
            kept_second -= 1
    kept = longest_first(first, second, 5)
    assert 5 >= sum(kept)
    assert sorted((kept_first, kept_second)) == sorted(kept)


@pytest.mark.parametrize("length", [8, 11, 16, 64])
def test_pairs_are_put_together_as_the_tokenizer_does(tokenizer: Any, length: int) -> None:
    """Special tokens, segment ids and longest-first truncation agree with the tokenizer's own."""
    layout = layout_of(tokenizer, 2, Limits(max_length=length))
    pieces = tokenize(tokenizer, (text for pair in PAIRS for text in pair))
    for first, second in PAIRS:
        expected = tokenizer(first, second, truncation="longest_first", max_length=length)
        a, b = pieces[first].ids, pieces[second].ids
        kept_a, kept_b = longest_first(len(a), len(b), layout.room)
        assert expected["input_ids"] == list(layout.ids(a[:kept_a], b[:kept_b]))
        segments = layout.segment_ids(a[:kept_a], b[:kept_b])
        assert expected.get("token_type_ids") == (None if segments is None else list(segments))


def test_single_texts_are_put_together_as_the_tokenizer_does(tokenizer: Any) -> None:
    layout = layout_of(tokenizer, 1, Limits(max_length=64))
    text = "the cat sat"
    assert tokenizer(text)["input_ids"] == list(layout.ids(tokenize(tokenizer, [text])[text].ids))


def test_prefix_pieces_stand_after_the_first_special_token(byte_bpe: Any, bare_bpe: Any) -> None:
    limits = Limits(max_length=16, prefix=(4, 2))
    assert (0, 4, 2, 9, 2) == layout_of(byte_bpe, 1, limits).ids([9])
    assert (0, 4, 2, 9, 2, 2, 8, 2) == layout_of(byte_bpe, 2, limits).ids([9], [8])
    assert (4, 2, 9) == layout_of(bare_bpe, 1, limits).ids([9])
    assert 16 - 4 - 2 == layout_of(byte_bpe, 2, limits).room


def test_prefix_pieces_take_the_first_segment(wordpiece: Any) -> None:
    layout = layout_of(wordpiece, 2, Limits(max_length=16, prefix=(4,)))
    assert (2, 4, 9, 3, 8, 3) == layout.ids([9], [8])
    assert (0, 0, 0, 0, 1, 1) == layout.segment_ids([9], [8])


def test_a_limit_without_room_for_text_is_refused(wordpiece: Any) -> None:
    with pytest.raises(UserError, match="max_length 3 leaves no room for text beside 3 special tokens"):
        layout_of(wordpiece, 2, Limits(max_length=3))


def test_the_report_counts_words_pieces_and_unknown(wordpiece: Any) -> None:
    """Here "cats" is two pieces, the Chinese characters are two words and two unknown pieces."""
    pieces = tokenize(wordpiece, ["the cats", "中国"])
    report = report_on([("the cats", "中国"), ("the cats", "the cats")], pieces)
    counts = {"rows": 2, "words": 8, "pieces": 11, "unknown": 2, "truncated": 0}
    assert counts == report.to_json()
    assert {**counts, "unknown_rate": 2 / 11, "fertility": 11 / 8, "truncation_rate": 0.0} == report.with_rates()


def test_a_rate_of_nothing_is_left_out() -> None:
    assert {"truncation_rate"} == EncodingReport(rows=1).with_rates().keys() - EncodingReport().to_json().keys()


def test_byte_pieces_are_never_unknown(byte_bpe: Any) -> None:
    pieces = tokenize(byte_bpe, ["中国"])
    assert (6, 0) == (len(pieces["中国"].ids), pieces["中国"].unknown)


def test_offsets_leave_out_the_space_before_a_word(byte_bpe: Any) -> None:
    text = "the cat"
    assert [(0, 3), (4, 7)] == tokenize(byte_bpe, [text], offsets=True)[text].offsets
