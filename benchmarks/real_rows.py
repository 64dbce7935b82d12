"""What the benchmarks of training and prediction share: MiniLM and real rows, prepared by the stages of a suite."""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.context import StageContext
from harness.plan.stage import Stage
from harness.plan.suite import plan_suite
from harness.run.suite import Request, run_suite
from harness.store.artifacts import Store

SUITE = """\
name: benchmark
title: Rows to measure on
description: Prepares rows and a backbone; nothing is trained.
backbones: [minilm]
recipes: [none]
targets: [xnli, udpos, xquad]
training: small
limits: {{train: {train}, validation: {validation}, test: {test}}}
task_limits: {{udpos: {{languages: [en]}}, xquad: {{languages: [{xquad}]}}, xnli: {{languages: [{xnli}]}}}}
stand_ins:
  xnli: {{test: {{use: validation, why: Measured only.}}}}
  mnli:
    train: {{split: {{format: taxinli_tsv, files: [mnli/taxinli10k.tsv]}}, why: Measured only.}}
    validation:
      why: Measured only.
      split: {{format: glue_mnli_tsv, files: [mnli/glue_16-13/dev_matched.tsv, mnli/glue_16-21/dev_matched.tsv]}}
"""


class Silent:
    """Shows nothing."""

    def say(self, text: str) -> None: ...
    def planned(self, *_: object) -> None: ...
    def further(self, *_: object) -> None: ...
    def begun(self, *_: object) -> None: ...
    def progressed(self, *_: object) -> None: ...
    def ended(self, *_: object) -> None: ...
    def close(self) -> None: ...


@dataclass(frozen=True, kw_only=True)
class Prepared:
    """Folders of artifacts, and the stages of the suite by name, which say how each task is trained."""

    checkpoint: Path
    folders: dict[str, Path]
    stages: dict[str, Stage]

    def rows(self, task: str) -> Path:
        """Training and validation rows of a task, be the latter a split of the release or held out."""
        return next(
            self.folders[name]
            for name in (f"prepare/rows/{task}", f"prepare/rows/{task}/held-out")
            if name in self.folders
        )


def options(parser: argparse.ArgumentParser) -> None:
    """What every such benchmark asks."""
    parser.add_argument("--data", type=Path, required=True, help="folder of original release files")
    parser.add_argument("--store", type=Path, help="keep the prepared rows there for the next time")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=1, help="the best of so many is shown")
    parser.add_argument("--json", action="store_true")


@contextmanager
def prepared(
    data: Path,
    store: Path | None,
    *,
    train: int,
    validation: int,
    languages: dict[str, tuple[str, ...]],
    test: int = 1000,
) -> Iterator[Prepared]:
    """Run the stages ``prepare`` and ``convert`` of the suite, in ``store`` or in a folder that goes afterwards."""
    with tempfile.TemporaryDirectory() as name:
        suite = Path(name) / "benchmark.yaml"
        named = {task: ", ".join(codes) for task, codes in languages.items()}
        suite.write_text(SUITE.format(train=train, validation=validation, test=test, **named), encoding="utf-8")
        root = store or Path(name) / "store"
        request = Request(
            suite=str(suite), store=root, workers=2, data=data, only=("prepare/*", "convert/*"), fail_fast=True
        )
        run_suite(request, Silent())
        plan = plan_suite(str(suite), data_dir=data, store=root).plan
        held = Store(root)
        found = {stage.name: stage for stage in plan.stages}
        folders = {stage: held.folder(each.key) for stage, each in found.items()}
        yield Prepared(checkpoint=folders["convert/minilm"], folders=folders, stages=found)


def apart(script: str, request: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """What a script says of one measurement in a process of its own, as the last line it prints."""
    spec = folder / "spec.json"
    spec.write_text(json.dumps(request), encoding="utf-8")
    command = [sys.executable, script, "--data=.", f"--spec={spec}"]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def silent_context(*, threads: int, device: str, precision: str) -> StageContext:
    """A stage's context that shows nothing."""
    return StageContext(
        params={},
        inputs={},
        out=Path(),
        progress=lambda _fraction, _note: None,
        seed=1,
        threads=threads,
        device=device,
        precision=precision,
    )
