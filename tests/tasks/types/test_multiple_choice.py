from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tasks.errors import DataError
from tasks.rows import MultipleChoice
from tasks.types import task_type
from tasks.types.base import HeadKind, Limits
from tasks.types.multiple_choice import fit

CHOICE = task_type("multiple_choice")
ROW = MultipleChoice(id="q", unit="q", prompt="where is the cat", choices=("mat", "red house", "dog"), label=1)


def test_one_input_holds_every_choice(wordpiece: Any) -> None:
    encoded = CHOICE.encode([ROW], wordpiece, Limits(max_length=16), [])
    assert HeadKind.CHOICE == CHOICE.head
    (feature,) = encoded.features
    expected = [wordpiece(ROW.prompt, choice) for choice in ROW.choices]
    assert tuple(tuple(each["input_ids"]) for each in expected) == feature.input_ids
    assert tuple(tuple(each["token_type_ids"]) for each in expected) == feature.token_type_ids
    assert 1 == feature.target


@pytest.mark.parametrize(
    ("kept", "room"),
    [(([1, 2, 3, 4], [8, 9]), 6), (([3, 4], [8, 9]), 4), (([], [8, 9]), 2), (([], [8]), 1)],
)
def test_the_prompt_gives_way_from_its_left(kept: tuple[list[int], list[int]], room: int) -> None:
    assert kept == fit([1, 2, 3, 4], [8, 9], room)


def test_rows_that_do_not_fit_are_counted_once(wordpiece: Any) -> None:
    """Ten pieces: three special tokens, four of the prompt, at most two of a choice; only the shorter limit cuts."""
    assert 0 == CHOICE.encode([ROW], wordpiece, Limits(max_length=9), []).report.truncated
    encoded = CHOICE.encode([ROW], wordpiece, Limits(max_length=8), [])
    assert 1 == encoded.report.truncated
    assert [8, 8, 8] == [len(ids) for ids in encoded.features[0].input_ids]
    whole = wordpiece("is the cat", "red house")["input_ids"]
    assert tuple(whole) == encoded.features[0].input_ids[1]


def test_the_highest_choice_is_the_prediction(wordpiece: Any) -> None:
    features = CHOICE.encode([ROW], wordpiece, Limits(max_length=16), []).features
    logits = [np.array([0.0, 1.0, 2.0])]
    assert [2] == CHOICE.decode([ROW], features, logits, [], Limits(max_length=16), metric="accuracy")


def test_accuracy_and_baseline() -> None:
    assert [0] == CHOICE.baseline([], [ROW], [], metric="accuracy")
    assert 0.0 == CHOICE.score([ROW], [0], metric="accuracy", language="en").value
    score = CHOICE.score([ROW], [1], metric="accuracy", language="en")
    assert (1.0, {"q": (1.0, 1.0)}) == (score.value, score.units)


def test_predictions_come_back_from_their_file(tmp_path: Path) -> None:
    path = tmp_path / "test-en.tsv"
    CHOICE.write_predictions(path, [ROW, ROW], [2, 0])
    assert "2\n0\n" == path.read_text()
    assert [2, 0] == CHOICE.read_predictions(path, [ROW, ROW])
    assert [2, 0] == CHOICE.read_predictions(path, [MultipleChoice.from_reference(ROW.reference())] * 2)


@pytest.mark.parametrize("content", ["3", "-1", "one", "1.0"])
def test_what_is_no_choice_is_refused(tmp_path: Path, content: str) -> None:
    path = tmp_path / "test-en.tsv"
    path.write_text(f"0\n{content}\n")
    with pytest.raises(DataError, match=r"line 2: .* is not an index from 0 to 2"):
        CHOICE.read_predictions(path, [ROW, ROW])
