"""Training recipes: every value has its source, and who has the last word on a value."""

from __future__ import annotations

from typing import Any

import pytest

from harness.errors import SpecError
from harness.specs.catalog import Catalog
from harness.specs.resolve import resolve
from harness.specs.suite import SuiteSpec
from harness.specs.training import TrainingSpec

CATALOG = Catalog()
SUITE: dict[str, Any] = {
    "name": "mine",
    "title": "Mine",
    "description": "d",
    "backbones": ["mini-roberta"],
    "recipes": ["none"],
    "targets": ["mini-xnli"],
    "training": "phang2020",
}


def resolved(**changes: Any) -> Any:
    return resolve(SuiteSpec.model_validate(SUITE | changes), CATALOG)


@pytest.mark.parametrize("name", ["phang2020", "xtreme"])
def test_each_value_of_a_published_recipe_has_its_source(name: str) -> None:
    recipe = CATALOG.training(name)
    parts = (recipe.defaults, *recipe.types.values(), *recipe.tasks.values(), recipe.intermediate, recipe.multitask)

    assert recipe.mlm is not None
    mlm = {f"mlm.{key}" for key in recipe.mlm.model_fields_set}
    said = {key for part in parts for key in part} | {"device", "precision", "mixing"} | mlm
    assert {"device", "precision", "mixing", "mlm"} <= recipe.model_fields_set
    assert said == recipe.sources.keys()


@pytest.mark.parametrize(
    ("recipe", "task", "kind", "expected"),
    [
        ("phang2020", "mnli", "sentence_pair", (256, 2, 1e-5, 32, None)),
        ("phang2020", "pawsx", "sentence_pair", (256, 5, 1e-5, 32, None)),
        ("phang2020", "udpos", "token_tagging", (256, 10, 1e-5, 32, None)),
        ("phang2020", "squad_v1", "span_qa", (384, 2, 1e-5, 16, None)),
        ("xtreme", "mnli", "sentence_pair", (128, 5, 2e-5, 32, None)),
        ("xtreme", "panx", "token_tagging", (128, 10, 2e-5, 32, None)),
        ("xtreme", "tydiqa", "span_qa", (384, 3, 3e-5, 32, 500)),
    ],
)
def test_published_recipes_say_what_the_scripts_say(
    recipe: str, task: str, kind: str, expected: tuple[Any, ...]
) -> None:
    """Length, epochs, learning rate, effective batch and warm-up in steps."""
    hyper = CATALOG.training(recipe).hyper(task, kind)

    assert expected == (hyper.max_length, hyper.epochs, hyper.learning_rate, hyper.batch_size, hyper.warmup_steps)


@pytest.mark.parametrize(
    ("task", "kind", "epochs", "length", "batch"),
    [
        ("mnli", "sentence_pair", 2, 256, 32),
        ("pawsx", "sentence_pair", 5, 256, 32),
        ("udpos", "token_tagging", 10, 256, 32),
        ("panx", "token_tagging", 10, 256, 32),
        ("squad_v1", "span_qa", 2, 384, 16),
        ("tydiqa", "span_qa", 2, 384, 16),
    ],
)
def test_the_default_recipe_is_jiant_s_to_the_last_value(
    task: str, kind: str, epochs: float, length: int, batch: int
) -> None:
    hyper = CATALOG.training("phang2020").hyper(task, kind)

    assert hyper.model_dump() == {
        "learning_rate": 1e-5,
        "epochs": epochs,
        "max_steps": None,
        "batch_size": batch,
        "warmup_fraction": 0.1,
        "warmup_steps": None,
        "weight_decay": 0.01,
        "adam_epsilon": 1e-8,
        "adam_beta1": 0.9,
        "adam_beta2": 0.999,
        "max_grad_norm": 1.0,
        "dropout": 0.1,
        "attention_dropout": 0.1,
        "micro_batch_pieces": 8192,
        "evaluate_every": 1000,
        "evaluation_rows": 500,
        "patience": 30,
        "max_length": length,
        "doc_stride": 128,
        "max_query_length": 64,
        "max_answer_length": 30,
    }


def test_phase_two_of_the_default_recipe_is_jiant_s_simple_runner() -> None:
    recipe = CATALOG.training("phang2020")
    for task, kind in (("mnli", "sentence_pair"), ("squad_v2", "span_qa"), ("ccg", "token_tagging")):
        hyper = recipe.hyper(task, kind, phase="intermediate")
        assert (3, 256, 32, 1e-5) == (hyper.epochs, hyper.max_length, hyper.batch_size, hyper.learning_rate)
    mixture = recipe.mixture_hyper()
    assert (3, 256, 32) == (mixture.epochs, mixture.max_length, mixture.batch_size)
    assert ("capped", 2**17) == (recipe.mixing.kind, recipe.mixing.cap)


def test_a_suite_overrides_by_key_and_the_rest_stays() -> None:
    found = resolved(hyper={"mini-mnli": {"learning_rate": 3e-5}})
    hyper = found.training.hyper("mini-mnli", "sentence_pair", found.spec.hyper["mini-mnli"])

    assert (3e-5, 2, 256) == (hyper.learning_rate, hyper.epochs, hyper.max_length)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, ("cuda", "fp32")),
        ({"device": "cpu"}, ("cpu", "fp32")),
        ({"precision": "bf16"}, ("cuda", "bf16")),
        ({"training": "mini"}, ("cpu", "fp32")),
    ],
)
def test_device_and_precision_are_the_recipe_s_unless_the_suite_says_so(
    changes: dict[str, Any], expected: tuple[str, str]
) -> None:
    spec = resolved(**changes).spec

    assert expected == (spec.device, spec.precision)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"learning_rte": 1}, r"hyper-parameters of mini-mnli: unknown key 'learning_rte' \(did you mean"),
        ({"batch_size": 0}, "hyper-parameters of mini-mnli: batch_size: Input should be greater"),
    ],
)
def test_a_wrong_override_is_one_sentence(values: dict[str, Any], message: str) -> None:
    with pytest.raises(SpecError, match=message):
        resolved(hyper={"mini-mnli": values})


def test_a_recipe_that_lacks_a_value_says_which() -> None:
    recipe = TrainingSpec(name="mine", title="Mine", defaults={"epochs": 1})
    with pytest.raises(SpecError, match=r"training recipe mine, hyper-parameters of a mixture: \w+: Field required"):
        recipe.mixture_hyper()
