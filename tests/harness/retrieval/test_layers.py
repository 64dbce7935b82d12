"""Which layers of an encoder are computed: those that the hidden states wanted need, and no others."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from harness.retrieval.readings import cut_above, hidden_states
from harness.training.checkpoint import load_checkpoint


def inputs() -> dict[str, torch.Tensor]:
    ids = torch.tensor([[1, 9, 10, 11, 12, 13, 2], [1, 20, 21, 2, 0, 0, 0]])
    return {"input_ids": ids, "attention_mask": (ids != 0).long()}


@pytest.mark.parametrize("architecture", ["bert", "roberta", "modernbert", "qwen2"])
@pytest.mark.parametrize("layer", [0, 1, 2, 3])
def test_a_cut_encoder_gives_the_hidden_states(
    make_checkpoint: Callable[..., Path], architecture: str, layer: int
) -> None:
    """One with a norm after its last layer keeps a layer more: what comes last is normed, an inner state is not."""
    encoder = load_checkpoint(make_checkpoint(architecture)).encoder
    with torch.inference_mode():
        expected = hidden_states(encoder, **inputs())
        kept = cut_above(encoder, layer, 3)
        given = hidden_states(encoder, **inputs())

    assert (max(layer, 1) if architecture in ("bert", "roberta") else min(layer + 1, 3)) == kept
    assert kept + 1 == len(given)
    assert len(expected) == 4
    for wanted, found in zip(expected[: layer + 1], given, strict=False):
        assert torch.equal(wanted, found)


def test_a_cut_encoder_has_fewer_parameters_and_may_be_cut_again(make_checkpoint: Callable[..., Path]) -> None:
    encoder = load_checkpoint(make_checkpoint("bert")).encoder
    sizes = [sum(parameter.numel() for parameter in encoder.parameters())]
    for layer, layers in ((2, 3), (1, 2)):
        assert layer == cut_above(encoder, layer, layers)
        sizes.append(sum(parameter.numel() for parameter in encoder.parameters()))

    assert sizes[0] > sizes[1] > sizes[2]


def test_an_encoder_without_one_list_of_layers_is_left_whole(make_checkpoint: Callable[..., Path]) -> None:
    encoder = load_checkpoint(make_checkpoint("bert")).encoder

    assert 5 == cut_above(encoder, 1, 5)
    assert 4 == len(hidden_states(encoder, **inputs()))
