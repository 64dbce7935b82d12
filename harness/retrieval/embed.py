"""Sentence embeddings from a checkpoint, by the ``Transformer`` and ``Pooling`` modules of sentence-transformers.

As in jiant and XTREME the hidden states of one layer are averaged over the attention mask, special tokens included
(unless the backbone asks for another pooling). Nothing is trained, and nothing is normalised here.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from sentence_transformers.sentence_transformer.modules import Pooling, Transformer
from torch import nn

from harness.retrieval.layers import cut_above
from harness.training.backbone import Backbone
from harness.training.batches import Batch, collate, micro_batches
from harness.training.checkpoint import Checkpoint, load_checkpoint
from harness.training.inference import PIECE_BUDGET
from harness.training.inputs import pack
from harness.training.runtime import autocast
from tasks.errors import UserError
from tasks.types.base import Features, HeadKind

FloatMatrix = npt.NDArray[np.float32]
#: Called with the number of inputs embedded so far and the number of all.
Embedded = Callable[[int, int], None]

#: The names that sentence-transformers has for the poolings of ``backbone.json``.
_POOLING_MODES = {"mean": "mean", "first": "cls", "last": "lasttoken"}


class CheckpointTransformer(Transformer):  # type: ignore[misc]
    """The module of sentence-transformers around an encoder that is loaded already, strictly and once.

    The library's own loading fills tensors that are missing from the file with random numbers.

    Args:
        path: the checkpoint artifact that ``encoder`` comes from.
        encoder: its encoder.
        output: where in the encoder's output the token embeddings are, e.g. ``("hidden_states", 3)``.
    """

    def __init__(self, path: Path, encoder: nn.Module, output: tuple[str | int, ...]) -> None:
        self._loaded = (encoder,)  # in a tuple: torch registers no module before its own initialiser has run
        super().__init__(
            str(path),
            config_kwargs={"subfolder": "encoder", "local_files_only": True},
            processor_kwargs={"subfolder": "tokenizer", "local_files_only": True},
            modality_config={"text": {"method": "forward", "method_output_name": output}},
            module_output_name="token_embeddings",
        )
        if self.model is not encoder:
            raise RuntimeError("this version of sentence-transformers loads its encoder in another way")

    def _load_model(self, *_args: Any, **_kwargs: Any) -> nn.Module:
        return self._loaded[0]


class SentenceEmbedder:
    """Embeds sentences with a checkpoint; loaded once, used for any number of languages.

    Args:
        path: a checkpoint artifact.
        layers: indexes into the hidden states (0 is the embedding output) to embed from, all in one pass. With one
            layer, what lies above it is not computed where the architecture allows.
        device: where to compute.
        precision: ``fp32`` or ``bf16``; embeddings are float32 either way.

    Attributes:
        backbone: what ``backbone.json`` says.
        tokenizer: the checkpoint's fast tokenizer.
        layers: as given.
        cut: whether the encoder was shortened to the one layer.

    Raises:
        UserError: a layer that the backbone does not have.
        DataError: the checkpoint lacks a file or a tensor.
    """

    def __init__(
        self, path: Path, *, layers: Sequence[int], device: torch.device | str = "cpu", precision: str = "fp32"
    ) -> None:
        checkpoint = load_checkpoint(path)
        self.backbone: Backbone = checkpoint.backbone
        self.tokenizer: Any = checkpoint.tokenizer
        self._pad_id = checkpoint.pad_id
        self.layers = tuple(layers)
        self._device = torch.device(device)
        self._precision = precision
        encoder: Any = checkpoint.encoder.to(self._device).eval()
        _check_layers(self.layers, checkpoint)
        self.cut = len(self.layers) == 1 and cut_above(encoder, self.layers[0], self.backbone.layers)
        output = ("last_hidden_state",) if self.cut else ("hidden_states", self.layers[0])
        self._transformer = CheckpointTransformer(path, encoder, output)
        # Makes the module pass on all hidden states, beside the ones it was asked for.
        encoder.config.output_hidden_states = len(self.layers) > 1
        # As in training: where there is one type or none, the tokenizer's zeros are implied.
        takes_types = "token_type_ids" in inspect.signature(encoder.forward).parameters
        self._takes_types = takes_types and (getattr(checkpoint.config, "type_vocab_size", None) or 0) > 1
        self._pooling = Pooling(self.backbone.hidden_size, pooling_mode=_POOLING_MODES[self.backbone.pooling])

    def embed(self, features: Sequence[Features], embedded: Embedded | None = None) -> dict[int, FloatMatrix]:
        """Embed encoded sentences; equal ones are computed once.

        Args:
            features: encoded sentences, one sequence each.
            embedded: told after every batch how far it is.

        Returns:
            For each layer a matrix (sentences, hidden), float32, in the order given, not normalised.
        """
        first_seen: dict[tuple[Any, Any], int] = {}
        places = [first_seen.setdefault(_key(one), len(first_seen)) for one in features]
        if not places:
            return {layer: np.empty((0, self.backbone.hidden_size), np.float32) for layer in self.layers}
        starts = np.unique(places, return_index=True)[1]  # of each distinct sentence, where it first stands
        inputs = pack(HeadKind.SEQUENCE, [features[start] for start in starts])
        parts = micro_batches(inputs, np.arange(len(inputs)), PIECE_BUDGET[self._device.type])
        found: dict[int, list[FloatMatrix]] = {layer: [] for layer in self.layers}
        done = 0
        for part in parts:
            batch = collate(inputs, part, pad_id=self._pad_id, device=self._device)
            for layer, vectors in self._embed_batch(batch).items():
                found[layer].append(vectors)
            done += len(part)
            if embedded is not None:
                embedded(done, len(inputs))
        order = np.argsort(np.concatenate(parts))[places]  # back from longest first to the order given
        return {layer: np.concatenate(vectors)[order] for layer, vectors in found.items()}

    @torch.inference_mode()
    def _embed_batch(self, batch: Batch) -> dict[int, FloatMatrix]:
        """For each layer the pooled embeddings of one batch, (sequences, hidden)."""
        given = {"input_ids": batch.input_ids, "attention_mask": batch.attention_mask}
        if batch.token_type_ids is not None and self._takes_types:
            given["token_type_ids"] = batch.token_type_ids
        with autocast(self._device, self._precision):
            output = self._transformer(given)
        if len(self.layers) == 1:
            states = {self.layers[0]: output["token_embeddings"]}
        else:
            states = {layer: output["all_layer_embeddings"][layer] for layer in self.layers}
        return {layer: self._pool(state, batch.attention_mask) for layer, state in states.items()}

    def _pool(self, state: torch.Tensor, mask: torch.Tensor) -> FloatMatrix:
        # In single precision, whatever the encoder computed in.
        pooled = self._pooling({"token_embeddings": state.float(), "attention_mask": mask})["sentence_embedding"]
        vectors: FloatMatrix = pooled.cpu().numpy()
        return vectors


def _key(one: Features) -> tuple[Any, Any]:
    return one.input_ids, one.token_type_ids


def _check_layers(layers: tuple[int, ...], checkpoint: Checkpoint) -> None:
    depth = checkpoint.backbone.layers
    if not layers or not all(0 <= layer <= depth for layer in layers):
        raise UserError(f"layers {list(layers)} are not all among 0 to {depth}", where="layers")
