"""Training on several tasks at once."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from harness.phases import intermediate
from tasks.errors import UserError


def test_a_mixture_of_all_types_leaves_one_head_each(run_stage: Any, tiny: Path, toy_artifact: Any, toy: Any) -> None:
    """Every step draws one task, all steps are accounted for, and the epoch's value is the mean over the tasks."""
    tasks = [toy.task(kind, name=kind) for kind in toy.kinds]
    inputs = {f"rows:{kind}": toy_artifact(kind, train=16, validation=4) for kind in toy.kinds}
    params = {
        "tasks": tasks,
        "mixing": {"kind": "uniform", "cap": 131072, "temperature": 1.0},
        "hyper": {**toy.hyper, "max_steps": 20},
    }
    out = run_stage(intermediate, params, {"checkpoint": tiny, **inputs})

    assert sorted(toy.kinds) == sorted(file.stem for file in (out / "heads").glob("*.safetensors"))
    record = json.loads((out / "training.json").read_text())
    counts = {name: facts["steps"] for name, facts in record["tasks"].items()}
    assert 20 == sum(counts.values())
    assert min(counts.values()) > 0
    assert dict.fromkeys(toy.kinds, 0.25) == record["mixture"]
    last = record["epochs"][-1]
    values = [entry["value"] for entry in last["validation"].values()]
    assert pytest.approx(sum(values) / 4) == last["value"]
    again = run_stage(intermediate, params, {"checkpoint": tiny, **inputs})
    assert toy.files(out) == toy.files(again)


@pytest.mark.parametrize("names", [[], ["a", "a"]])
def test_tasks_must_be_there_and_differ(run_stage: Any, tiny: Path, toy: Any, names: list[str]) -> None:
    tasks = [toy.task("sentence_pair", name=name) for name in names]
    with pytest.raises(UserError, match="each once"):
        run_stage(intermediate, {"tasks": tasks, "hyper": toy.hyper}, {"checkpoint": tiny})
