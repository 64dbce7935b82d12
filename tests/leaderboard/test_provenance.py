"""What a row stands on: stages once each, their cost, the command, and entries that are not what they should be."""

from __future__ import annotations

import fnmatch
import shlex
from pathlib import Path
from typing import Any

import pytest

from harness.cli import main
from leaderboard.provenance import Cost, command, cost_of, results_of, stages_of
from leaderboard.read import read_results
from leaderboard.results import Result
from leaderboard.scores import Row, build_board
from tests.leaderboard.conftest import HOSTILE, RIGHT_TO_LEFT


def result(*entries: Any) -> Result:
    """A result whose provenance holds these entries."""
    return Result(
        suite="s", backbone="b", recipe="r", target="t", seed=1, score=0.5, languages={},
        provenance={"stages": list(entries)},
    )  # fmt: skip


FULL = {
    "stage": "finetune/b/none/xnli/s1",
    "key": "ab12",
    "digest": "cd34",
    "seed": 7,
    "seconds": 90,
    "peak_memory": 2**30,
    "attempts": 2,
    "cpu": "A processor",
    "gpu": None,
    "environment": {"device": "cpu", "precision": "float32", "threads": 1, "base": "sha256:1", "lock": "ef56"},
    "runner": "docker",
    "git": {"commit": "1234", "dirty": True},
    "versions": {"torch": "2.13.0", "numpy": "2.4"},
}


def test_a_stage_is_told_in_full() -> None:
    (stage,) = stages_of([result(FULL)])
    assert ("finetune", "ab12", "cd34", "7") == (stage.phase, stage.key, stage.digest, stage.seed)
    assert (90.0, 2.0**30, "2") == (stage.seconds, stage.memory, stage.attempts)
    assert "cpu, float32, 1 thread" == stage.device
    assert ("A processor", False) == (stage.hardware, stage.gpu)
    assert ("sha256:1", "ef56", "docker") == (stage.image, stage.lock, stage.runner)
    assert "1234 with local changes" == stage.git
    assert (("numpy", "2.4"), ("torch", "2.13.0")) == stage.versions


def test_the_image_that_a_stage_ran_in_counts_and_not_its_base() -> None:
    (stage,) = stages_of([result({**FULL, "image": "sha256:2"})])

    assert "sha256:2" == stage.image


def test_a_gpu_is_the_hardware() -> None:
    environment = {"device": "cuda", "precision": "bfloat16", "threads": 2}
    (stage,) = stages_of([result({**FULL, "gpu": "H100", "environment": environment, "git": {"commit": "1"}})])
    assert ("H100", True, "cuda, bfloat16, 2 threads", "1") == (stage.hardware, stage.gpu, stage.device, stage.git)


def test_shared_stages_are_told_once_in_the_order_of_first_mention() -> None:
    shared = {"stage": "prepare/x", "key": "1"}
    found = stages_of(
        [result(shared, {"stage": "score/a", "key": "2"}), result(shared, {"stage": "score/b", "key": "3"})]
    )
    assert ["1", "2", "3"] == [stage.key for stage in found]


@pytest.mark.parametrize(
    "entry",
    [
        {"key": "1"},
        {"key": "1", "seconds": "fast", "peak_memory": True, "environment": [], "git": "main", "versions": ["torch"]},
        {"key": 1, "seconds": None, "environment": {"threads": None}, "versions": None},
    ],
)
def test_what_is_not_as_it_should_be_is_left_open(entry: dict[str, Any]) -> None:
    (stage,) = stages_of([result(entry)])
    assert (None, None, "", "", (), "") == (
        stage.seconds, stage.memory, stage.device, stage.git, stage.versions, stage.hardware,
    )  # fmt: skip
    assert "1" == stage.key


def test_entries_without_a_key_are_no_stages() -> None:
    assert () == stages_of([result({"stage": "score/x"}, "text", 3, None), result()])
    bare = result().model_copy(update={"provenance": {"stages": "none"}})
    assert () == stages_of([bare])


def test_cost_counts_the_rows_own_work_once() -> None:
    entries = [
        {"stage": f"{phase}/x", "key": phase, "seconds": 3600}
        for phase in (
            "fetch",
            "prepare",
            "convert",
            "pretrain",
            "intermediate",
            "finetune",
            "predict",
            "score",
            "stats",
        )
    ]
    cost = cost_of(stages_of([result(*entries), result(*entries)]))
    assert Cost(cpu_hours=4.0, gpu_hours=0.0, unknown=0) == cost
    assert 4.0 == cost.hours


def test_cost_of_both_kinds_is_that_of_the_gpu() -> None:
    cost = cost_of(
        stages_of(
            [
                result(
                    {"stage": "finetune/x", "key": "1", "seconds": 1800, "gpu": "H100"},
                    {"stage": "predict/x", "key": "2", "seconds": 360},
                )
            ]
        )
    )
    assert (0.1, 0.5, 0.5) == (cost.cpu_hours, cost.gpu_hours, cost.hours)


def test_an_unknown_time_is_no_cost() -> None:
    cost = cost_of(
        stages_of([result({"stage": "finetune/x", "key": "1"}, {"stage": "predict/x", "key": "2", "seconds": 1})])
    )
    assert (1, None) == (cost.unknown, cost.hours)


def rows(results: Path) -> dict[tuple[str, str], Row]:
    return {(row.backbone.name, row.recipe.name): row for row in build_board(read_results(results)).rows}


def test_results_of_a_row_are_those_that_are_there(shared_results: Path) -> None:
    folder = read_results(shared_results)
    found = rows(shared_results)
    assert ["xnli", "panx", "xquad", "tatoeba"] == [one.target for one in results_of(folder, found["base", "none"])]
    assert ["xquad", "tatoeba"] == [one.target for one in results_of(folder, found["base+code", "squad"])]


@pytest.mark.parametrize("backbone", ["base+code", HOSTILE, RIGHT_TO_LEFT])
def test_the_command_selects_the_row_and_no_other(backbone: str, shared_results: Path) -> None:
    """By the rules of a shell and of its own patterns, whatever the row is called."""
    found = rows(shared_results)
    words = shlex.split(command("suite", found[backbone, "none"], ()))
    assert ["codestilts", "run", "suite", "--only"] == words[:-1]
    stages = [f"score/{one}/{recipe}/xnli/s1" for one, recipe in found]
    assert [f"score/{backbone}/none/xnli/s1"] == [name for name in stages if fnmatch.fnmatchcase(name, words[-1])]


def test_a_smoke_runs_row_is_made_by_a_smoke_run(shared_results: Path) -> None:
    words = shlex.split(command("suite-smoke", rows(shared_results)["base", "none"], ()))
    assert ["codestilts", "run", "suite", "--smoke", "--only"] == words[:-1]


def test_the_command_names_the_runner_and_the_device_that_all_work_had(shared_results: Path) -> None:
    row = rows(shared_results)["base", "none"]

    def words(*devices: str, runner: str = "docker") -> list[str]:
        entries = [
            {"stage": f"finetune/{n}", "key": str(n), "runner": runner, "environment": {"device": one, "threads": 1}}
            for n, one in enumerate(devices)
        ]
        data = {"stage": "prepare/x", "key": "data", "runner": "local", "environment": {"device": "cpu"}}
        return shlex.split(command("suite", row, stages_of([result(data, *entries)])))[3:-2]

    assert ["--runner", "docker", "--device", "cuda"] == words("cuda")
    assert ["--device", "cpu"] == words("cpu", "cpu", runner="local")
    assert ["--runner", "docker"] == words("cpu", "cuda")


def test_the_command_is_one_that_plans_the_row_and_what_it_needs(
    shared_results: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Of a shipped suite, word for word, but planned instead of run."""
    base = rows(shared_results)["base", "none"]
    row = Row(
        backbone=base.backbone.model_copy(update={"name": "mini-roberta+code"}), recipe=base.recipe, scores=base.scores
    )
    assert 0 == main(
        ["plan", *shlex.split(command("mini-docker", row, stages_of([result({**FULL, "runner": "local"})])))[2:]]
    )
    lines = [line for line in capsys.readouterr().out.splitlines() if "  score/" in line and "not selected" not in line]
    assert lines
    assert all("  score/mini-roberta+code/none/" in line for line in lines)
