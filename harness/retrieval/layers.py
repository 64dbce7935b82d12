"""Which hidden state a sentence embedding is taken from, and how to compute no more of the encoder than that needs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import torch
from torch import nn

from harness.training.backbone import Backbone
from tasks.errors import UserError

#: ``hidden_states[14]`` of XLM-R large's 24 layers, as jiant and Phang et al. (2020); XTREME's index 13 is the same.
REFERENCE_LAYER, REFERENCE_DEPTH = 14, 24
#: Far above what two orders of the same single-precision operations differ by, far below what a layer norm changes.
_SAME = 1e-5


@dataclass(frozen=True, kw_only=True)
class LayerChoice:
    """An index into the hidden states (0 is the embedding output, ``layers`` the last) and where it comes from."""

    layer: int
    layers: int
    rule: Literal["backbone", "depth-scaled"]


def choose_layer(backbone: Backbone) -> LayerChoice:
    """The backbone's own retrieval layer, or where it names none the reference's, scaled to the backbone's depth.

    Raises:
        UserError: the backbone names a layer that it does not have.
    """
    layers = backbone.layers
    if backbone.retrieval_layer is None:
        scaled = round(REFERENCE_LAYER * layers / REFERENCE_DEPTH)
        return LayerChoice(layer=scaled, layers=layers, rule="depth-scaled")
    if not 0 <= backbone.retrieval_layer <= layers:
        raise UserError(
            f"there is no hidden state {backbone.retrieval_layer} in {layers} layers",
            where="backbone.retrieval_layer",
            remedy=f"give a layer from 0 (the embeddings) to {layers}",
        )
    return LayerChoice(layer=backbone.retrieval_layer, layers=layers, rule="backbone")


def hidden_states(encoder: Any, **inputs: torch.Tensor) -> tuple[torch.Tensor, ...]:
    """All hidden states, embedding output first, each (sequences, pieces, hidden)."""
    states: tuple[torch.Tensor, ...] = encoder(**inputs, output_hidden_states=True, return_dict=True).hidden_states
    return states


def cut_above(encoder: Any, layer: int, layers: int) -> bool:
    """Take the layers above ``layer`` out of the encoder, if its last hidden state then is ``hidden_states[layer]``.

    Whether it is, is tried out on a small input rather than looked up by architecture: an encoder with a norm after its
    last layer (ModernBERT, Qwen) gives something else. Such an encoder is left as it was.

    Returns:
        Whether the encoder was cut.
    """
    found = _blocks(encoder, layers)
    if found is None:
        return False
    parent, name, blocks = found
    probe = _probe(encoder)
    with torch.inference_mode():
        wanted = hidden_states(encoder, **probe)[layer]
        setattr(parent, name, blocks[:layer])
        given = encoder(**probe, return_dict=True).last_hidden_state
    if given.shape == wanted.shape and torch.allclose(given, wanted, rtol=_SAME, atol=_SAME):
        return True
    setattr(parent, name, blocks)
    return False


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
