from pathlib import Path

import pytest

from tasks.errors import DataError, UserError
from tasks.rows import SentencePair
from tasks.types import TYPES, task_type
from tasks.types.base import Limits


def test_every_type_is_found_by_its_name() -> None:
    names = {"sentence_pair", "multiple_choice", "span_qa", "token_tagging", "sentence_retrieval", "bitext_mining"}
    assert names == set(TYPES)
    assert all(task_type(name).name == name for name in names)


def test_an_unknown_type_names_the_nearest() -> None:
    with pytest.raises(UserError, match=r"unknown task type 'sentence_pairs'.*did you mean 'sentence_pair'"):
        task_type("sentence_pairs")


@pytest.mark.parametrize("name", sorted(TYPES))
def test_an_unknown_metric_is_refused_with_the_known_ones(name: str) -> None:
    chosen = task_type(name)
    for call in (
        lambda: chosen.score([], [], metric="bleu", language="en"),
        lambda: chosen.baseline([], [], [], metric="bleu"),
    ):
        with pytest.raises(UserError, match="unknown metric 'bleu'; use one of"):
            call()


@pytest.mark.parametrize("name", sorted(TYPES))
def test_nothing_cannot_be_scored(name: str) -> None:
    metric = {"span_qa": "squad", "token_tagging": "seqeval_f1", "bitext_mining": "f1"}.get(name, "accuracy")
    with pytest.raises(DataError, match="no references"):
        task_type(name).score([], [], metric=metric, language="en")


@pytest.mark.parametrize("name", sorted(TYPES))
def test_no_rows_make_no_inputs(name: str, wordpiece: object) -> None:
    encoded = task_type(name).encode([], wordpiece, Limits(max_length=16), ["a"])
    assert [] == encoded.features
    assert {"rows": 0, "words": 0, "pieces": 0, "unknown": 0, "truncated": 0} == encoded.report.to_json()


def test_a_missing_prediction_file_is_named(tmp_path: Path) -> None:
    rows = [SentencePair(id="0", unit="0", text_a="", text_b="", label="a")]
    with pytest.raises(DataError, match="no such prediction file") as caught:
        task_type("sentence_pair").read_predictions(tmp_path / "test-en.tsv", rows)
    assert str(tmp_path / "test-en.tsv") == caught.value.where
