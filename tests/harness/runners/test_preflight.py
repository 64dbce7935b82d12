"""What a machine cannot do is said before any work."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from harness.errors import EnvironmentFault
from harness.plan.stage import Plan
from harness.runners import preflight
from tests.harness.conftest import LOCAL, make_stage

NONE = {"cuda": False, "build": "13.0", "device": "", "bf16": False}
OLD = {"cuda": True, "build": "13.0", "device": "Tesla V100", "bf16": False}
NEW = {"cuda": True, "build": "13.0", "device": "NVIDIA H100", "bf16": True}


def plan(device: str, precision: str) -> Plan:
    environment = dataclasses.replace(LOCAL, device=device, precision=precision)
    stages = (make_stage("rows"), dataclasses.replace(make_stage("train"), environment=environment))
    return Plan(suite="core", stages=stages, cells=())


@pytest.mark.parametrize(
    ("found", "precision", "message"),
    [
        (NONE, "fp32", r"suite core, field 'device': asks for a CUDA GPU, and torch sees none here; use a host"),
        (NONE | {"build": None}, "fp32", "the torch installed here is a build for CPUs"),
        (OLD, "bf16", r"field 'precision': Tesla V100 does not compute in bfloat16; use an Ampere GPU"),
    ],
)
def test_a_gpu_that_is_not_there_or_too_old_is_refused(found: dict[str, Any], precision: str, message: str) -> None:
    with pytest.raises(EnvironmentFault, match=message) as caught:
        preflight.require_hardware(plan("cuda", precision), lambda: found)
    assert 3 == caught.value.exit_code


@pytest.mark.parametrize(
    ("device", "found", "precision", "questions"),
    [("cuda", OLD, "fp32", 1), ("cuda", NEW, "bf16", 1), ("cpu", NONE, "bf16", 0)],
)
def test_a_fitting_gpu_is_asked_for_once_and_a_cpu_never(
    device: str, found: dict[str, Any], precision: str, questions: int
) -> None:
    asked = []

    preflight.require_hardware(plan(device, precision), lambda: asked.append(device) or found)

    assert questions == len(asked)


def test_torch_itself_is_asked() -> None:
    assert NONE.keys() == preflight.torch_devices().keys()
