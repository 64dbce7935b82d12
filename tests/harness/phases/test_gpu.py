"""Phases on a GPU: what they give twice, beside a CPU, in bfloat16, and where its memory runs out."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from harness.context import RESUME, StageContext
from harness.phases import finetune, intermediate, predict
from harness.training import ragged
from harness.training.resume import ResumeFile
from tasks.rows import write_json_lines

pytestmark = pytest.mark.gpu

KINDS = ("sentence_pair", "multiple_choice", "token_tagging", "span_qa")


def files(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def record_of(out: Path) -> dict[str, Any]:
    record: dict[str, Any] = json.loads((out / "training.json").read_text())
    return record


@pytest.fixture
def kernel_calls(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """Whether each call of attention was answered by a kernel that takes sequences end to end."""
    calls: list[bool] = []
    real = ragged.attend_end_to_end

    def counted(*arguments: Any, **options: Any) -> torch.Tensor | None:
        found = real(*arguments, **options)
        calls.append(found is not None)
        return found

    monkeypatch.setattr("harness.training.ragged.attend_end_to_end", counted)
    return calls


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
@pytest.mark.parametrize("kind", KINDS)
def test_a_task_is_learned_and_twice_gives_the_same_bytes(
    run_stage: Any, tiny: Path, toy_artifact: Any, toy: Any, kernel_calls: list[bool], kind: str, precision: str
) -> None:
    hyper = {**toy.hyper, "epochs": 8.0, "learning_rate": 5e-3, "attention_dropout": 0.1}
    inputs = {"checkpoint": tiny, "rows:toy": toy_artifact(kind)}
    params = {"task": toy.task(kind), "hyper": hyper}
    outs = [run_stage(finetune, params, inputs, device="cuda", precision=precision) for _ in range(2)]

    assert 1.0 == max(epoch["value"] for epoch in record_of(outs[0])["evaluations"])
    assert files(outs[0]) == files(outs[1])
    assert {torch.float32} == {tensor.dtype for tensor in load_file(outs[0] / "encoder/model.safetensors").values()}
    assert {True} == set(kernel_calls)


def test_without_dropout_a_gpu_trains_to_what_a_cpu_trains_to(
    run_stage: Any, tiny: Path, toy_artifact: Any, toy: Any
) -> None:
    """In fp32 the two differ by rounding alone, over a few steps."""
    hyper = {**toy.hyper, "max_steps": 5, "dropout": 0.0}
    inputs = {"checkpoint": tiny, "rows:toy": toy_artifact("sentence_pair")}
    params = {"task": toy.task("sentence_pair"), "hyper": hyper}
    weights = [
        load_file(run_stage(finetune, params, inputs, device=device) / "encoder/model.safetensors")
        for device in ("cpu", "cuda")
    ]

    assert weights[0].keys() == weights[1].keys()
    for name, tensor in weights[0].items():
        torch.testing.assert_close(weights[1][name], tensor, rtol=1e-3, atol=1e-4, msg=name)


def test_a_gpu_predicts_what_a_cpu_predicts(
    run_stage: Any, tiny: Path, toy_artifact: Any, toy: Any, tmp_path: Path
) -> None:
    hyper = {**toy.hyper, "epochs": 8.0, "learning_rate": 5e-3}
    task = toy.task("sentence_pair")
    rows = toy_artifact("sentence_pair")
    trained = run_stage(finetune, {"task": task, "hyper": hyper}, {"checkpoint": tiny, "rows:toy": rows})
    write_json_lines(tmp_path / "test-de.jsonl", (row.inputs() for row in toy.rows("sentence_pair", 200, 4)))
    params, given = {"task": task, "languages": ["de"]}, {"checkpoint": trained, "inputs": tmp_path}
    outs = [run_stage(predict, params, given, device=device) for device in ("cpu", "cuda")]

    assert files(outs[0]) == files(outs[1])


class CutOffError(Exception):
    """The training ends here."""


def test_a_resumed_training_ends_with_the_same_weights(
    run_stage: Any, tiny: Path, toy_artifact: Any, toy: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Saved after five steps, cut off after eight; the GPU's dropout draws on from where it was."""
    hyper = {**toy.hyper, "max_steps": 12, "attention_dropout": 0.1}
    inputs = {"checkpoint": tiny, "rows:toy": toy_artifact("sentence_pair")}
    params = {"task": toy.task("sentence_pair"), "hyper": hyper}
    whole = run_stage(finetune, params, inputs, device="cuda")
    steps = iter(range(1, 100))

    def due(_file: ResumeFile) -> bool:
        step = next(steps)
        if step == 8:
            raise CutOffError
        return step == 5

    context = StageContext(
        params=params,
        inputs=inputs,
        out=tmp_path,
        progress=lambda _fraction, _note: None,
        seed=1,
        threads=1,
        device="cuda",
        precision="fp32",
    )
    with monkeypatch.context() as patched:
        patched.setattr(ResumeFile, "due", property(due))
        with pytest.raises(CutOffError):
            finetune.run(context)
    assert 5 == torch.load(tmp_path / RESUME / "state.pt", weights_only=True)["steps"]
    resumed = run_stage(finetune, params, inputs, device="cuda", left=tmp_path / RESUME)
    shutil.rmtree(resumed / RESUME)
    assert files(whole) == files(resumed)


@pytest.fixture
def little_memory() -> Iterator[None]:
    """Some 600 MB of the GPU, and no more."""
    torch.cuda.empty_cache()
    total = torch.cuda.get_device_properties(0).total_memory
    torch.cuda.set_per_process_memory_fraction(600 * 2**20 / total)
    yield
    torch.cuda.set_per_process_memory_fraction(1.0)
    torch.cuda.empty_cache()


@pytest.mark.usefixtures("little_memory")
def test_a_gpu_s_memory_that_runs_out_halves_the_micro_batch(
    run_stage: Any, tiny: Path, toy_artifact: Any, toy: Any
) -> None:
    hyper = {**toy.hyper, "max_steps": 3, "batch_size": 100000, "micro_batch_pieces": 1 << 20}
    inputs = {"checkpoint": tiny, "rows:toy": toy_artifact("sentence_pair")}
    params = {"task": toy.task("sentence_pair"), "hyper": hyper}
    out = run_stage(finetune, params, inputs, device="cuda")

    record = record_of(out)
    assert 1 <= len(record["out_of_memory"])
    assert record["out_of_memory"][0]["micro_batch_pieces"] < 1 << 20
    assert 3 == record["steps"]
    assert 100000 == record["effective_batch"]


def test_a_mixture_trains_on_a_gpu(run_stage: Any, tiny: Path, toy_artifact: Any, toy: Any) -> None:
    tasks = [toy.task(kind, kind) for kind in KINDS]
    inputs = {"checkpoint": tiny} | {f"rows:{kind}": toy_artifact(kind) for kind in KINDS}
    params = {
        "tasks": tasks,
        "hyper": {**toy.hyper, "epochs": 2.0},
        "mixing": {"kind": "uniform", "cap": 131072, "temperature": 1.0},
    }
    outs = [run_stage(intermediate, params, inputs, device="cuda", precision="bf16") for _ in range(2)]

    assert files(outs[0]) == files(outs[1])
    assert set(KINDS) == record_of(outs[0])["tasks"].keys()
