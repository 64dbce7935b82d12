"""Which readings there are, which are always reported, and which is chosen."""

import pytest

from harness.retrieval.readings import Reading, by_rule, by_sample, candidates, choose, curve, depth_scaled, fixed
from harness.specs.backbone import Backbone


def backbone(layers: int, **facts: str) -> Backbone:
    return Backbone.model_validate(
        {"name": "b", "architecture": "bert", "layers": layers, "hidden_size": 8, "max_length": 8, **facts}
    )


@pytest.mark.parametrize(
    ("layers", "expected"), [(24, 14), (12, 7), (22, 13), (28, 16), (6, 4), (4, 2), (2, 1), (1, 1)]
)
def test_the_rule_scales_with_depth(layers: int, expected: int) -> None:
    """24 layers give 14, as jiant and Phang et al. have it for XLM-R large."""
    assert Reading(layer=expected, pooling="mean") == depth_scaled(layers)


@pytest.mark.parametrize(("layers", "paper"), [(24, True), (14, True), (13, False), (6, False)])
def test_the_papers_own_layer_is_reported_where_there_is_one(layers: int, paper: bool) -> None:
    found = fixed(backbone(layers))

    assert paper == (found.get("paper") == Reading(layer=14))
    assert depth_scaled(layers) == found["depth_scaled"]


def test_candidates_are_all_hidden_states_in_all_poolings() -> None:
    assert 3 * 13 == len(set(candidates(backbone(12))))
    assert {"mean", "mean-no-special", "first"} == {reading.pooling for reading in candidates(backbone(12))}
    # The first piece of a causal encoder has seen nothing else.
    assert {"mean", "mean-no-special", "last"} == {
        reading.pooling for reading in candidates(backbone(12, pooling="last"))
    }


def test_the_best_is_chosen() -> None:
    scores = dict.fromkeys(candidates(backbone(6)), 0.25) | {Reading(layer=1, pooling="first"): 0.5}

    assert Reading(layer=1, pooling="first") == choose(scores, backbone(6))


def test_of_equals_the_plain_mean_nearest_to_the_rule_counts() -> None:
    spec = backbone(6)
    scores = dict.fromkeys(candidates(spec), 0.25)
    assert Reading(layer=4) == choose(scores, spec)
    del scores[Reading(layer=4)]
    assert Reading(layer=3) == choose(scores, spec)  # 3 and 5 are as near: the lower one
    for layer in range(7):
        scores.pop(Reading(layer=layer), None)
    assert Reading(layer=4, pooling="mean-no-special") == choose(scores, spec)


def test_languages_count_the_same_and_the_whole_curve_is_kept() -> None:
    spec = backbone(1)
    flat = dict.fromkeys(candidates(spec), 0.0)
    scores = {
        "xx": flat | {Reading(layer=0): 0.5, Reading(layer=1): 0.25},
        "yy": flat | {Reading(layer=0): 0.25, Reading(layer=1): 0.75},
    }
    choice = by_sample(scores, spec)

    assert ("dev", Reading(layer=1)) == (choice.rule, choice.reading)
    assert {"languages": 2, "score": 0.5} == choice.details(spec)["chosen_on"]
    assert {"mean": [0.375, 0.5], "mean-no-special": [0.0, 0.0], "first": [0.0, 0.0]} == choice.details(spec)["curve"]
    assert [0.25, 0.75] == choice.by_language(spec)["yy"]["mean"]
    assert curve(scores["xx"], spec) == choice.by_language(spec)["xx"]


def test_with_nothing_to_choose_by_the_rule_counts() -> None:
    spec = backbone(24)
    choice = by_rule(spec)

    assert (Reading(layer=14), "depth-scaled") == (choice.reading, choice.rule)
    assert (Reading(layer=14),) == choice.readings()
    assert "curve" not in choice.details(spec)
