"""What stages may use: bounds grow with the backbone, and change no key."""

from __future__ import annotations

import dataclasses

from harness.plan.limits import disk_needed, limits
from harness.plan.stage import Limits, Phase, Plan
from harness.specs.backbone import BackboneSpec
from tests.harness.conftest import make_stage

LARGE = BackboneSpec.model_validate(
    {
        "name": "large", "title": "Large", "family": "text", "architecture": "xlm-roberta", "layers": 24,
        "hidden_size": 1024, "parameters": 560_000_000, "max_length": 512,
        "source": {"kind": "package", "package": "p", "version": "1", "sha256": "0" * 64, "path": "p"},
    }
)  # fmt: skip


def test_memory_holds_weights_gradients_and_moments() -> None:
    found = limits(Phase.FINETUNE, LARGE, 10.0, "cpu")

    assert found.memory > 16 * 560_000_000
    assert found.memory > limits(Phase.SCORE, None, 10.0, "cpu").memory


def test_what_a_stage_may_write_holds_what_it_saves_to_go_on_from() -> None:
    found = limits(Phase.FINETUNE, LARGE, 10.0, "cpu")

    assert found.output > 2 * 12 * 560_000_000 + 4 * 560_000_000 + 2**30
    assert found.output > limits(Phase.SCORE, None, 10.0, "cpu").output


def test_a_long_stage_may_take_longer() -> None:
    short, long = (limits(Phase.FINETUNE, LARGE, cost, "cpu").seconds for cost in (1.0, 1e6))

    assert long > 1e6
    assert short < long


def test_limits_and_sizes_are_in_no_key() -> None:
    stage = make_stage("a")

    assert stage.key == dataclasses.replace(stage, limits=Limits(memory=1, seconds=1.0), disk=10**12).key


def test_transient_weights_count_only_as_many_times_as_stages_run() -> None:
    kept = make_stage("kept", disk=5)
    passing = [make_stage(f"t{number}", disk=100, transient=("*",)) for number in range(10)]
    plan = Plan(suite="s", stages=(kept, *passing), cells=())
    running = {stage.key for stage in plan.stages}

    assert 5 + 4 * 100 == disk_needed(plan, running, 2, keep_weights=False)
    assert 5 + 10 * 100 == disk_needed(plan, running, 2, keep_weights=True)
    assert 0 == disk_needed(plan, set(), 2, keep_weights=False)
