from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tasks.errors import DataError
from tasks.rows import SentencePair
from tasks.types import task_type
from tasks.types.base import HeadKind, Limits

PAIR = task_type("sentence_pair")
LABELS = ["entailment", "neutral", "contradiction"]


def row(
    index: int, label: str | None, text_a: str = "the cat sat", text_b: str = "a cat sat", unit: str = "0"
) -> SentencePair:
    return SentencePair(id=str(index), unit=unit, text_a=text_a, text_b=text_b, label=label)


def test_rows_become_inputs_with_label_indices(wordpiece: Any) -> None:
    encoded = PAIR.encode([row(0, "neutral"), row(1, None)], wordpiece, Limits(max_length=16), LABELS)
    assert HeadKind.SEQUENCE == PAIR.head
    assert [1, None] == [feature.target for feature in encoded.features]
    ids = wordpiece("the cat sat", "a cat sat")
    assert (tuple(ids["input_ids"]),) == encoded.features[0].input_ids
    assert (tuple(ids["token_type_ids"]),) == encoded.features[0].token_type_ids


def test_segment_ids_are_left_out_where_the_tokenizer_has_none(byte_bpe: Any) -> None:
    assert PAIR.encode([row(0, None)], byte_bpe, Limits(max_length=32), LABELS).features[0].token_type_ids is None


def test_long_rows_are_cut_and_counted(tokenizer: Any) -> None:
    rows = [row(0, None), row(1, None, text_a="the cat sat " * 20)]
    encoded = PAIR.encode(rows, tokenizer, Limits(max_length=20), LABELS)
    assert 1 == encoded.report.truncated
    assert 20 == len(encoded.features[1].input_ids[0])


def test_an_unknown_label_is_refused_with_the_nearest(wordpiece: Any) -> None:
    with pytest.raises(DataError, match=r"row 7: unknown label 'contradict'.*did you mean 'contradiction'"):
        PAIR.encode([row(7, "contradict")], wordpiece, Limits(max_length=16), LABELS)


def test_the_highest_logit_is_the_prediction(wordpiece: Any) -> None:
    rows = [row(0, None), row(1, None)]
    features = PAIR.encode(rows, wordpiece, Limits(max_length=16), LABELS).features
    logits = [np.array([0.1, 0.2, 0.9]), np.array([0.5, 0.2, 0.5])]
    expected = ["contradiction", "entailment"]
    assert expected == PAIR.decode(rows, features, logits, LABELS, Limits(max_length=16), metric="accuracy")


def test_accuracy_with_counts_per_premise() -> None:
    references = [row(0, "neutral"), row(1, "entailment"), row(2, "neutral", unit="1"), row(3, "neutral", unit="0")]
    score = PAIR.score(references, ["neutral"] * 4, metric="accuracy", language="en")
    assert 0.75 == score.value
    assert {"accuracy": 0.75} == score.metrics
    assert {"0": (2.0, 3.0), "1": (1.0, 1.0)} == score.units
    assert ("correct", "rows") == score.unit_columns


def test_scoring_needs_references_with_labels() -> None:
    with pytest.raises(DataError, match="row 0: a reference without its label"):
        PAIR.score([row(0, None)], ["neutral"], metric="accuracy", language="en")


def test_the_baseline_is_the_majority_with_ties_in_label_order() -> None:
    train = [row(0, "contradiction"), row(1, "neutral"), row(2, "contradiction"), row(3, "neutral"), row(4, None)]
    assert ["neutral"] * 2 == PAIR.baseline(train, train[:2], LABELS, metric="accuracy")


def test_prediction_files_are_xtremes(tmp_path: Path) -> None:
    """XTREME takes every line without its white space for one label."""
    path = tmp_path / "test-en.tsv"
    rows = [row(0, "neutral"), row(1, "entailment")]
    PAIR.write_predictions(path, rows, ["neutral", "contradiction"])
    with path.open() as file:
        assert ["neutral", "contradiction"] == [line.strip() for line in file]
    assert ["neutral", "contradiction"] == PAIR.read_predictions(path, rows)


@pytest.mark.parametrize(
    ("message", "content"),
    [
        ("line 1: 1 predictions for 2 references", b"neutral\n"),
        ("line 3: 3 predictions for 2 references", b"neutral\nneutral\nneutral\n"),
        ("line 1: empty prediction", b"\nneutral\n"),
        ("line 2: byte 0xff is not UTF-8", b"neutral\n\xff\n"),
    ],
)
def test_broken_prediction_files_are_refused(tmp_path: Path, message: str, content: bytes) -> None:
    path = tmp_path / "test-en.tsv"
    path.write_bytes(content)
    with pytest.raises(DataError, match=message):
        PAIR.read_predictions(path, [row(0, "neutral"), row(1, "neutral")])


def test_a_byte_order_mark_and_windows_line_ends_are_read(tmp_path: Path) -> None:
    path = tmp_path / "test-en.tsv"
    path.write_bytes(b"\xef\xbb\xbfneutral\r\nentailment")
    assert ["neutral", "entailment"] == PAIR.read_predictions(path, [row(0, "neutral"), row(1, "neutral")])
