from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.errors import DataError, UserError
from tasks.rows import BitextSentence
from tasks.types import task_type
from tasks.types.base import Limits
from tasks.types.bitext_mining import Pair, gold_pairs

quick = settings(deadline=None, max_examples=60)  # a busy machine must not fail a test
MINING = task_type("bitext_mining")
GOLD: set[Pair] = {("de-1", "en-2"), ("de-2", "en-1"), ("de-4", "en-3"), ("de-4", "en-4")}


def rows(gold: set[Pair] = GOLD, count: int = 5, per_unit: int = 1) -> list[BitextSentence]:
    """``count`` sentences a side; ``per_unit`` German ones share a unit."""
    found = []
    for side, code, own in (("foreign", "de", 0), ("english", "en", 1)):
        for number in range(1, count + 1):
            name = f"{code}-{number}"
            partners = tuple(sorted(pair[1 - own] for pair in gold if pair[own] == name))
            unit = f"{code}-unit-{number // per_unit}"
            found.append(BitextSentence(id=name, unit=unit, side=side, text=f"text {name}", partners=partners))
    return found


def test_every_sentence_is_an_input_of_its_own(wordpiece: Any) -> None:
    sentences = rows()
    encoded = MINING.encode(sentences, wordpiece, Limits(max_length=16), [])
    assert list(range(10)) == [feature.row for feature in encoded.features]
    assert encoded == task_type("sentence_retrieval").encode(sentences, wordpiece, Limits(max_length=16), [])


def test_there_is_no_head_to_decode() -> None:
    assert MINING.head is None
    with pytest.raises(UserError, match="bitext mining has no head to decode; run the retrieve phase"):
        MINING.decode([], [], [], [], Limits(max_length=5), metric="f1")


def test_f1_between_sets_of_pairs() -> None:
    """Two of three mined pairs are among the four gold ones; the order and repeats do not matter."""
    mined = [("de-4", "en-4"), ("de-3", "en-2"), ("de-1", "en-2"), ("de-4", "en-4")]
    score = MINING.score(rows(), mined, metric="f1", language="de")
    assert pytest.approx({"f1": 4 / 7, "precision": 2 / 3, "recall": 2 / 4}) == score.metrics
    assert score.value == score.metrics["f1"]
    assert 5 == score.rows
    assert ("tp", "predicted", "gold") == score.unit_columns
    assert {
        "de-unit-1": (1.0, 1.0, 1.0),
        "de-unit-2": (0.0, 0.0, 1.0),
        "de-unit-3": (0.0, 1.0, 0.0),
        "de-unit-4": (1.0, 1.0, 2.0),
        "de-unit-5": (0.0, 0.0, 0.0),
    } == score.units


names = st.integers(1, 6)
pair_sets = st.sets(st.tuples(names.map("de-{}".format), names.map("en-{}".format)), max_size=12)


@quick
@given(pair_sets.filter(bool), pair_sets, st.integers(1, 3))
def test_units_sum_to_the_metrics(gold: set[Pair], mined: set[Pair], per_unit: int) -> None:
    score = MINING.score(rows(gold, 6, per_unit), sorted(mined), metric="f1", language="de")
    tp, predicted, wanted = map(sum, zip(*score.units.values(), strict=True))
    assert (len(gold & mined), len(mined), len(gold)) == (tp, predicted, wanted)
    assert pytest.approx(2 * tp / (predicted + wanted)) == score.value
    assert pytest.approx(tp / predicted if predicted else 0.0) == score.metrics["precision"]
    assert pytest.approx(tp / wanted) == score.metrics["recall"]


def test_reference_records_are_enough_to_score() -> None:
    bare = [BitextSentence.from_reference(row.reference()) for row in rows()]
    assert GOLD == gold_pairs(bare)
    assert 1.0 == MINING.score(bare, sorted(GOLD), metric="f1", language="de").value


def test_the_baseline_mines_nothing_and_scores_zero() -> None:
    mined = MINING.baseline([], rows(), [], metric="f1")
    score = MINING.score(rows(), mined, metric="f1", language="de")
    assert ([], {"f1": 0.0, "precision": 0.0, "recall": 0.0}) == (mined, score.metrics)


def test_prediction_files_are_xtremes(tmp_path: Path) -> None:
    """Foreign id, tab, English id; the order is the one given, not that of the ids."""
    path = tmp_path / "test-de.tsv"
    mined = [("de-4", "en-3"), ("de-1", "en-2")]
    MINING.write_predictions(path, rows(), mined)
    assert b"de-4\ten-3\nde-1\ten-2\n" == path.read_bytes()
    assert mined == MINING.read_predictions(path, rows())


def test_an_empty_file_holds_no_pair(tmp_path: Path) -> None:
    path = tmp_path / "test-de.tsv"
    MINING.write_predictions(path, rows(), [])
    assert b"" == path.read_bytes()
    assert [] == MINING.read_predictions(path, rows())


def test_a_repeated_line_counts_once(tmp_path: Path) -> None:
    path = tmp_path / "test-de.tsv"
    path.write_text("de-4\ten-3\nde-1\ten-2\nde-4\ten-3\n")
    assert [("de-4", "en-3"), ("de-1", "en-2")] == MINING.read_predictions(path, rows())


@pytest.mark.parametrize(
    ("message", "content"),
    [
        (r"test-de\.tsv, line 2: there is no English sentence 'en-9'", "de-1\ten-1\nde-1\ten-9\n"),
        (r"test-de\.tsv, line 1: there is no foreign sentence 'de-6'", "de-6\ten-1\n"),
        (r"line 1: there is no foreign sentence 'en-1'; the foreign id comes first", "en-1\tde-1\n"),
        (r"line 1: 'de-1 en-1' is not a pair; write foreign id, tab, English id", "de-1 en-1\n"),
        (r"line 2: '' is not a pair", "de-1\ten-1\n\nde-2\ten-2\n"),
        (r"line 1: .* is not a pair", "de-1\ten-1\t1.07\n"),
    ],
)
def test_broken_prediction_files_are_refused(tmp_path: Path, message: str, content: str) -> None:
    path = tmp_path / "test-de.tsv"
    path.write_text(content)
    with pytest.raises(DataError, match=message):
        MINING.read_predictions(path, rows())


def test_pairs_of_unknown_sentences_are_neither_written_nor_scored(tmp_path: Path) -> None:
    mined = [("de-1", "de-2")]
    for call in (
        lambda: MINING.write_predictions(tmp_path / "test-de.tsv", rows(), mined),
        lambda: MINING.score(rows(), mined, metric="f1", language="de"),
    ):
        with pytest.raises(DataError, match="there is no English sentence 'de-2'"):
            call()
    assert [] == list(tmp_path.iterdir())


def changed(name: str, partners: tuple[str, ...] | None) -> list[BitextSentence]:
    return [
        BitextSentence(**{**row.to_json(), "partners": partners if row.id == name else row.partners}) for row in rows()
    ]


@pytest.mark.parametrize(
    ("message", "references"),
    [
        ("row en-5: the partners of this sentence are not known", changed("en-5", None)),
        ("row de-1: its partner 'en-2' is not there, or does not name it", changed("en-2", ())),
        ("row en-1: its partner 'de-2' is not there, or does not name it", changed("de-2", ())),
        ("row de-5: its partner 'en-9' is not there, or does not name it", changed("de-5", ("en-9",))),
        ("none of the 10 sentences has a translation", rows(set())),
    ],
)
def test_references_that_cannot_be_scored(message: str, references: list[BitextSentence]) -> None:
    with pytest.raises(DataError, match=message):
        MINING.score(references, [], metric="f1", language="de")
