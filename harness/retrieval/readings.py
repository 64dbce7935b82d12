"""How a sentence embedding is read out of an encoder: hidden state and pooling, the candidates, and the choice.

A reading is chosen on sentences that are never scored. Two fixed readings are always reported with it: the paper's, and
the paper's scaled to the encoder's depth.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import torch
from torch import nn

from harness.specs.backbone import Backbone, Pooling
from tasks.errors import UserError

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


@dataclass(frozen=True, kw_only=True)
class Choice:
    """The reading that the headline number is made by, and where it comes from.

    Attributes:
        reading: the chosen one.
        fixed: what is reported beside it, by name.
        rule: ``dev``: the best mean over the sample's languages; ``depth-scaled``: nothing to choose by.
        scores: for ``dev``, by language the score of every reading on its sample.
    """

    reading: Reading
    fixed: Mapping[str, Reading]
    rule: Literal["dev", "depth-scaled"]
    scores: Mapping[str, Mapping[Reading, float]] = field(default_factory=dict)

    def readings(self) -> Sequence[Reading]:
        """All that are used, each once."""
        return tuple(dict.fromkeys((self.reading, *self.fixed.values())))

    def details(self, backbone: Backbone) -> dict[str, Any]:
        """For ``details.json``: the choice, with the whole curve of means that it was made by."""
        found = {
            **self.reading.to_json(),
            "layers": backbone.layers,
            "rule": self.rule,
            "fixed": {name: reading.to_json() for name, reading in self.fixed.items()},
        }
        if self.scores:
            means = mean_scores(self.scores)
            found["chosen_on"] = {"languages": len(self.scores), "score": means[self.reading]}
            found["curve"] = curve(means, backbone)
        return found

    def by_language(self, backbone: Backbone) -> dict[str, Any]:
        """The curve of every language of the sample."""
        return {language: curve(scores, backbone) for language, scores in self.scores.items()}


def by_rule(backbone: Backbone) -> Choice:
    """The reference's reading, scaled to the backbone's depth."""
    return Choice(reading=depth_scaled(backbone.layers), fixed=fixed(backbone), rule="depth-scaled")


def by_sample(scores: Mapping[str, Mapping[Reading, float]], backbone: Backbone) -> Choice:
    """The best mean over languages, each counting as much as any other.

    Args:
        scores: by language the score of every candidate.
        backbone: decides between equals.
    """
    reading = choose(mean_scores(scores), backbone)
    return Choice(reading=reading, fixed=fixed(backbone), rule="dev", scores=scores)


def mean_scores(scores: Mapping[str, Mapping[Reading, float]]) -> dict[Reading, float]:
    """The mean over languages of every reading's score."""
    every = list(scores.values())
    return {reading: sum(found[reading] for found in every) / len(every) for reading in every[0]}


#: ``hidden_states[14]`` of XLM-R large's 24 layers, as jiant and Phang et al. (2020); XTREME's index 13 is the same.
REFERENCE_LAYER, REFERENCE_DEPTH = 14, 24
#: What the reference pools by: all pieces that are not padding, special tokens too.
REFERENCE_POOLING: Pooling = "mean"
PAPER, DEPTH_SCALED = "paper", "depth_scaled"


@dataclass(frozen=True, kw_only=True, order=True)
class Reading:
    """One way to read a sentence embedding.

    Attributes:
        layer: index into the hidden states; 0 is the embedding output.
        pooling: how the pieces become one vector.
    """

    layer: int
    pooling: Pooling = REFERENCE_POOLING

    def __str__(self) -> str:
        return f"layer {self.layer}, {self.pooling}"

    def to_json(self) -> dict[str, Any]:
        """For the record."""
        return {"layer": self.layer, "pooling": self.pooling}


def depth_scaled(layers: int) -> Reading:
    """The reference's reading, its layer scaled to an encoder of so many layers."""
    return Reading(layer=round(REFERENCE_LAYER * layers / REFERENCE_DEPTH))


def fixed(backbone: Backbone) -> dict[str, Reading]:
    """What is reported of every backbone: the depth-scaled reading, and the paper's where there is such a layer."""
    found = {DEPTH_SCALED: depth_scaled(backbone.layers)}
    if backbone.layers >= REFERENCE_LAYER:
        found[PAPER] = Reading(layer=REFERENCE_LAYER)
    return found


def poolings(backbone: Backbone) -> tuple[Pooling, ...]:
    """Those that are tried, the first first among equals.

    The first piece of a causal backbone has seen no other, and the last piece of any other is no summary of it.
    """
    return ("mean", "mean-no-special", "last" if backbone.pooling == "last" else "first")


def candidates(backbone: Backbone) -> tuple[Reading, ...]:
    """Every reading that may be chosen: all hidden states in all poolings."""
    return tuple(
        Reading(layer=layer, pooling=pooling) for pooling in poolings(backbone) for layer in range(backbone.layers + 1)
    )


def choose(scores: Mapping[Reading, float], backbone: Backbone) -> Reading:
    """The reading with the best score.

    Of equals the pooling that is named first counts, then the layer nearest to the depth-scaled one, then the lower.
    """
    order, near = poolings(backbone), depth_scaled(backbone.layers).layer

    def rank(reading: Reading) -> tuple[float, int, int, int]:
        return -scores[reading], order.index(reading.pooling), abs(reading.layer - near), reading.layer

    return min(scores, key=rank)


def curve(scores: Mapping[Reading, float], backbone: Backbone) -> dict[str, list[float]]:
    """The scores of all candidates: by pooling a list, layer 0 first."""
    return {
        pooling: [scores[Reading(layer=layer, pooling=pooling)] for layer in range(backbone.layers + 1)]
        for pooling in poolings(backbone)
    }


def require_there(readings: Sequence[Reading], layers: int, *, where: str) -> None:
    """Refuse a layer that an encoder does not have.

    Raises:
        UserError: naming the layer.
    """
    for reading in readings:
        if not 0 <= reading.layer <= layers:
            raise UserError(
                f"there is no hidden state {reading.layer} in {layers} layers",
                where=where,
                remedy=f"give a layer from 0 (the embeddings) to {layers}",
            )
