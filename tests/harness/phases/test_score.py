"""Scoring: what stands beside the headline, under which names."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from harness.phases import score
from tasks.errors import DataError
from tasks.rows import Answer, BitextSentence, SpanQuestion, write_json_lines

TASK = {"name": "tatoeba", "type": "sentence_retrieval", "labels": [], "metric": "accuracy"}


def write_answers(out: Path, folder: str, indices: Sequence[int]) -> None:
    path = out / folder / "tatoeba" / "test-xx.tsv"
    path.parent.mkdir(parents=True)
    path.write_text("".join(f"{index}\n" for index in indices))


@pytest.fixture
def labels(tmp_path: Path) -> Path:
    """Four foreign sentences, of which the last two are translations of English sentences in the other order."""
    order = (0, 1, 3, 2)
    rows = [
        BitextSentence(id=f"{side}-{n}", unit=str(n), side=side, text="", partners=(f"{other}-{order[n]}",))
        for side, other in (("foreign", "english"), ("english", "foreign"))
        for n in range(4)
    ]
    folder = tmp_path / "labels"
    folder.mkdir()
    write_json_lines(folder / "test-xx.jsonl", (row.reference() for row in rows))
    return folder


def test_variants_are_metrics_beside_the_headline(run_stage: Callable[..., Path], tmp_path: Path, labels: Path) -> None:
    answers = tmp_path / "answers"
    write_answers(answers, "predictions", [0, 1, 3, 0])
    write_answers(answers, "variants/strict", [-1, 1, 3, 0])
    write_answers(answers, "variants/foreign_to_english", [0, 0, 0, 2])
    write_answers(answers, "variants/paper", [0, 1, 3, 2])
    params: dict[str, Any] = {"kind": "predictions", "task": TASK, "languages": ["xx"]}
    out = run_stage(score, params, {"predictions": answers, "labels": labels})
    result = json.loads((out / "result.json").read_text())

    assert 0.75 == result["score"] == result["languages"]["xx"]["score"]
    assert {
        "accuracy": 0.75,
        "accuracy_strict": 0.5,
        "accuracy_foreign_to_english": 0.5,
        "accuracy_paper": 1.0,
    } == result["languages"]["xx"]["metrics"]
    # What is resampled is the headline.
    assert {"0": [1, 1], "1": [1, 1], "2": [1, 1], "3": [0, 1]} == json.loads((out / "units.json").read_text())[
        "languages"
    ]["xx"]


def test_a_variant_that_lacks_a_language_is_refused(
    run_stage: Callable[..., Path], tmp_path: Path, labels: Path
) -> None:
    answers = tmp_path / "answers"
    write_answers(answers, "predictions", [0, 1, 3, 2])
    (answers / "variants" / "strict").mkdir(parents=True)
    params: dict[str, Any] = {"kind": "predictions", "task": TASK, "languages": ["xx"]}

    with pytest.raises(DataError, match=r"variants/strict/tatoeba/test-xx\.tsv: no such prediction file"):
        run_stage(score, params, {"predictions": answers, "labels": labels})


def test_units_are_joined_over_languages_where_only_some_questions_are_in_several(
    run_stage: Callable[..., Path], tmp_path: Path
) -> None:
    """MLQA: English paragraph 1 and German paragraph 0 ask the same question; the others are each language's own."""
    paragraphs = {"en": {"q1": "0", "q2": "1", "q3": "1"}, "de": {"q2": "0", "q9": "1"}}
    answers = tmp_path / "answers" / "predictions" / "mlqa"
    for folder in (answers, tmp_path / "labels"):
        folder.mkdir(parents=True)
    gold = (Answer(text="right", start=0),)
    for language, units in paragraphs.items():
        rows = [SpanQuestion(id=name, unit=unit, context="", question="", answers=gold) for name, unit in units.items()]
        write_json_lines(tmp_path / "labels" / f"test-{language}.jsonl", (row.reference() for row in rows))
        given = {name: "right" if name in ("q2", "q9") else "" for name in units}
        (answers / f"test-{language}.json").write_text(json.dumps(given))
    params: dict[str, Any] = {
        "kind": "predictions",
        "task": {"name": "mlqa", "type": "span_qa", "labels": [], "metric": "mlqa"},
        "languages": ["en", "de"],
        "joint_units": True,
    }
    out = run_stage(score, params, {"predictions": tmp_path / "answers", "labels": tmp_path / "labels"})

    assert {
        "en": {"en/0": [0, 0, 1], "en/1": [1, 1, 2]},
        "de": {"en/1": [1, 1, 1], "de/1": [1, 1, 1]},
    } == json.loads((out / "units.json").read_text())["languages"]
    result = json.loads((out / "result.json").read_text())["languages"]
    assert {"en": (1 / 3, 2), "de": (1.0, 2)} == {name: (one["score"], one["units"]) for name, one in result.items()}
