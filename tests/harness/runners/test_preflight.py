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
        (OLD, "fp32", None),
        (NEW, "bf16", None),
    ],
)
def test_a_gpu_that_is_not_there_or_too_old_is_refused(
    monkeypatch: pytest.MonkeyPatch, found: dict[str, Any], precision: str, message: str | None
) -> None:
    monkeypatch.setattr(preflight, "torch_devices", lambda: found)
    if message is None:
        preflight.require_hardware(plan("cuda", precision))
        return
    with pytest.raises(EnvironmentFault, match=message) as caught:
        preflight.require_hardware(plan("cuda", precision))
    assert 3 == caught.value.exit_code


def test_a_plan_for_cpus_asks_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(preflight, "torch_devices")
    preflight.require_hardware(plan("cpu", "bf16"))


def test_torch_itself_is_asked() -> None:
    assert NONE.keys() == preflight.torch_devices().keys()
