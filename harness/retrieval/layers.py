"""How to compute no more of an encoder than the hidden states that are wanted."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

#: Far above what two orders of the same single-precision operations differ by, far below what a layer norm changes.
_SAME = 1e-5


def hidden_states(encoder: Any, **inputs: torch.Tensor) -> tuple[torch.Tensor, ...]:
    """All hidden states, embedding output first, each (sequences, pieces, hidden)."""
    states: tuple[torch.Tensor, ...] = encoder(**inputs, output_hidden_states=True, return_dict=True).hidden_states
    return states


def cut_above(encoder: Any, layer: int, layers: int) -> int:
    """Take layers out of the encoder that ``hidden_states`` up to ``layer`` do not need.

    Which are needed is tried out on a small input rather than looked up by architecture: an encoder with a norm after
    its last layer (ModernBERT, Qwen) has to keep one layer more, or ``hidden_states[layer]`` would be normed.

    Args:
        encoder: of ``layers`` layers.
        layer: the highest hidden state that is wanted.
        layers: how many there are now.

    Returns:
        How many there are afterwards.
    """
    found = _blocks(encoder, layers)
    if found is None:
        return layers
    parent, name, blocks = found
    probe = _probe(encoder)
    with torch.inference_mode():
        wanted = hidden_states(encoder, **probe)[: layer + 1]
        for kept in range(max(layer, 1), min(layer + 2, layers)):  # with no layer at all none are told
            setattr(parent, name, blocks[:kept])
            given = hidden_states(encoder, **probe)[: layer + 1]
            if len(given) == len(wanted) and all(map(_same, given, wanted)):
                return kept
    setattr(parent, name, blocks)
    return layers


def _same(one: torch.Tensor, other: torch.Tensor) -> bool:
    return one.shape == other.shape and torch.allclose(one, other, rtol=_SAME, atol=_SAME)


def _blocks(encoder: Any, layers: int) -> tuple[nn.Module, str, nn.ModuleList] | None:
    """The one list of ``layers`` modules in the encoder, with its owner and name; None if there is not exactly one."""
    found = [
        (parent, name, child)
        for parent in encoder.modules()
        for name, child in parent.named_children()
        if isinstance(child, nn.ModuleList) and len(child) == layers
    ]
    return found[0] if len(found) == 1 else None


def _probe(encoder: Any) -> dict[str, torch.Tensor]:
    """Two short inputs, the second padded."""
    embeddings = encoder.get_input_embeddings()
    ids = torch.arange(16, device=embeddings.weight.device).reshape(2, 8) % embeddings.num_embeddings
    mask = torch.ones_like(ids)
    mask[1, 5:] = 0
    return {"input_ids": ids, "attention_mask": mask}
