"""A store as a run leaves it, without a model: rows and labels are really prepared and scored, answers are made up."""

from __future__ import annotations

import json
import random
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from harness.cli import main
from harness.context import StageContext
from harness.errors import Outcome
from harness.phases import prepare, score
from harness.plan.stage import Phase, Stage
from harness.plan.suite import Planned, plan_suite
from harness.run.explain import Decision, Reason
from harness.run.results import write_results
from harness.run.scheduler import StageResult
from harness.store.artifacts import Store
from harness.store.manifest import Manifest
from tasks.rows import read_rows
from tasks.types import task_type

SUITE: dict[str, Any] = {
    "name": "tiny",
    "title": "Tiny",
    "description": "Two backbones, two recipes, a target of each kind.",
    "miniature": True,
    "backbones": ["mini-xlmr", "mini-roberta"],
    "recipes": ["none", "mini-mnli"],
    "targets": ["mini-xnli", "mini-udpos", "mini-xquad", "mini-bucc", "mini-tatoeba"],
    "seeds": [1],
    "training": "mini",
    "limits": {"train": 12, "validation": 12, "test": 12},
}
ROW = ("--backbone", "mini-xlmr", "--recipe", "mini-mnli")


@dataclass(frozen=True, kw_only=True)
class Made:
    """A store with the results of one suite.

    Attributes:
        suite: its YAML file.
        store: the store's folder.
    """

    suite: Path
    store: Path

    @property
    def results(self) -> Path:
        return self.store / "results" / str(SUITE["name"])

    def file(self, target: str, row: str = "mini-xlmr/mini-mnli") -> Path:
        return self.results / row / f"{target}-s1.json"


@pytest.fixture(scope="session")
def original(tmp_path_factory: pytest.TempPathFactory) -> Made:
    """Made once, never changed."""
    root = tmp_path_factory.mktemp("publish")
    return make(root, SUITE)


def make(root: Path, suite: dict[str, Any], *, seed: int = 0, data: Path | None = None) -> Made:
    """Run a suite with made-up answers. Another seed gives other answers."""
    made = Made(suite=root / f"{suite['name']}.yaml", store=root / "store")
    made.suite.write_text(yaml.safe_dump(suite), encoding="utf-8")
    planned = plan_suite(str(made.suite), data_dir=data)
    store = Store(made.store)
    digests: dict[str, str] = {}
    for stage in planned.plan.stages:
        work = made.store / "tmp" / stage.key
        work.mkdir()
        _run(stage, store, work, seed, data)
        manifest = Manifest(
            key=stage.key,
            phase=stage.phase.value,
            name=stage.name,
            inputs={role: digests[key] for role, key in stage.inputs.items()},
            files=(),
            identity=stage.identity(),
            provenance={"seconds": 1.25, "peak_memory": 123456, "runner": "local", "versions": {"numpy": "2.0"}},
        )
        digests[stage.key] = store.publish(work, manifest).digest
    _write(planned, store, made.store / "results" / str(suite["name"]))
    return made


def _write(planned: Planned, store: Store, out: Path) -> None:
    end = StageResult(outcome=Outcome.DONE, decision=Decision(reason=Reason.NEW))
    out.parent.mkdir(exist_ok=True)
    write_results(planned.rows, planned.plan, store, {stage.key: end for stage in planned.plan.stages}, out)


def _run(stage: Stage, store: Store, work: Path, seed: int, data: Path | None) -> None:
    inputs = {role: store.folder(key) for role, key in stage.inputs.items()}
    context = StageContext(params=stage.params, inputs=inputs, data=data, out=work, progress=lambda _done, _note: None)
    if stage.phase is Phase.SCORE:
        score.run(context)
    elif stage.phase is Phase.PREPARE and stage.params["kind"] != "corpus":
        prepare.run(context)
    elif stage.phase in (Phase.PREDICT, Phase.RETRIEVE):
        _answer(stage, inputs["inputs"], work, random.Random(f"{seed} {stage.key}"))
    else:
        (work / "training.json").write_text(json.dumps({"steps": 3, "loss": 1.5}), encoding="utf-8")
        (work / "weights.bin").write_bytes(b"weights of " + stage.key.encode())


def _answer(stage: Stage, inputs: Path, work: Path, draw: random.Random) -> None:
    """Answers in every language: the trivial baseline's, a part of them exchanged among the rows."""
    task, languages = stage.params["task"], stage.params["languages"]
    kind = task_type(task["type"])
    (work / "predictions" / task["name"]).mkdir(parents=True)
    for language in languages:
        rows = read_rows(inputs / f"test-{language}.jsonl", kind.row_class)
        answers = kind.baseline([], rows, task["labels"], metric=task["metric"])
        if task["type"] in ("sentence_pair", "sentence_retrieval"):
            several = task["labels"] or list(answers)
            answers = [draw.choice(several) for _ in answers]
        elif task["type"] == "token_tagging":
            answers = [tuple(draw.choice(task["labels"]) for _ in tags) for tags in answers]
        elif task["type"] == "bitext_mining":
            sides = [[row.id for row in rows if row.side == side] for side in ("foreign", "english")]
            answers = list(dict.fromkeys((draw.choice(sides[0]), draw.choice(sides[1])) for _ in range(4)))
        elif task["type"] == "span_qa":
            answers = [draw.choice(row.context.split()) for row in rows]
        file = work / "predictions" / task["name"] / f"test-{language}.{kind.suffix}"
        kind.write_predictions(file, rows, answers)
    counts = {"pieces": 40, "words": 32, "unknown": 1, "rows": 12, "truncated": 3}
    (work / "encoding.json").write_text(json.dumps(dict.fromkeys(languages, counts)), encoding="utf-8")
    (work / "details.json").write_text(json.dumps({"max_length": 64}), encoding="utf-8")


@pytest.fixture
def made(original: Made, tmp_path: Path) -> Made:
    """A copy that a test may change."""
    shutil.copytree(original.store, tmp_path / "store")
    return Made(suite=original.suite, store=tmp_path / "store")


@pytest.fixture(scope="session")
def packed(original: Made, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A submission of one row."""
    out = tmp_path_factory.mktemp("packed") / "row.zip"
    assert 0 == main(["submit", "pack", "--suite", "tiny", *ROW, "--store", str(original.store), "--out", str(out)])
    return out


Call = Callable[..., tuple[int, str, str]]


@pytest.fixture
def call(capsys: pytest.CaptureFixture[str]) -> Call:
    """The command line: exit code, standard output, standard error."""

    def run(*arguments: object) -> tuple[int, str, str]:
        capsys.readouterr()
        code = main([str(argument) for argument in arguments])
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return run


@pytest.fixture
def verify(call: Call, original: Made) -> Callable[..., tuple[int, Any]]:
    """``verify --json``: exit code and what it says (the message of an error as it is)."""

    def run(path: Path, *arguments: object) -> tuple[int, Any]:
        code, out, err = call("verify", path, "--suite", original.suite, "--json", *arguments)
        return code, json.loads(out) if out else err

    return run
