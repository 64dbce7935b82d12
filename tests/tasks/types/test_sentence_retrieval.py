from pathlib import Path
from typing import Any

import pytest

from tasks.errors import DataError, UserError
from tasks.rows import BitextSentence
from tasks.types import task_type
from tasks.types.base import Limits
from tasks.types.sentence_retrieval import NO_ANSWER
from tasks.types.sentences import english_rows, foreign_rows, turned

RETRIEVAL = task_type("sentence_retrieval")
TEXTS = (("die Katze", "the cat"), ("der Hund", "the dog"), ("wer", "who"))


def rows() -> list[BitextSentence]:
    found = []
    for index, (foreign, english) in enumerate(TEXTS):
        for side, other, text in (("foreign", "english", foreign), ("english", "foreign", english)):
            partner = (f"{other}-{index}",)
            found.append(BitextSentence(id=f"{side}-{index}", unit=str(index), side=side, text=text, partners=partner))
    return found


def test_every_sentence_is_an_input_of_its_own(wordpiece: Any) -> None:
    encoded = RETRIEVAL.encode(rows(), wordpiece, Limits(max_length=5), [])
    assert RETRIEVAL.head is None
    assert list(range(6)) == [feature.row for feature in encoded.features]
    assert tuple(wordpiece("the cat")["input_ids"]) == encoded.features[1].input_ids[0]
    assert 2 == encoded.report.truncated  # "Katze" and "Hund" fall to letters
    assert all(feature.target is None for feature in encoded.features)


def test_there_is_no_head_to_decode() -> None:
    with pytest.raises(UserError, match="no head to decode; run the retrieve phase"):
        RETRIEVAL.decode([], [], [], [], Limits(max_length=5), metric="accuracy")


def test_accuracy_from_english_with_one_unit_a_pair() -> None:
    score = RETRIEVAL.score(rows(), [0, 2, 2], metric="accuracy", language="de")
    assert pytest.approx(2 / 3) == score.value
    assert 3 == score.rows
    assert {"0": (1.0, 1.0), "1": (0.0, 1.0), "2": (1.0, 1.0)} == score.units


def test_an_index_is_a_place_among_the_foreign_rows() -> None:
    """Where they stand in another order, numbers of pairs and places differ."""
    score = RETRIEVAL.score(rows()[::-1], [1, 0, 2], metric="accuracy", language="de")
    assert {"2": (0.0, 1.0), "1": (0.0, 1.0), "0": (1.0, 1.0)} == score.units


def test_reference_records_are_enough_to_score() -> None:
    bare = [BitextSentence.from_reference(row.reference()) for row in rows()]
    assert ["english-0", "english-1", "english-2"] == [row.id for row in english_rows(bare)]
    assert ["foreign-0", "foreign-1", "foreign-2"] == [row.id for row in foreign_rows(bare)]
    assert 1.0 == RETRIEVAL.score(bare, [0, 1, 2], metric="accuracy", language="de").value


def test_an_english_sentence_needs_a_translation_to_be_scored() -> None:
    lone = [BitextSentence(id="en-1", unit="1", side="english", text="who", partners=())]
    with pytest.raises(DataError, match="row en-1: an English sentence without a translation"):
        RETRIEVAL.score(lone, [0], metric="accuracy", language="de")


def test_the_baseline_always_finds_the_first() -> None:
    assert [0, 0, 0] == RETRIEVAL.baseline([], rows(), [], metric="accuracy")


def test_no_answer_is_never_right(tmp_path: Path) -> None:
    path = tmp_path / "test-de.tsv"
    RETRIEVAL.write_predictions(path, rows(), [2, NO_ANSWER, 1])
    predictions = RETRIEVAL.read_predictions(path, rows())

    assert [2, NO_ANSWER, 1] == predictions
    right = [[row.id for row in foreign_rows(rows())].index(row.partners[0]) for row in english_rows(rows())]
    assert 1.0 == RETRIEVAL.score(rows(), right, metric="accuracy", language="de").value
    right[1] = NO_ANSWER
    assert 2 / 3 == RETRIEVAL.score(rows(), right, metric="accuracy", language="de").value


def test_turned_rows_ask_in_the_other_direction() -> None:
    back = turned(rows())
    assert [row.id for row in english_rows(rows())] == [row.id for row in foreign_rows(back)]
    right = [[row.id for row in foreign_rows(back)].index(row.partners[0]) for row in english_rows(back)]
    assert 1.0 == RETRIEVAL.score(back, right, metric="accuracy", language="de").value
    assert rows() == turned(back)


def test_prediction_files_are_xtremes(tmp_path: Path) -> None:
    path = tmp_path / "test-de.tsv"
    RETRIEVAL.write_predictions(path, rows(), [2, 0, 1])
    assert "2\n0\n1\n" == path.read_text()
    assert [2, 0, 1] == RETRIEVAL.read_predictions(path, rows())


@pytest.mark.parametrize(
    ("message", "content"),
    [
        ("line 2: 2 predictions for 3 references", "0\n1\n"),
        ("line 2: '-2' is not an index", "0\n-2\n1\n"),
        ("line 2: '1-' is not an index", "0\n1-\n1\n"),
        ("line 3: '3' is not an index from -1 to 2", "0\n1\n3\n"),
    ],
)
def test_broken_prediction_files_are_refused(tmp_path: Path, message: str, content: str) -> None:
    path = tmp_path / "test-de.tsv"
    path.write_text(content)
    with pytest.raises(DataError, match=message):
        RETRIEVAL.read_predictions(path, rows())
