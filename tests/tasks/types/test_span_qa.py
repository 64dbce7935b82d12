import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tasks.errors import DataError, UserError
from tasks.rows import Answer, SpanQuestion
from tasks.types import task_type
from tasks.types.base import Encoded, HeadKind, Limits
from tasks.types.span_qa import first_sentence

QA = task_type("span_qa")
CONTEXT = "the cat sat on a mat. the dog ran away from it."


def row(
    answer: str | None = "on a mat", index: int = 0, context: str = CONTEXT, question: str = "where sat the cat"
) -> SpanQuestion:
    answers = None if answer is None else (Answer(text=answer, start=context.index(answer)),) if answer else ()
    return SpanQuestion(id=f"q{index}", unit="p", context=context, question=question, answers=answers)


def certain(encoded: Encoded) -> list[np.ndarray]:
    """Logits of a head that has learnt every target."""
    logits = []
    for feature in encoded.features:
        scores = np.zeros((len(feature.input_ids[0]), 2))
        start, end = feature.target
        scores[start, 0] = scores[end, 1] = 5.0
        logits.append(scores)
    return logits


def decoded(rows: list[SpanQuestion], encoded: Encoded, limits: Limits, metric: str = "squad") -> list[str]:
    return QA.decode(rows, encoded.features, certain(encoded), [], limits, metric=metric)


@pytest.mark.parametrize("length", [20, 28, 96])
@pytest.mark.parametrize("answer", ["on a mat", "the cat", "away from it", "dog"])
def test_what_is_learnt_is_answered(tokenizer: Any, length: int, answer: str) -> None:
    """The answer goes to piece positions and back to characters, with one window or many, with any tokenizer."""
    limits = Limits(max_length=length, doc_stride=4, max_query_length=6)
    encoded = QA.encode([row(answer)], tokenizer, limits, [])
    assert [answer] == decoded([row(answer)], encoded, limits)


def test_the_question_comes_first_and_is_cut(wordpiece: Any) -> None:
    limits = Limits(max_length=64, max_query_length=2)
    encoded = QA.encode([row()], wordpiece, limits, [])
    (feature,) = encoded.features
    assert HeadKind.SPAN == QA.head
    assert tuple(wordpiece("where sat", CONTEXT)["input_ids"]) == feature.input_ids[0]
    assert 4 == feature.context_start
    assert (0, 3) == feature.offsets[0]
    assert 1 == encoded.report.truncated


def test_a_long_context_makes_windows_and_is_not_truncated(wordpiece: Any) -> None:
    """Fourteen context pieces, room for six, a window every four; only the second window holds all of the answer."""
    limits = Limits(max_length=13, doc_stride=4)
    encoded = QA.encode([row("the dog")], wordpiece, limits, [])
    assert 0 == encoded.report.truncated
    assert [6, 6, 6] == [len(feature.offsets) for feature in encoded.features]
    assert [(0, 0), (9, 10), (0, 0)] == [feature.target for feature in encoded.features]


def test_targets_need_answers(wordpiece: Any) -> None:
    """No answers known: no target. Known to have none: the first piece."""
    limits = Limits(max_length=64)
    targets = [feature.target for feature in QA.encode([row(None), row("")], wordpiece, limits, []).features]
    assert [None, (0, 0)] == targets


def test_only_squad_v2_may_answer_nothing(wordpiece: Any) -> None:
    limits = Limits(max_length=64)
    encoded = QA.encode([row("")], wordpiece, limits, [])
    assert [""] == decoded([row("")], encoded, limits, "squad_v2")
    assert "" not in decoded([row("")], encoded, limits, "squad")


def test_squad_v2_answers_where_a_span_scores_as_high_as_none(wordpiece: Any) -> None:
    limits = Limits(max_length=64)
    encoded = QA.encode([row("dog")], wordpiece, limits, [])
    logits = certain(encoded)
    logits[0][0] = 5.0
    assert ["dog"] == QA.decode([row("dog")], encoded.features, logits, [], limits, metric="squad_v2")


def test_an_empty_context_is_answered_with_nothing(wordpiece: Any) -> None:
    empty = SpanQuestion(id="q", unit="p", context="", question="who", answers=None)
    limits = Limits(max_length=64)
    features = QA.encode([empty], wordpiece, limits, []).features
    logits = [np.zeros((len(feature.input_ids[0]), 2)) for feature in features]
    assert [""] == QA.decode([empty], features, logits, [], limits, metric="squad")


def test_a_question_that_leaves_no_room_is_refused(wordpiece: Any) -> None:
    with pytest.raises(UserError, match="leaves no room for the context beside 4 question pieces"):
        QA.encode([row()], wordpiece, Limits(max_length=7), [])


def test_score_is_the_mean_of_exact_match_and_f1() -> None:
    references = [row("on a mat", 0), row("dog", 1)]
    score = QA.score(references, ["on a mat.", "the red dog"], metric="squad", language="en")
    assert {"exact_match": 0.5, "f1": pytest.approx((1 + 2 / 3) / 2)} == score.metrics
    assert pytest.approx((0.5 + 5 / 6) / 2) == score.value
    assert ("exact_match", "f1", "rows") == score.unit_columns
    assert {"p": (1.0, pytest.approx(5 / 3), 2.0)} == score.units


def test_mlqa_scores_by_language() -> None:
    reference = SpanQuestion(
        id="q", unit="p", context="der Turm", question="was", answers=(Answer(text="Turm", start=4),)
    )
    assert 1.0 == QA.score([reference], ["der Turm"], metric="mlqa", language="de").value
    assert 1.0 > QA.score([reference], ["der Turm"], metric="mlqa", language="en").value


def test_references_without_an_answer_need_squad_v2() -> None:
    with pytest.raises(DataError, match="row q0: a reference without an answer, which squad needs"):
        QA.score([row("")], [""], metric="squad", language="en")
    assert 1.0 == QA.score([row("")], [""], metric="squad_v2", language="en").value
    with pytest.raises(DataError, match="without an answer"):
        QA.score([row(None)], [""], metric="squad_v2", language="en")


@pytest.mark.parametrize(
    ("sentence", "context"),
    [
        ("the cat sat on a mat", CONTEXT),
        ("It cost 2.5 m", "It cost 2.5 m. Then more."),
        ("北京是首都", "北京是首都\u3002上海不是\u3002"),
        ("first line", "  first line\nsecond"),
        ("no end", "no end"),
        ("", ""),
    ],
)
def test_first_sentence(sentence: str, context: str) -> None:
    assert sentence == first_sentence(context)


def test_baseline_is_the_first_sentence_or_nothing() -> None:
    assert ["the cat sat on a mat"] == QA.baseline([row()], [row(None)], [], metric="squad")
    assert [""] == QA.baseline([row("", 1), row("", 2), row()], [row(None)], [], metric="squad_v2")


def test_prediction_files_are_xtremes(tmp_path: Path) -> None:
    path = tmp_path / "test-th.json"
    rows = [row("dog", 1), row("mat", 0)]
    QA.write_predictions(path, rows, ["ไทย", 'a "b"'])
    assert {"q0": 'a "b"', "q1": "ไทย"} == json.loads(path.read_text(encoding="utf-8"))
    assert ["ไทย", 'a "b"'] == QA.read_predictions(path, rows)


@pytest.mark.parametrize(
    ("message", "content"),
    [
        ("no answer for 1 question ids, the first 'q1'", '{"q0": "a"}'),
        ("an answer for unknown 1 question ids, the first 'q9'", '{"q0": "a", "q1": "b", "q9": "c"}'),
        ("the answer to 'q1' is not a string", '{"q0": "a", "q1": 1}'),
        ("line 2: not JSON", '{"q0": "a",\n'),
        ("not a JSON object", "[]"),
    ],
)
def test_broken_prediction_files_are_refused(tmp_path: Path, message: str, content: str) -> None:
    path = tmp_path / "test-en.json"
    path.write_text(content)
    with pytest.raises(DataError, match=message):
        QA.read_predictions(path, [row("dog", 0), row("mat", 1)])


def test_repeated_ids_cannot_be_written(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="ids repeat"):
        QA.write_predictions(tmp_path / "test-en.json", [row(), row()], ["a", "b"])


def test_reference_records_are_enough_to_score() -> None:
    bare = SpanQuestion.from_reference(row("dog").reference())
    assert ("", "") == (bare.context, bare.question)
    assert 1.0 == QA.score([bare], ["dog"], metric="squad", language="en").value
