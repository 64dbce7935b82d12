"""Seeds, threads and progress."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from harness.context import StageContext
from harness.training.runtime import Reporter, derived_seed, set_up
from tasks.errors import UserError


def context(**fields: object) -> StageContext:
    return StageContext(params={}, inputs={}, out=Path(), progress=lambda _f, _n: None, **fields)  # type: ignore[arg-type]


def test_set_up_fixes_everything_each_time() -> None:
    drawn = []
    for _ in range(2):
        torch.set_grad_enabled(False)
        torch.use_deterministic_algorithms(False)
        torch.set_num_threads(2)
        assert torch.device("cpu") == set_up(context(seed=3, threads=1))
        drawn.append(torch.rand(4).tolist())
        assert torch.is_grad_enabled()
        assert torch.are_deterministic_algorithms_enabled()
        assert 1 == torch.get_num_threads()

    assert drawn[0] == drawn[1]


@pytest.mark.skipif(torch.cuda.is_available(), reason="this host has a GPU")
def test_a_missing_gpu_is_an_error() -> None:
    with pytest.raises(UserError, match="no CUDA device is visible"):
        set_up(context(device="cuda"))


def test_each_purpose_has_a_seed_of_its_own() -> None:
    seeds = {derived_seed(seed, *purpose) for seed in (1, 2) for purpose in (("a",), ("b",), ("a", 1), ("a1",))}

    assert 8 == len(seeds)
    assert all(0 <= seed < 2**63 for seed in seeds)
    assert derived_seed(1, "a") == derived_seed(1, "a")


def test_parts_of_a_report_stay_in_their_stretch() -> None:
    heard: list[tuple[float, str]] = []
    report = Reporter(lambda fraction, note: heard.append((fraction, note)), interval=0.0)
    report.part(0.5, 1.0).part(0.0, 0.5)(0.5, "half")
    report.part(0.5, 1.0)(3.0, "over")

    assert [(0.625, "half"), (1.0, "over")] == heard


def test_a_report_speaks_seldom_but_always_of_the_end() -> None:
    heard: list[float] = []
    report = Reporter(lambda fraction, _note: heard.append(fraction), interval=60.0)
    for fraction in (0.1, 0.2, 0.3, 1.0):
        report(fraction, "")

    assert [0.1, 1.0] == heard
