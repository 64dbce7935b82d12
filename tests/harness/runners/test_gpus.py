"""Leases: a GPU to one stage at a time, and another one after a fault."""

from __future__ import annotations

import dataclasses
import threading

from harness.plan.stage import Environment, Stage
from harness.runners.gpus import Leases
from tests.harness.conftest import make_stage

CPU = make_stage("cpu")
GPU = dataclasses.replace(make_stage("gpu"), environment=Environment(base="local", lock="0" * 64, device="cuda"))


def test_only_stages_that_ask_for_a_gpu_get_one() -> None:
    leases = Leases(["0"])

    with leases.lease(CPU) as none, leases.lease(GPU) as first:
        assert none is None
        assert "0" == first


def test_no_two_stages_hold_the_same_gpu() -> None:
    leases = Leases(["0", "1"])
    held: set[str] = set()
    twice: list[str] = []
    guard = threading.Lock()

    def use() -> None:
        for _ in range(50):
            with leases.lease(GPU) as device:
                assert device is not None
                with guard:
                    if device in held:
                        twice.append(device)
                    held.add(device)
                with guard:
                    held.discard(device)

    threads = [threading.Thread(target=use) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert [] == twice


def test_the_next_try_gets_another_gpu() -> None:
    leases = Leases(["0", "1"])

    with leases.lease(GPU) as first:
        pass
    with leases.lease(GPU) as second:
        pass

    assert ("0", "1") == (first, second)


def test_room_is_counted_in_gpus_for_those_that_want_one_alone() -> None:
    leases = Leases(["0"])
    running: list[Stage] = [CPU, CPU]

    assert leases.has_room(GPU, running)
    assert leases.has_room(CPU, [GPU])
    assert not leases.has_room(GPU, [GPU])
    assert Leases([]).has_room(GPU, [GPU]), "with none at all the stage itself says so"
