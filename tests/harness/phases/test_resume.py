"""A training stage that is killed goes on where it was, and ends with the very bytes of one that was not."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from harness.context import RESUME
from harness.phases import finetune, intermediate
from harness.training.resume import VARIABLE

MLM = {"ratio": 0.5, "batch_size": 4, "block_length": 16}


def test_a_stage_killed_outright_ends_with_equal_bytes(
    run_stage: Any, tiny: Path, corpus: Path, toy_artifact: Any, toy: Any, tmp_path: Path
) -> None:
    """A real process, SIGKILL in the middle of a mixture with masked language modelling; dropout is on."""
    kinds = ("sentence_pair", "span_qa")
    params = {
        "tasks": [toy.task(kind, name=kind) for kind in kinds],
        "mixing": {"kind": "uniform"},
        "hyper": {**toy.hyper, "max_steps": 80, "evaluate_every": 20, "patience": 50},
        "mlm": MLM,
    }
    inputs = {"checkpoint": tiny, "corpus": corpus} | {f"rows:{kind}": toy_artifact(kind, 48, 8) for kind in kinds}
    whole = run_stage(intermediate, params, inputs)
    killed_at = _run_and_kill(tmp_path, "intermediate", params, inputs)

    out = run_stage(intermediate, params, inputs, left=tmp_path / "out" / RESUME)
    assert 30 <= killed_at < 120
    shutil.rmtree(out / RESUME)
    assert toy.files(whole) == toy.files(out)


def _run_and_kill(folder: Path, phase: str, params: dict[str, Any], inputs: dict[str, Path]) -> int:
    """Run a stage as a program, kill it once it has saved a state after 30 steps, and give the step it had reached."""
    request = {
        "name": "killed",
        "key": "0" * 64,
        "phase": phase,
        "params": params,
        "seed": 1,
        "environment": {"device": "cpu", "precision": "fp32", "threads": 1},
        "inputs": {role: str(path) for role, path in inputs.items()},
        "data": None,
    }
    (folder / "spec").mkdir()
    (folder / "spec" / "stage.json").write_text(json.dumps(request))
    command = [sys.executable, "-m", "harness.stage", str(folder / "spec"), str(folder / "out")]
    environment = {**os.environ, VARIABLE: "0"}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
        assert process.stdout is not None
        for line in process.stdout:
            note = json.loads(line).get("note", "")
            reached = int(note.split()[1]) if note.startswith("step ") else 0
            if reached >= 30 and (folder / "out" / RESUME / "state.pt").exists():
                process.kill()
                return reached
    raise AssertionError("the stage ended before it could be killed")


def test_a_stage_starts_from_what_it_is_handed(
    run_stage: Any, tiny: Path, toy_artifact: Any, toy: Any, tmp_path: Path
) -> None:
    """Without a state nothing is resumed; with one, what it says is believed: it is the walk that hands it out."""
    params = {"task": toy.task("token_tagging"), "hyper": {**toy.hyper, "max_steps": 3}}
    inputs = {"checkpoint": tiny, "rows:toy": toy_artifact("token_tagging", 24, 8)}
    whole = run_stage(finetune, params, inputs)
    (tmp_path / "state").mkdir()
    (tmp_path / "state" / "state.pt").write_bytes(b"not a state")
    out = run_stage(finetune, params, inputs, left=tmp_path / "state")

    shutil.rmtree(out / RESUME)
    assert toy.files(whole) == toy.files(out)
