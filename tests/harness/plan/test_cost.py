"""What a plan is said to take: by published rows, by what the suite caps, and by what a device does in an hour."""

from __future__ import annotations

from typing import Any

import pytest

from harness.data.suite_rows import suite_rows
from harness.plan.cost import expected_rows, format_estimate, gpu_hours, training_cost
from harness.plan.stage import Environment, Phase, Stage
from harness.specs.catalog import Catalog
from harness.specs.resolve import resolve
from harness.specs.suite import SuiteSpec
from harness.specs.task import SplitName

CATALOG = Catalog()


def rows(task: str, split: SplitName, limit: int | None = None, **changes: Any) -> int:
    fields = CATALOG.suite("paper").model_dump(by_alias=True) | changes
    resolved = resolve(SuiteSpec.model_validate(fields), CATALOG, allowed=("decoder", "gated", "remote-code"))
    return expected_rows(suite_rows(resolved).required(task, split), resolved.tasks[task].type, limit)


@pytest.mark.parametrize(
    ("task", "split", "count"),
    [
        ("mnli", "train", 392_702),
        ("anli_plus", "train", 1_104_934),  # as the paper counts it
        ("squad_v1", "train", 87_599),
        ("xnli", "test", 15 * 5_010),
        ("xquad", "test", 11 * 1_190),
        ("tydiqa", "test", 5_077),
    ],
)
def test_rows_are_expected_as_published(task: str, split: SplitName, count: int) -> None:
    assert count == rows(task, split)


def test_what_a_suite_caps_is_capped_in_each_language() -> None:
    assert 15 * 100 == rows("xnli", "test", 100)
    assert 1_000 == rows("anli_plus", "train", 1_000)
    assert 9 * 300 - (300 - 113) - (300 - 276) == rows("tydiqa", "test", 300)  # Bengali has 113 rows, Korean 276


def test_pairs_are_published_of_retrieval_and_sentences_are_embedded() -> None:
    mined, found = rows("bucc2018", "test"), rows("tatoeba", "test")
    assert 2 * 1_416_398 < 1.2 * mined
    assert mined < 1.2 * 2 * 1_416_398
    assert 60_000 < found < 2 * 36 * 1_000


def test_steps_end_a_training_before_its_epochs_do() -> None:
    hyper = resolve(CATALOG.suite("mini"), CATALOG).training.mixture_hyper()
    long, short = (
        training_cost(
            CATALOG.backbone("xlm-roberta-large"), "span_qa", 10_000, hyper.model_copy(update={"max_steps": steps})
        )
        for steps in (None, 2)
    )
    assert long > 100 * short


def stage(device: str, precision: str, cost: float = 3600.0) -> Stage:
    place = Environment(base="local", lock="x", device=device, precision=precision)
    return Stage(phase=Phase.FINETUNE, name=f"{device}/{precision}", version=1, environment=place, params={}, cost=cost)


def test_hours_are_those_of_the_device_that_computes() -> None:
    fp32, bf16 = (gpu_hours([stage("cuda", precision)]) for precision in ("fp32", "bf16"))
    assert 0 < bf16 < fp32
    assert 0 == gpu_hours([stage("cpu", "fp32")])
    sentence = format_estimate([stage("cuda", "fp32", 1e7), stage("cuda", "bf16", 1e7)])
    assert sentence is not None
    assert "40% of 989 TFLOP/s in bf16 and 67 TFLOP/s in fp32" in sentence
    assert "About 1.0 hours of one CPU core, roughly." == format_estimate([stage("cpu", "fp32")])
    assert format_estimate([stage("cpu", "fp32", 1.0)]) is None
