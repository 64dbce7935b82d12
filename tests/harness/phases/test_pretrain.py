"""Further masked language modelling: exact budgets, a head that stays, and learning."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from safetensors.torch import load_file

from harness.phases import finetune, pretrain
from tasks.errors import DataError, UserError
from tasks.rows import write_json_lines


def params(toy: Any, **changes: Any) -> dict[str, Any]:
    return {"steps": 4, "batch_size": 8, "block_length": 16, "mask_probability": 0.15, "hyper": toy.hyper, **changes}


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_a_pattern_is_learned_within_the_budget(
    run_stage: Any, tiny: Path, tmp_path: Path, toy: Any, precision: str
) -> None:
    """On a corpus that is one sentence over and over, the loss falls far below that of guessing."""
    sentence = "where is it north river green"
    write_json_lines(tmp_path / "text.jsonl", ({"id": str(n), "text": sentence} for n in range(40)))
    out = run_stage(pretrain, params(toy, steps=80), {"checkpoint": tiny, "corpus": tmp_path}, precision=precision)

    record = json.loads((out / "training.json").read_text())
    assert 80 * 8 * 16 == record["pieces"]
    assert record["passes"] == 80 * 8 / record["corpus_blocks"]
    assert record["passes"] > 1
    assert "fresh" == record["mlm_head"]
    assert record["loss_curve"][-1][1] < 0.3 * record["loss_curve"][0][1]


def test_documents_of_several_languages_are_read_as_there_is_text_of_each(
    run_stage: Any, tiny: Path, tmp_path: Path, toy: Any
) -> None:
    (tmp_path / "texts").mkdir()
    for language in ("go", "ruby"):
        texts = ({"id": str(n), "text": "where is it north river green"} for n in range(90))
        write_json_lines(tmp_path / f"texts/{language}.jsonl", texts)
    (tmp_path / "languages.json").write_text(json.dumps({"go": 300, "ruby": 100}))

    out = run_stage(pretrain, params(toy), {"checkpoint": tiny, "corpus": tmp_path})

    found = json.loads((out / "training.json").read_text())["languages"]
    assert {"go": 24, "ruby": 8} == {language: facts["drawn"] for language, facts in found.items()}


def test_the_head_is_carried_on_and_fine_tuning_leaves_it(
    run_stage: Any, tiny: Path, corpus: Path, toy_artifact: Any, toy: Any
) -> None:
    first = run_stage(pretrain, params(toy), {"checkpoint": tiny, "corpus": corpus})
    second = run_stage(pretrain, params(toy), {"checkpoint": first, "corpus": corpus})
    tuned = run_stage(
        finetune,
        {"task": toy.task("sentence_pair"), "hyper": {**toy.hyper, "max_steps": 1}},
        {"checkpoint": second, "rows:toy": toy_artifact("sentence_pair", train=8, validation=4)},
    )

    assert "checkpoint" == json.loads((second / "training.json").read_text())["mlm_head"]
    head = load_file(first / "mlm_head.safetensors")
    assert {"dense.weight", "dense.bias", "layer_norm.weight", "layer_norm.bias", "bias"} == set(head)
    assert not (tuned / "mlm_head.safetensors").exists()


def test_two_runs_give_the_same_bytes(run_stage: Any, tiny_roberta: Path, corpus: Path, toy: Any) -> None:
    inputs = {"checkpoint": tiny_roberta, "corpus": corpus}

    assert toy.files(run_stage(pretrain, params(toy), inputs)) == toy.files(run_stage(pretrain, params(toy), inputs))


def test_too_small_a_corpus_or_too_long_blocks_are_refused(
    run_stage: Any, tiny: Path, corpus: Path, tmp_path: Path, toy: Any
) -> None:
    write_json_lines(tmp_path / "text.jsonl", [{"id": "1", "text": "north"}])
    with pytest.raises(DataError, match="fewer than one block"):
        run_stage(pretrain, params(toy), {"checkpoint": tiny, "corpus": tmp_path})
    with pytest.raises(UserError, match="blocks of 64 pieces exceed the backbone's 48"):
        run_stage(pretrain, params(toy, block_length=64), {"checkpoint": tiny, "corpus": corpus})
