"""Prediction reads no answer, refuses a head that does not fit, and gives the same bytes for the same rows."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from harness.phases import finetune, predict
from harness.training.model import Model
from tasks.errors import DataError, UserError
from tasks.rows import write_json_lines
from tasks.types import task_type

Inputs = dict[str, Path]


@pytest.fixture(scope="module")
def tuned(run_stage: Any, tiny: Path, toy_artifact: Any, toy: Any) -> dict[str, Path]:
    """A fine-tuned checkpoint for each kind of task."""
    hyper = {**toy.hyper, "epochs": 8.0, "learning_rate": 5e-3}
    return {
        kind: run_stage(
            finetune, {"task": toy.task(kind), "hyper": hyper}, {"checkpoint": tiny, "rows:toy": toy_artifact(kind)}
        )
        for kind in toy.kinds
    }


def unanswered(folder: Path, toy: Any, kind: str) -> Path:
    """Unanswered rows in two languages."""
    for language, seed in (("en", 3), ("de", 4)):
        write_json_lines(folder / f"test-{language}.jsonl", (row.inputs() for row in toy.rows(kind, 12, seed)))
    return folder


@pytest.mark.parametrize("kind", ["sentence_pair", "multiple_choice", "token_tagging", "span_qa"])
def test_every_language_is_answered(tuned: Inputs, run_stage: Any, tmp_path: Path, toy: Any, kind: str) -> None:
    """Read back by the task's type, the predictions are right; a second run writes the same bytes."""
    inputs = {"checkpoint": tuned[kind], "inputs": unanswered(tmp_path, toy, kind)}
    params = {"task": toy.task(kind, name="target-task"), "languages": ["de", "en"]}
    out = run_stage(predict, params, inputs)

    suffix = task_type(kind).suffix
    for language, seed in (("en", 3), ("de", 4)):
        references = toy.rows(kind, 12, seed)
        file = out / "predictions" / "target-task" / f"test-{language}.{suffix}"
        predictions = task_type(kind).read_predictions(file, references)
        score = task_type(kind).score(references, predictions, metric=params["task"]["metric"], language=language)
        assert 1.0 == score.value
    encoding = json.loads((out / "encoding.json").read_text())
    assert ["de", "en"] == list(encoding)
    assert 12 == encoding["en"]["rows"]
    assert {"unknown_rate", "fertility", "truncation_rate"} < encoding["de"].keys()
    assert encoding["de"]["fertility"] == encoding["de"]["pieces"] / encoding["de"]["words"]
    assert toy.files(out) == toy.files(run_stage(predict, params, inputs, seed=77))


def test_what_is_equal_in_two_languages_passes_once_and_is_answered_alike(
    tuned: Inputs, run_stage: Any, tmp_path: Path, toy: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All languages go through the model together, longest first, whatever language they are in."""
    rows = {"en": toy.rows("sentence_pair", 12, 3), "de": toy.rows("sentence_pair", 12, 4)}
    rows["de"][2:8] = rows["en"][2:8]  # under ids of their own, as parallel rows have
    for language, some in rows.items():
        records = ({**row.inputs(), "id": f"{language}-{n}"} for n, row in enumerate(some))
        write_json_lines(tmp_path / f"test-{language}.jsonl", records)
    inputs = {"checkpoint": tuned["sentence_pair"], "inputs": tmp_path}
    lengths: list[int] = []
    hidden = Model.hidden
    monkeypatch.setattr(Model, "hidden", lambda self, batch: lengths.extend(batch.lengths) or hidden(self, batch))
    together = run_stage(predict, {"task": toy.task("sentence_pair"), "languages": ["en", "de"]}, inputs)

    distinct = len({(row.text_a, row.text_b) for some in rows.values() for row in some})
    assert distinct <= 18
    assert distinct == len(lengths)
    assert lengths == sorted(lengths, reverse=True)
    details = json.loads((together / "details.json").read_text())
    assert {"max_length": 24, "inputs": 24, "distinct_inputs": distinct} == details
    answers = {name: (together / f"predictions/toy/test-{name}.tsv").read_text().splitlines() for name in rows}
    assert answers["en"][2:8] == answers["de"][2:8]
    for language in rows:
        alone = run_stage(predict, {"task": toy.task("sentence_pair"), "languages": [language]}, inputs)
        assert answers[language] == (alone / f"predictions/toy/test-{language}.tsv").read_text().splitlines()


def test_words_of_a_long_sentence_are_tagged_by_what_they_are(tuned: Inputs, run_stage: Any, tmp_path: Path) -> None:
    """A sentence four times as long as an input, with a number far beyond where the first input ends."""
    from tasks.rows import TaggedSentence

    tokens = ("river", "stone", "cloud", "green") * 16 + ("seven", "stone")
    row = TaggedSentence(id="0", unit="0", tokens=tokens)
    write_json_lines(tmp_path / "test-en.jsonl", [row.inputs()])
    task = {"name": "toy", "type": "token_tagging", "labels": ["X", "NUM"], "metric": "seqeval_f1", "max_length": 16}
    out = run_stage(
        predict, {"task": task, "languages": ["en"]}, {"checkpoint": tuned["token_tagging"], "inputs": tmp_path}
    )

    assert (["X"] * 64 + ["NUM", "X", ""]) == (out / "predictions/toy/test-en.tsv").read_text().splitlines()
    encoding = json.loads((out / "encoding.json").read_text())["en"]
    assert (0, 1) == (encoding["truncated"], encoding["windowed"])


def test_an_answer_among_the_inputs_is_refused(tuned: Inputs, run_stage: Any, tmp_path: Path, toy: Any) -> None:
    rows = [row.inputs() for row in toy.rows("sentence_pair", 3)]
    rows[1]["label"] = "same"
    write_json_lines(tmp_path / "test-en.jsonl", rows)
    with pytest.raises(DataError, match=r"test-en.jsonl, line 2: a test row holds its answer"):
        run_stage(
            predict,
            {"task": toy.task("sentence_pair"), "languages": ["en"]},
            {"checkpoint": tuned["sentence_pair"], "inputs": tmp_path},
        )


@pytest.mark.parametrize(
    ("kind", "changes", "message"),
    [
        ("sentence_pair", {"labels": ["other", "same"]}, r"trained with labels \['same', 'other'\]"),
        ("multiple_choice", {}, "a sequence head cannot answer rows that need a choice head"),
    ],
)
def test_a_head_that_does_not_fit_is_refused(
    tuned: Inputs, run_stage: Any, tmp_path: Path, toy: Any, kind: str, changes: dict[str, Any], message: str
) -> None:
    inputs = {"checkpoint": tuned["sentence_pair"], "inputs": unanswered(tmp_path, toy, kind)}
    with pytest.raises(UserError, match=message):
        run_stage(predict, {"task": toy.task(kind, **changes), "languages": ["en"]}, inputs)


def test_a_checkpoint_without_a_head_is_refused(tiny: Path, run_stage: Any, tmp_path: Path, toy: Any) -> None:
    inputs = {"checkpoint": tiny, "inputs": unanswered(tmp_path, toy, "sentence_pair")}
    with pytest.raises(UserError, match=r"no head 'target' \(it has none\)"):
        run_stage(predict, {"task": toy.task("sentence_pair"), "languages": ["en"]}, inputs)


def test_a_missing_encoder_tensor_is_an_error(tuned: Inputs, run_stage: Any, tmp_path: Path, toy: Any) -> None:
    """Nothing is filled in with random numbers."""
    from safetensors.torch import load_file, save_file

    broken = tmp_path / "broken"
    shutil.copytree(tuned["sentence_pair"], broken)
    weights = load_file(broken / "encoder/model.safetensors")
    del weights["encoder.layer.1.output.dense.weight"]
    save_file(weights, broken / "encoder/model.safetensors")
    rows = tmp_path / "rows"
    rows.mkdir()
    inputs = {"checkpoint": broken, "inputs": unanswered(rows, toy, "sentence_pair")}
    with pytest.raises(DataError, match=r"1 tensors of the encoder are missing: encoder.layer.1.output.dense.weight"):
        run_stage(predict, {"task": toy.task("sentence_pair"), "languages": ["en"]}, inputs)


@pytest.mark.parametrize("content", [None, ""])
def test_missing_or_empty_rows_are_named(
    tuned: Inputs, run_stage: Any, tmp_path: Path, toy: Any, content: str | None
) -> None:
    if content is not None:
        (tmp_path / "test-sw.jsonl").write_text(content)
    with pytest.raises(DataError, match=r"test-sw.jsonl"):
        run_stage(
            predict,
            {"task": toy.task("sentence_pair"), "languages": ["sw"]},
            {"checkpoint": tuned["sentence_pair"], "inputs": tmp_path},
        )


def test_no_answer_is_given_by_the_threshold_that_validation_chose(
    tiny: Path, run_stage: Any, tmp_path: Path, toy: Any
) -> None:
    """Half of the questions have no answer; the threshold goes with the head, is recorded, and decides."""
    rows = toy.rows("span_qa", 24, 1)
    rows = [replace(row, answers=()) if number % 2 else row for number, row in enumerate(rows)]
    (tmp_path / "rows").mkdir()
    for split in ("train", "validation"):
        write_json_lines(tmp_path / "rows" / f"{split}.jsonl", (row.to_json() for row in rows))
    task = {**toy.task("span_qa"), "metric": "squad_v2"}
    params = {"task": task, "hyper": {**toy.hyper, "max_steps": 6, "evaluate_every": 2}}
    checkpoint = run_stage(finetune, params, {"checkpoint": tiny, "rows:toy": tmp_path / "rows"})
    head = json.loads((checkpoint / "heads" / "target.json").read_text())
    record = json.loads((checkpoint / "training.json").read_text())
    kept = next(entry for entry in record["evaluations"] if entry["step"] == record["best_step"])
    chosen = kept["validation"]["target"]["no_answer"]
    assert head["no_answer_threshold"] == chosen["threshold"]
    assert chosen["f1"] >= kept["validation"]["target"]["metrics"]["f1"]

    # The very rows of the validation, now to be answered: they score what the record says.
    write_json_lines(tmp_path / "test-en.jsonl", (row.inputs() for row in rows))
    wanted = {"task": task, "languages": ["en"]}
    out = run_stage(predict, wanted, {"checkpoint": checkpoint, "inputs": tmp_path})
    file = "predictions/toy/test-en.json"
    score = task_type("span_qa").score(
        rows, task_type("span_qa").read_predictions(out / file, rows), metric="squad_v2", language="en"
    )
    assert {name: chosen[name] for name in ("exact_match", "f1")} == pytest.approx(score.metrics)
    assert chosen["threshold"] == json.loads((out / "details.json").read_text())["no_answer_threshold"]

    changed = tmp_path / "changed"
    shutil.copytree(checkpoint, changed)
    for threshold, unanswered_rows in ((1e6, 0), (-1e6, 24)):
        (changed / "heads" / "target.json").write_text(json.dumps({**head, "no_answer_threshold": threshold}))
        out = run_stage(predict, wanted, {"checkpoint": changed, "inputs": tmp_path})
        assert unanswered_rows == list(json.loads((out / file).read_text()).values()).count("")


def test_other_heads_have_no_threshold(tuned: Inputs) -> None:
    assert {"kind", "labels"} == json.loads((tuned["span_qa"] / "heads" / "target.json").read_text()).keys()
