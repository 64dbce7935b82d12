"""What a container is told, and what its end and its engine's words mean, without any engine."""

from __future__ import annotations

import dataclasses
import os
from pathlib import Path
from typing import Any

import pytest

from harness.errors import FailureClass
from harness.plan.stage import Environment, Limits, Phase, Stage
from harness.runners.base import Job
from harness.runners.docker import confinement, gpu_probe
from harness.runners.docker.watch import End, failure_of
from harness.runners.reports import Done, Ended, Surroundings
from tests.harness.conftest import make_stage

SEEN = Surroundings(versions={}, cpu="c", cores=1, platform="p", host="h")
DONE = Done(event="done", peak_memory=1, provenance=SEEN)
ERROR = Ended(event="error", kind=FailureClass.BAD_INPUT, reason="why")
LIMITS = Limits(memory=2**30, seconds=60.0, processes=99, output=2**31)


def stage_of(phase: Phase, **fields: Any) -> Stage:
    return make_stage("a", phase=phase, limits=LIMITS, **fields)


def host(stage: Stage, gpu: str | None = None, *, cdi: bool = False, baked: bool = False) -> dict[str, Any]:
    online = confinement.is_online(stage) and not baked
    return confinement.host(job(stage), spec=Path("/w/spec"), code=Path("/c"), gpu=gpu, cdi=cdi, cpus=8, online=online)


def job(stage: Stage) -> Job:
    return Job(stage=stage, spec=Path("/w/s"), inputs={"rows:mnli": Path("/a/k")}, out=Path("/w/o"), log=Path("/l"))


@pytest.mark.parametrize("phase", list(Phase))
def test_everything_is_closed(phase: Phase) -> None:
    found = host(stage_of(phase))

    assert ("bridge" if phase is Phase.FETCH else "none") == found["network_mode"]
    assert found["read_only"]
    assert ["ALL"] == found["cap_drop"]
    assert ["no-new-privileges:true"] == found["security_opt"]
    assert (2**30, 2**30, 99) == (found["mem_limit"], found["memswap_limit"], found["pids_limit"])
    assert [] == found["device_requests"]
    assert {"core": 0, "fsize": 2**31} == {limit["Name"]: limit["Hard"] for limit in found["ulimits"]}
    writable = [mount["Target"] for mount in found["mounts"] if not mount["ReadOnly"]]
    assert ["/out"] == writable
    assert {"/spec", "/out", "/inputs/rows/mnli", "/opt/codestilts/code"} <= {m["Target"] for m in found["mounts"]}
    assert not any("docker.sock" in mount["Source"] for mount in found["mounts"])


def test_a_fetch_that_finds_its_files_in_its_image_has_no_network_and_no_token() -> None:
    stage = stage_of(Phase.FETCH)

    assert "none" == host(stage, baked=True)["network_mode"]
    assert "HF_TOKEN" not in confinement.variables(stage, {"HF_TOKEN": "t"}, None, online=False)


def test_a_gpu_is_given_by_its_id_and_to_none_that_did_not_ask() -> None:
    (request,) = host(stage_of(Phase.FINETUNE), "GPU-1")["device_requests"]
    (named,) = host(stage_of(Phase.FINETUNE), "0", cdi=True)["device_requests"]

    assert ["GPU-1"] == request["DeviceIDs"]
    assert [["gpu"]] == request["Capabilities"]
    assert ["nvidia.com/gpu=0"] == named["DeviceIDs"]
    assert "void" == confinement.variables(stage_of(Phase.SCORE), {}, None, online=False)["NVIDIA_VISIBLE_DEVICES"]


def test_more_processors_than_the_engine_has_are_not_asked_for() -> None:
    stage = dataclasses.replace(
        stage_of(Phase.FINETUNE), environment=Environment(base="b", lock="", device="cuda", threads=16)
    )

    assert 8 * 10**9 == host(stage, "0")["nano_cpus"]


def test_variables_are_an_allow_list_and_the_callers_reach_fetch_alone() -> None:
    caller = {"HTTPS_PROXY": "p", "HF_TOKEN": "t", "AWS_SECRET_ACCESS_KEY": "s", "PYTHONPATH": "x"}
    fetch, score = (
        confinement.variables(stage_of(phase), caller, None, online=confinement.is_online(stage_of(phase)))
        for phase in (Phase.FETCH, Phase.SCORE)
    )

    assert {"HTTPS_PROXY", "HF_TOKEN"} == fetch.keys() & caller.keys()
    assert not score.keys() & caller.keys()
    assert "1" == score["HF_HUB_OFFLINE"]
    assert "HF_HUB_OFFLINE" not in fetch


def test_stages_are_never_root(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "getuid", lambda: 0)
    assert "65534:65534" == str(confinement.person())
    monkeypatch.setattr(os, "getuid", lambda: 1000)
    monkeypatch.setattr(os, "getgid", lambda: 1001)
    assert "1000:1001" == str(confinement.person())
    assert "0:0" == str(confinement.person(("name=rootless",))), "the caller's own user outside"


@pytest.mark.parametrize(
    ("end", "kind"),
    [
        (End(report=DONE, code=0, out_of_memory=True), None),
        (End(report=DONE, code=1, out_of_memory=False), FailureClass.WORKER_DIED),
        (End(report=None, code=0, out_of_memory=False), FailureClass.WORKER_DIED),
        (End(report=None, code=137, out_of_memory=True), FailureClass.OUT_OF_MEMORY),
        (End(report=None, code=137, out_of_memory=False), FailureClass.KILLED),
        (End(report=None, code=137, out_of_memory=False, late=True), FailureClass.TIMEOUT),
        (End(report=None, code=137, out_of_memory=False, overfull=True), FailureClass.OUTPUT),
        (End(report=DONE, code=0, out_of_memory=False, overfull=True), FailureClass.OUTPUT),
        (End(report=None, code=137, out_of_memory=False, engine_left=True), FailureClass.ENGINE_GONE),
        (End(report=ERROR, code=1, out_of_memory=False), FailureClass.BAD_INPUT),
        (End(report=ERROR, code=137, out_of_memory=True), FailureClass.OUT_OF_MEMORY),
    ],
)
def test_what_an_end_means(end: End, kind: FailureClass | None) -> None:
    found = failure_of(end, job(stage_of(Phase.SCORE)))

    assert kind is (found.kind if found else None)


def answer(**changes: Any) -> dict[str, Any]:
    gpu = {"name": "A100", "capability": [8, 0], "uuid": "u"}
    driver = "NVRM version: NVIDIA UNIX x86_64 Kernel Module  550.54.15  Tue Mar  5"
    return {"cuda": "12.6", "available": True, "arch": ["sm_80", "sm_90"], "devices": [gpu], "driver": driver} | changes


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"cuda": None}, "CPU build"),
        ({"cuda": "13.0"}, "driver 550.54.15 is too old for CUDA 13.0"),
        ({"available": False, "devices": []}, "sees no usable GPU (driver 550.54.15)"),
        ({"arch": ["sm_90", "compute_90"]}, "no code for A100 (compute capability 8.0)"),
    ],
)
def test_gpus_that_will_not_do(changes: dict[str, Any], words: str) -> None:
    (problem,) = gpu_probe.judge(answer(**changes))

    assert words in problem.what
    assert problem.remedy


def test_gpus_that_will_do() -> None:
    assert [] == gpu_probe.judge(answer(), bf16=True)
    assert ("GPU-u",) == gpu_probe.ids(answer())
    assert gpu_probe.covers(["sm_80"], (8, 9)), "machine code runs on later GPUs of its generation"
    assert gpu_probe.covers(["compute_80"], (12, 0)), "PTX on every later one"
    assert not gpu_probe.covers(["sm_80"], (9, 0))
    assert not gpu_probe.covers(["sm_86"], (8, 0))
