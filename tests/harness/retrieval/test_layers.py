"""Which layer is embedded from, and that cutting an encoder there changes nothing."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from harness.retrieval.layers import choose_layer, cut_above, hidden_states
from harness.training.backbone import Backbone
from harness.training.checkpoint import load_checkpoint
from tasks.errors import UserError


def backbone(layers: int, retrieval_layer: int | None = None) -> Backbone:
    facts = {"name": "b", "architecture": "bert", "hidden_size": 8, "max_length": 16}
    return Backbone.from_json({**facts, "layers": layers, "retrieval_layer": retrieval_layer})


@pytest.mark.parametrize(
    ("layers", "expected"), [(24, 14), (12, 7), (22, 13), (28, 16), (6, 4), (4, 2), (2, 1), (1, 1)]
)
def test_the_rule_scales_with_depth(layers: int, expected: int) -> None:
    """24 layers give 14, as jiant and Phang et al. have it for XLM-R large."""
    choice = choose_layer(backbone(layers))

    assert (expected, layers, "depth-scaled") == (choice.layer, choice.layers, choice.rule)


@pytest.mark.parametrize("layer", [0, 5, 12])
def test_a_layer_of_the_backbones_own(layer: int) -> None:
    choice = choose_layer(backbone(12, layer))

    assert (layer, "backbone") == (choice.layer, choice.rule)


@pytest.mark.parametrize("layer", [-1, 13])
def test_a_layer_that_is_not_there(layer: int) -> None:
    with pytest.raises(UserError, match=f"no hidden state {layer} in 12 layers"):
        choose_layer(backbone(12, layer))


def inputs() -> dict[str, torch.Tensor]:
    ids = torch.tensor([[1, 9, 10, 11, 12, 13, 2], [1, 20, 21, 2, 0, 0, 0]])
    return {"input_ids": ids, "attention_mask": (ids != 0).long()}


@pytest.mark.parametrize("architecture", ["bert", "roberta"])
@pytest.mark.parametrize("layer", [0, 1, 2, 3])
def test_a_cut_encoder_gives_the_hidden_state(
    make_checkpoint: Callable[..., Path], architecture: str, layer: int
) -> None:
    encoder = load_checkpoint(make_checkpoint(architecture)).encoder
    before = sum(parameter.numel() for parameter in encoder.parameters())
    with torch.inference_mode():
        expected = hidden_states(encoder, **inputs())
        cut = cut_above(encoder, layer, 3)
        given = encoder(**inputs()).last_hidden_state
    after = sum(parameter.numel() for parameter in encoder.parameters())

    assert cut
    assert torch.equal(expected[layer], given)
    assert (layer < 3) == (after < before)
    assert len(expected) == 4


@pytest.mark.parametrize("architecture", ["modernbert", "qwen2"])
def test_an_encoder_with_a_final_norm_is_left_whole(make_checkpoint: Callable[..., Path], architecture: str) -> None:
    """Its last hidden state is normed and an inner one is not; only its last layer can be taken from the end."""
    encoder = load_checkpoint(make_checkpoint(architecture)).encoder
    with torch.inference_mode():
        expected = encoder(**inputs()).last_hidden_state

        assert not cut_above(encoder, 2, 3)
        assert torch.equal(expected, encoder(**inputs()).last_hidden_state)
        assert cut_above(encoder, 3, 3)


def test_an_encoder_without_one_list_of_layers_is_left_whole(make_checkpoint: Callable[..., Path]) -> None:
    encoder = load_checkpoint(make_checkpoint("bert")).encoder

    assert not cut_above(encoder, 1, 5)
