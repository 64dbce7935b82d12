from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tasks.errors import DataError
from tasks.rows import TaggedSentence
from tasks.types import task_type
from tasks.types.base import HeadKind, Limits

TAGGING = task_type("token_tagging")
UPOS = ["DET", "NOUN", "VERB"]


def row(words: str, tags: str | None, index: int = 0) -> TaggedSentence:
    found = None if tags is None else tuple(tags.split())
    return TaggedSentence(id=str(index), unit=str(index), tokens=tuple(words.split(" ")), tags=found)


def test_words_are_placed_at_their_first_piece(wordpiece: Any) -> None:
    """The pieces are [CLS] the cat ##s sat [SEP]."""
    encoded = TAGGING.encode([row("the cats sat", "DET NOUN VERB")], wordpiece, Limits(max_length=16), UPOS)
    assert HeadKind.TOKEN == TAGGING.head
    (feature,) = encoded.features
    assert (1, 2, 4) == feature.word_starts
    assert (0, 1, 2) == feature.target
    assert (0,) * 6 == feature.token_type_ids[0]


def test_pieces_agree_with_splitting_into_words(wordpiece: Any) -> None:
    sentence = row("the cats, sat on a mat-house", None)
    (feature,) = TAGGING.encode([sentence], wordpiece, Limits(max_length=32), UPOS).features
    own = wordpiece([list(sentence.tokens)], is_split_into_words=True)
    assert own["input_ids"] == [list(feature.input_ids[0])]
    positions = own.encodings[0].word_ids
    assert [positions.index(word) for word in range(len(sentence.tokens))] == list(feature.word_starts)


def test_byte_level_words_are_cut_as_in_running_text(byte_bpe: Any) -> None:
    """Every word carries the space before it, or it would be read as the tail of the word before."""
    (feature,) = TAGGING.encode([row("the cat sat", None)], byte_bpe, Limits(max_length=16), UPOS).features
    assert byte_bpe(" the cat sat")["input_ids"] == list(feature.input_ids[0])
    lengths = [len(byte_bpe(word, add_special_tokens=False)["input_ids"]) for word in (" the", " cat")]
    assert (1, 1 + lengths[0], 1 + sum(lengths)) == feature.word_starts


def test_a_long_sentence_is_windowed_and_no_word_is_lost(wordpiece: Any) -> None:
    """Room for four of six pieces: windows of words 0 to 3 and 2 to 5; words 2 and 3 have equal context in both."""
    rows = [row("the cat sat on the mat", "DET NOUN VERB VERB DET NOUN"), row("the cat", "DET NOUN", 1)]
    limits = Limits(max_length=6)
    encoded = TAGGING.encode(rows, wordpiece, limits, UPOS)

    assert [0, 0, 1] == [feature.row for feature in encoded.features]
    assert [6, 6, 4] == [len(feature.input_ids[0]) for feature in encoded.features]
    assert [(0, 1, 2), (2, 0, 1), (0, 1)] == [feature.target for feature in encoded.features]
    assert [(1, 2, 3), (2, 3, 4), (1, 2)] == [feature.word_starts for feature in encoded.features]
    assert (1, 0) == (encoded.report.windowed, encoded.report.truncated)
    assert 1 == encoded.report.to_json()["windowed"]
    logits = [np.eye(3)[list(feature.target)] for feature in encoded.features]
    found = TAGGING.decode(rows, encoded.features, logits, UPOS, limits, metric="seqeval_f1")
    assert [sentence.tags for sentence in rows] == found


def test_windows_do_not_touch_sentences_that_fit(wordpiece: Any) -> None:
    sentence = row("the cats sat", "DET NOUN VERB")
    short, long = (TAGGING.encode([sentence], wordpiece, Limits(max_length=size), UPOS) for size in (6, 32))
    assert short.features == long.features
    assert "windowed" not in short.report.to_json()


def test_only_a_word_longer_than_an_input_loses_its_end(wordpiece: Any) -> None:
    """The pieces of "catss" are cat ##s ##s, the room is two: it stands alone, at its first piece."""
    encoded = TAGGING.encode([row("the catss sat", "DET NOUN VERB")], wordpiece, Limits(max_length=4), UPOS)
    assert [(0,), (1,), (2,)] == [feature.target for feature in encoded.features]
    assert [(1,)] * 3 == [feature.word_starts for feature in encoded.features]
    assert [3, 4, 3] == [len(feature.input_ids[0]) for feature in encoded.features]
    assert (1, 1) == (encoded.report.windowed, encoded.report.truncated)


def test_a_sentence_without_words_has_an_input_and_no_tags(wordpiece: Any) -> None:
    empty = TaggedSentence(id="0", unit="0", tokens=(), tags=())
    encoded = TAGGING.encode([empty], wordpiece, Limits(max_length=8), UPOS)
    assert [()] == [feature.target for feature in encoded.features]
    logits = [np.zeros((0, 3))]
    assert [()] == TAGGING.decode([empty], encoded.features, logits, UPOS, Limits(max_length=8), metric="seqeval_f1")


def test_a_word_without_pieces_stands_as_unknown(wordpiece: Any) -> None:
    """A lone zero-width space leaves nothing after BERT's clean-up; XTREME's tagger put [UNK] there, so do we."""
    sentence = TaggedSentence(id="0", unit="0", tokens=("the", "\u200b", "cat"), tags=("DET", "NOUN", "VERB"))
    (feature,) = TAGGING.encode([sentence], wordpiece, Limits(max_length=16), UPOS).features
    assert wordpiece.unk_token_id == feature.input_ids[0][2]
    assert (1, 2, 3) == feature.word_starts
    assert (0, 1, 2) == feature.target


def test_a_word_without_pieces_has_a_stand_in_without_an_unknown_token_too(bare_bpe: Any) -> None:
    sentence = TaggedSentence(id="0", unit="0", tokens=("", "cat"), tags=("DET", "NOUN"))
    (feature,) = TAGGING.encode([sentence], bare_bpe, Limits(max_length=16), UPOS).features
    assert 2 == len(feature.word_starts)
    assert (0, 1) == feature.target


def test_an_unknown_tag_is_refused(wordpiece: Any) -> None:
    with pytest.raises(DataError, match=r"row 0: unknown label 'NOUNS'.*'NOUN'"):
        TAGGING.encode([row("the cat", "DET NOUNS")], wordpiece, Limits(max_length=16), UPOS)


def test_score_counts_chunks_per_sentence() -> None:
    references = [row("a b c", "B-PER I-PER O"), row("d e", "B-PER O", 1)]
    predictions = [("B-PER", "I-PER", "B-PER"), ("O", "O")]
    score = TAGGING.score(references, predictions, metric="seqeval_f1", language="en")
    assert ("tp", "predicted", "gold") == score.unit_columns
    assert {"0": (1.0, 2.0, 1.0), "1": (0.0, 0.0, 1.0)} == score.units
    shares = {"f1": 0.5, "precision": 0.5, "recall": 0.5, "f1_seqeval_1_2_2": 0.5, "token_accuracy": 0.6}
    assert shares == score.metrics
    assert 0.5 == score.value


def test_the_later_f1_stands_beside_the_score_and_is_not_it() -> None:
    """To version 1.2.2 of seqeval, which drops first letters, SCONJ and CCONJ are one type."""
    score = TAGGING.score([row("a b", "SCONJ X")], [("CCONJ", "X")], metric="seqeval_f1", language="en")
    assert (0.5, 1.0) == (score.metrics["f1"], score.metrics["f1_seqeval_1_2_2"])
    assert 0.5 == score.value


def test_unequal_lengths_are_refused() -> None:
    with pytest.raises(DataError, match="row 0: 1 tags for 2 in the reference"):
        TAGGING.score([row("a b", "O O")], [("O",)], metric="seqeval_f1", language="en")


def test_the_baseline_knows_words_by_their_usual_tag() -> None:
    """Here "cat" is a noun twice and a verb once, "sat" once of each (the first label wins), "who" was never seen."""
    train = [row("the cat sat", "DET NOUN VERB"), row("cat cat sat", "VERB NOUN NOUN", 1)]
    found = TAGGING.baseline(train, [row("the cat sat who", None)], UPOS, metric="seqeval_f1")
    assert [("DET", "NOUN", "NOUN", "NOUN")] == found


def test_prediction_files_are_xtremes(tmp_path: Path) -> None:
    """XTREME closes a sentence at each blank line."""
    path = tmp_path / "test-en.tsv"
    rows = [row("a b", "O O"), row("c", "O", 1)]
    tags = [("O", "B-PER"), ("O",)]
    TAGGING.write_predictions(path, rows, tags)
    assert "O\nB-PER\n\nO\n\n" == path.read_text()
    assert tags == TAGGING.read_predictions(path, rows)
    path.write_text("O\r\nB-PER\r\n\r\nO")
    assert tags == TAGGING.read_predictions(path, rows)


@pytest.mark.parametrize(
    ("message", "content"),
    [
        ("1 tagged sentences for 2 references", "O\nO\n\n"),
        ("3 tagged sentences for 2 references", "O\nO\n\nO\n\n\n"),
        ("line 2: the sentence that ends here has 1 tags, its reference 2", "O\n\nO\n\n"),
        ("line 4: the sentence that ends here has 0 tags, its reference 1", "O\nO\n\n\n"),
    ],
)
def test_broken_prediction_files_are_refused(tmp_path: Path, message: str, content: str) -> None:
    path = tmp_path / "test-en.tsv"
    path.write_text(content)
    with pytest.raises(DataError, match=message):
        TAGGING.read_predictions(path, [row("a b", "O O"), row("c", "O", 1)])
