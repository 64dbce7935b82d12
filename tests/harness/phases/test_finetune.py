"""Fine-tuning learns what can be learned, keeps the best epoch, and depends on nothing but its stage."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from harness.errors import Diverged
from harness.phases import finetune, intermediate
from tasks.errors import DataError, UserError
from tasks.rows import write_json_lines

KINDS = ("sentence_pair", "multiple_choice", "token_tagging", "span_qa")


def training_of(out: Path) -> dict[str, Any]:
    record: dict[str, Any] = json.loads((out / "training.json").read_text())
    return record


@pytest.mark.parametrize("kind", KINDS)
def test_a_trivial_task_is_learned(run_stage: Any, tiny: Path, toy_artifact: Any, toy: Any, kind: str) -> None:
    """The loss falls and every validation row is answered rightly."""
    rows = toy_artifact(kind)
    hyper = {**toy.hyper, "epochs": 8.0, "learning_rate": 5e-3}
    out = run_stage(finetune, {"task": toy.task(kind), "hyper": hyper}, {"checkpoint": tiny, "rows:toy": rows})

    record = training_of(out)
    assert record["loss_curve"][0][1] > 2 * record["loss_curve"][-1][1]
    assert 1.0 == max(epoch["value"] for epoch in record["evaluations"])
    assert 8 == record["effective_batch"]
    assert 8 * record["steps"] == record["tasks"]["target"]["inputs_drawn"]
    facts = json.loads((out / "heads" / "target.json").read_text())
    assert toy.task(kind)["labels"] == facts["labels"]


def test_a_byte_level_roberta_learns_too(run_stage: Any, tiny_roberta: Path, toy_artifact: Any, toy: Any) -> None:
    rows = toy_artifact("token_tagging")
    hyper = {**toy.hyper, "epochs": 8.0, "learning_rate": 5e-3}
    params = {"task": toy.task("token_tagging"), "hyper": hyper}
    out = run_stage(finetune, params, {"checkpoint": tiny_roberta, "rows:toy": rows})

    assert 1.0 == max(epoch["value"] for epoch in training_of(out)["evaluations"])


def test_the_result_does_not_depend_on_what_ran_before(run_stage: Any, tiny: Path, toy_artifact: Any, toy: Any) -> None:
    """Twice in one process, with another stage and a disturbed state of torch in between: the same bytes."""
    rows, other = toy_artifact("sentence_pair", train=24), toy_artifact("span_qa", train=16, validation=4)
    params = {"task": toy.task("sentence_pair"), "hyper": {**toy.hyper, "epochs": 1.0}}
    inputs = {"checkpoint": tiny, "rows:toy": rows}
    first = run_stage(finetune, params, inputs)
    run_stage(
        intermediate,
        {"tasks": [toy.task("span_qa")], "hyper": {**toy.hyper, "max_steps": 2}},
        {"checkpoint": tiny, "rows:toy": other},
        seed=9,
    )
    torch.rand(7)
    torch.set_grad_enabled(False)
    torch.use_deterministic_algorithms(False)
    second = run_stage(finetune, params, inputs)

    assert toy.files(first) == toy.files(second)


def test_another_seed_gives_other_weights(run_stage: Any, tiny: Path, toy_artifact: Any, toy: Any) -> None:
    rows = toy_artifact("sentence_pair", train=16, validation=4)
    params = {"task": toy.task("sentence_pair"), "hyper": {**toy.hyper, "max_steps": 1}}
    inputs = {"checkpoint": tiny, "rows:toy": rows}
    one, two = (run_stage(finetune, params, inputs, seed=seed) for seed in (1, 2))

    assert (one / "encoder/model.safetensors").read_bytes() != (two / "encoder/model.safetensors").read_bytes()
    assert (one / "encoder/config.json").read_bytes() == (tiny / "encoder/config.json").read_bytes()


def test_fresh_heads_leave_an_intermediate_checkpoint_s_heads_behind(
    run_stage: Any, tiny: Path, toy_artifact: Any, toy: Any
) -> None:
    rows = toy_artifact("sentence_pair", train=16, validation=4)
    hyper = {**toy.hyper, "max_steps": 1}
    middle = run_stage(
        intermediate, {"tasks": [toy.task("sentence_pair")], "hyper": hyper}, {"checkpoint": tiny, "rows:toy": rows}
    )
    params = {"task": toy.task("sentence_pair"), "hyper": hyper}
    out = run_stage(finetune, params, {"checkpoint": middle, "rows:toy": rows})

    assert ["toy.json", "toy.safetensors"] == sorted(file.name for file in (middle / "heads").iterdir())
    assert ["target.json", "target.safetensors"] == sorted(file.name for file in (out / "heads").iterdir())


def test_a_divergence_names_its_step(run_stage: Any, tiny: Path, toy_artifact: Any, toy: Any) -> None:
    rows = toy_artifact("sentence_pair", train=16, validation=4)
    params = {"task": toy.task("sentence_pair"), "hyper": {**toy.hyper, "learning_rate": 1e30, "warmup_fraction": 0.0}}
    with pytest.raises(Diverged, match=r"at step \d+; lower the learning rate") as caught:
        run_stage(finetune, params, {"checkpoint": tiny, "rows:toy": rows})

    assert caught.value.step > 1
    assert not isinstance(caught.value, UserError)


@pytest.mark.parametrize("split", ["train", "validation"])
def test_empty_or_missing_rows_are_named(run_stage: Any, tiny: Path, toy_artifact: Any, toy: Any, split: str) -> None:
    params = {"task": toy.task("sentence_pair"), "hyper": toy.hyper}
    rows = toy_artifact("sentence_pair", train=4, validation=4)
    (rows / f"{split}.jsonl").write_text("")
    with pytest.raises(DataError, match=rf"toy, {split}.jsonl: there are no rows"):
        run_stage(finetune, params, {"checkpoint": tiny, "rows:toy": rows})
    (rows / f"{split}.jsonl").unlink()
    with pytest.raises(DataError, match=rf"toy, {split}.jsonl: the rows are missing"):
        run_stage(finetune, params, {"checkpoint": tiny, "rows:toy": rows})


def test_unanswered_rows_are_refused(run_stage: Any, tiny: Path, toy_artifact: Any, toy: Any) -> None:
    rows = toy_artifact("sentence_pair", train=4, validation=4)
    write_json_lines(rows / "train.jsonl", (row.inputs() for row in toy.rows("sentence_pair", 4)))
    with pytest.raises(DataError, match=r"train.jsonl: some rows have no answer"):
        run_stage(
            finetune,
            {"task": toy.task("sentence_pair"), "hyper": toy.hyper},
            {"checkpoint": tiny, "rows:toy": rows},
        )


def test_progress_rises_to_one(run_stage: Any, tiny: Path, toy_artifact: Any, toy: Any) -> None:
    heard: list[float] = []
    rows = toy_artifact("sentence_pair", train=16, validation=4)
    params = {"task": toy.task("sentence_pair"), "hyper": {**toy.hyper, "max_steps": 3}}
    inputs = {"checkpoint": tiny, "rows:toy": rows}
    run_stage(finetune, params, inputs, progress=lambda fraction, _note: heard.append(fraction))

    assert sorted(heard) == heard
    assert 1.0 == heard[-1]


def test_bf16_learns_and_leaves_fp32_weights(run_stage: Any, tiny: Path, toy_artifact: Any, toy: Any) -> None:
    hyper = {**toy.hyper, "epochs": 8.0, "learning_rate": 5e-3}
    inputs = {"checkpoint": tiny, "rows:toy": toy_artifact("sentence_pair")}
    out = run_stage(finetune, {"task": toy.task("sentence_pair"), "hyper": hyper}, inputs, precision="bf16")

    assert 1.0 == max(epoch["value"] for epoch in training_of(out)["evaluations"])
    assert {torch.float32} == {tensor.dtype for tensor in load_file(out / "encoder/model.safetensors").values()}
