"""A training stage that is killed goes on where it was, and ends with the very bytes of one that was not."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch

from harness.context import RESUME
from harness.phases import finetune, intermediate
from harness.training.resume import VARIABLE, ResumeFile

#: Of 120 steps: the one after which the state is saved, and the one after which the process is killed.
SAVED, KILLED = 45, 50
#: A training asks once a step whether its state is due.
DYING = """
import os, signal, sys
from harness.runners import stage
from harness.training.resume import ResumeFile

saved, killed = int(sys.argv[1]), int(sys.argv[2])
step = 0

def due(_file):
    global step
    step += 1
    if step == killed:
        os.kill(os.getpid(), signal.SIGKILL)
    return step == saved

ResumeFile.due = property(due)
sys.exit(stage.main(sys.argv[3:]))
"""
MLM = {"ratio": 0.5, "batch_size": 4, "block_length": 16}


def test_a_stage_killed_outright_ends_with_equal_bytes(
    run_stage: Any, tiny_mlm: Path, corpus: Path, toy_artifact: Any, toy: Any, tmp_path: Path
) -> None:
    """A real process, SIGKILL in the middle of a mixture with masked language modelling; dropout is on."""
    kinds = ("sentence_pair", "span_qa")
    params = {
        "tasks": [toy.task(kind, name=kind) for kind in kinds],
        "mixing": {"kind": "uniform"},
        "hyper": {**toy.hyper, "max_steps": 80, "evaluate_every": 20, "patience": 50},
        "mlm": MLM,
    }
    rows = {f"rows:{kind}": toy_artifact(kind, 48, 8) for kind in kinds}
    inputs = {"checkpoint": tiny_mlm, "corpus": corpus} | rows
    whole = run_stage(intermediate, params, inputs)
    _run_and_kill(tmp_path, "intermediate", params, inputs)
    left = tmp_path / "out" / RESUME
    assert SAVED == torch.load(left / "state.pt", weights_only=True)["steps"]

    out = run_stage(intermediate, params, inputs, left=left)
    shutil.rmtree(out / RESUME)
    assert toy.files(whole) == toy.files(out)


def _run_and_kill(folder: Path, phase: str, params: dict[str, Any], inputs: dict[str, Path]) -> None:
    """Run a stage as a program that saves its state after one step and is killed, without a word, some steps later."""
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
    command = [sys.executable, "-c", DYING, str(SAVED), str(KILLED), str(folder / "spec"), str(folder / "out")]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    assert -signal.SIGKILL == ended.returncode, ended.stderr
    assert "done" not in [json.loads(line)["event"] for line in ended.stdout.splitlines()]


def test_how_often_a_state_is_saved_can_be_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert not ResumeFile(tmp_path).due
    monkeypatch.setenv(VARIABLE, "0")
    assert ResumeFile(tmp_path).due


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
