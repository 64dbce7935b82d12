"""Kill a run outright inside a training stage, again and again, and compare the weights with an undisturbed run's.

    python benchmarks/resume.py --data DIR [--rows 480] [--kills 4] [--seed 1] [--json]

MiniLM is fine-tuned on MNLI rows, once undisturbed and once with SIGKILL to the whole process group some moments after
a state was saved, which each try does after another time. Said are the steps in the state at each kill, the tries, and
whether every file of the stage's artifact, weights, head and record of the training, has the SHA-256 it has in the
undisturbed run. Exit status 1 if not.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.predictions import command, run
from benchmarks.real_rows import SUITE
from harness.files import file_digest
from harness.plan.suite import plan_suite
from harness.store.artifacts import Store
from harness.training.resume import VARIABLE

STAGE = "finetune/minilm/none/mnli/s1"


def main() -> int:
    """Run the campaign."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder of original release files")
    parser.add_argument("--rows", type=int, default=480, help="to train on")
    parser.add_argument("--kills", type=int, default=4)
    parser.add_argument("--seed", type=int, default=1, help="of the moments")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    draw = random.Random(arguments.seed)  # noqa: S311 - moments, not secrets
    with tempfile.TemporaryDirectory() as name:
        suite, stores = Path(name) / "benchmark.yaml", [Path(name) / side for side in ("undisturbed", "killed")]
        named = dict.fromkeys(("xnli", "xquad"), "en")
        suite.write_text(SUITE.format(train=arguments.rows, validation=96, test=96, **named), encoding="utf-8")
        only = ("--only", STAGE)
        for store in stores:  # up to the training
            run(str(suite), store, arguments.data, ("--only", "convert/*", "--only", "prepare/*"))
        begun = time.perf_counter()
        run(str(suite), stores[0], arguments.data, only)
        print(f"undisturbed: {time.perf_counter() - begun:.1f} s", flush=True)
        killed: list[int] = []
        for number in range(1, arguments.kills + 1):
            steps = _run_and_kill(command(str(suite), stores[1], arguments.data, only), stores[1], draw)
            if steps is None:
                print(f"the training was over before kill {number}; give more rows", flush=True)
                break
            killed.append(steps)
            print(f"kill {number}: state of step {steps}", flush=True)
        run(str(suite), stores[1], arguments.data, only)
        key = next(one.key for one in plan_suite(str(suite), data_dir=arguments.data).plan.stages if one.name == STAGE)
        found = [_digests(Store(store).folder(key)) for store in stores]
        record = json.loads((Store(stores[0]).folder(key) / "training.json").read_text(encoding="utf-8"))
    differing = sorted(file for file in found[0].keys() | found[1].keys() if found[0].get(file) != found[1].get(file))
    print(f"{record['steps']} steps, {len(killed)} kills; {len(found[0])} files, {len(differing)} differ")
    print(f"weights {found[0]['encoder/model.safetensors'][:16]} and {found[1]['encoder/model.safetensors'][:16]}")
    if arguments.json:
        facts: dict[str, Any] = {"steps": record["steps"], "states": killed, "differing": differing, "files": found[0]}
        print(json.dumps(facts, indent=1))
    return 1 if differing or not killed else 0


def _digests(folder: Path) -> dict[str, str]:
    """SHA-256 of the files of an artifact, but for what says when and how it was made."""
    paths = sorted(path for path in folder.rglob("*") if path.is_file() and path.name != "manifest.json")
    return {path.relative_to(folder).as_posix(): file_digest(path) for path in paths}


def _run_and_kill(arguments: list[str], store: Path, draw: random.Random) -> int | None:
    """Start a run in a process group of its own and kill it after it has saved a state; the steps in that state."""
    import torch

    before = time.time()
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    process = subprocess.Popen(
        arguments, **quiet, start_new_session=True, env={**os.environ, VARIABLE: f"{draw.uniform(2, 20):.1f}"}
    )
    while process.poll() is None:
        if any(file.stat().st_mtime > before for file in _states(store)):
            break
        time.sleep(0.05)
    time.sleep(draw.uniform(0.2, 3.0))
    if process.poll() is not None:
        return None
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    newest = max(_states(store), key=lambda file: file.stat().st_mtime)
    return int(torch.load(newest, map_location="cpu", weights_only=True)["steps"])


def _states(store: Path) -> list[Path]:
    """Saved states of stages that run."""
    return [file for file in (store / "tmp").rglob("state.pt") if file.is_file()]


if __name__ == "__main__":
    sys.exit(main())
