"""Sentence embeddings from a checkpoint, by the ``Transformer`` and ``Pooling`` modules of sentence-transformers.

All hidden states come from one pass over the text, and each reading (:mod:`harness.retrieval.readings`) pools one of
them. Nothing is trained, and nothing is normalised here.
"""

from __future__ import annotations

import inspect
import math
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from sentence_transformers.sentence_transformer.modules import Pooling, Transformer
from torch import nn

from harness.retrieval.knn import unit_rows
from harness.retrieval.layers import cut_above
from harness.retrieval.readings import Reading, candidates, require_there
from harness.training.backbone import Backbone
from harness.training.batches import Batch, collate, micro_batches
from harness.training.checkpoint import load_checkpoint
from harness.training.encoding import prefix_ids
from harness.training.inference import PIECE_BUDGET
from harness.training.inputs import pack
from harness.training.runtime import autocast
from tasks.errors import UserError
from tasks.types.base import Features, HeadKind

FloatMatrix = npt.NDArray[np.float32]
#: Called with the number of inputs embedded so far and the number of all.
Embedded = Callable[[int, int], None]

#: The names that sentence-transformers has for poolings. Which pieces are averaged is said by the mask it is given.
_POOLING_MODES = {"mean": "mean", "mean-no-special": "mean", "first": "cls", "last": "lasttoken"}


class CheckpointTransformer(Transformer):  # type: ignore[misc]
    """The module of sentence-transformers around an encoder that is loaded already, strictly and once.

    The library's own loading fills tensors that are missing from the file with random numbers.

    Args:
        path: the checkpoint artifact that ``encoder`` comes from.
        encoder: its encoder. It passes on all hidden states from now on.
    """

    def __init__(self, path: Path, encoder: nn.Module) -> None:
        self._loaded = (encoder,)  # in a tuple: torch registers no module before its own initialiser has run
        super().__init__(
            str(path),
            config_kwargs={"subfolder": "encoder", "local_files_only": True},
            processor_kwargs={"subfolder": "tokenizer", "local_files_only": True},
            modality_config={"text": {"method": "forward", "method_output_name": "last_hidden_state"}},
            module_output_name="token_embeddings",
        )
        if self.model is not encoder:
            raise RuntimeError("this version of sentence-transformers loads its encoder in another way")
        config: Any = encoder.config
        config.output_hidden_states = True

    def _load_model(self, *_args: Any, **_kwargs: Any) -> nn.Module:
        return self._loaded[0]


class SentenceEmbedder:
    """Embeds sentences with a checkpoint; loaded once, used for any number of languages.

    Args:
        path: a checkpoint artifact.
        readings: what is embedded, all in one pass; all candidates if None. What lies above the highest layer is not
            computed where the architecture allows.
        device: where to compute.
        precision: ``fp32`` or ``bf16``; embeddings are float32 either way.
        memory: bytes of embeddings that are kept in memory at a time; more of them go to a file that has no name.
        scratch: folder of that file; the system's for temporary files if None.

    Attributes:
        backbone: what ``backbone.json`` says.
        tokenizer: the checkpoint's fast tokenizer.
        readings: as given.
        device: as given.
        kept: layers of the encoder that are computed.

    Raises:
        UserError: a layer that the backbone does not have.
        DataError: the checkpoint lacks a file or a tensor.
    """

    def __init__(
        self,
        path: Path,
        *,
        readings: Sequence[Reading] | None = None,
        device: torch.device | str = "cpu",
        precision: str = "fp32",
        memory: int = 2 << 30,
        scratch: Path | None = None,
    ) -> None:
        checkpoint = load_checkpoint(path)
        self.backbone: Backbone = checkpoint.backbone
        self.tokenizer: Any = checkpoint.tokenizer
        self.kept = self.backbone.layers
        self._pad_id = checkpoint.pad_id
        self.device = torch.device(device)
        self._precision = precision
        self._memory = memory
        self._scratch = scratch
        self._encoder: Any = checkpoint.encoder.to(self.device).eval()
        self._transformer = CheckpointTransformer(path, self._encoder)
        # As in training: where there is one type or none, the tokenizer's zeros are implied.
        takes_types = "token_type_ids" in inspect.signature(self._encoder.forward).parameters
        self._takes_types = takes_types and (getattr(checkpoint.config, "type_vocab_size", None) or 0) > 1
        self._special = torch.tensor(_special_ids(self.backbone, self.tokenizer), device=self.device)
        self._poolings = {
            name: Pooling(self.backbone.hidden_size, pooling_mode=mode) for name, mode in _POOLING_MODES.items()
        }
        self.readings: tuple[Reading, ...] = ()
        self.narrow(candidates(self.backbone) if readings is None else readings)

    def narrow(self, readings: Sequence[Reading]) -> None:
        """Embed only this from now on. Layers that are given up do not come back.

        Raises:
            UserError: a layer that is not there, or not any more.
        """
        wanted = tuple(dict.fromkeys(readings))
        if not wanted:
            raise UserError("there is nothing to embed", where="readings", remedy="name one reading at least")
        require_there(wanted, self.kept, where="layers")
        self.readings = wanted
        self.kept = cut_above(self._encoder, max(reading.layer for reading in wanted), self.kept)

    def embed(self, features: Sequence[Features], embedded: Embedded | None = None) -> Vectors:
        """Embed encoded sentences; equal ones are computed once.

        Args:
            features: encoded sentences, one sequence each.
            embedded: told after every batch how far it is.

        Returns:
            For each reading a matrix (sentences, hidden), float32, in the order given, not normalised.
        """
        first_seen: dict[tuple[Any, Any], int] = {}
        places = [first_seen.setdefault(_key(one), len(first_seen)) for one in features]
        rows = len(first_seen)
        shape = (len(self.readings), rows, self.backbone.hidden_size)
        found = Vectors(self.readings, _room(shape, self._memory, self._scratch), np.array(places, dtype=np.int64))
        if not rows:
            return found
        starts = np.unique(places, return_index=True)[1]  # of each distinct sentence, where it first stands
        inputs = pack(HeadKind.SEQUENCE, [features[start] for start in starts])
        done = 0
        for part in micro_batches(inputs, np.arange(rows), PIECE_BUDGET[self.device.type]):
            batch = collate(inputs, part, pad_id=self._pad_id, device=self.device)
            for number, vectors in enumerate(self._embed_batch(batch)):
                found.matrices[number, part] = vectors
            done += len(part)
            if embedded is not None:
                embedded(done, rows)
        return found

    @torch.inference_mode()
    def _embed_batch(self, batch: Batch) -> Iterator[FloatMatrix]:
        """For each reading the pooled embeddings of one batch, (sequences, hidden)."""
        given = {"input_ids": batch.input_ids, "attention_mask": batch.attention_mask}
        if batch.token_type_ids is not None and self._takes_types:
            given["token_type_ids"] = batch.token_type_ids
        with autocast(self.device, self._precision):
            states = self._transformer(given)["all_layer_embeddings"]
        words = batch.attention_mask * ~torch.isin(batch.input_ids, self._special)
        # A sentence of which nothing is left but special tokens is read from those.
        words = torch.where(words.any(dim=1, keepdim=True), words, batch.attention_mask)
        for reading in self.readings:
            mask = words if reading.pooling == "mean-no-special" else batch.attention_mask
            # In single precision, whatever the encoder computed in.
            pieces = {"token_embeddings": states[reading.layer].float(), "attention_mask": mask}
            yield self._poolings[reading.pooling](pieces)["sentence_embedding"].cpu().numpy()


class Vectors(Mapping[Reading, FloatMatrix]):
    """The embeddings of some sentences in several readings.

    Attributes:
        matrices: of the different inputs (readings, inputs, hidden), float32.
    """

    def __init__(self, readings: Sequence[Reading], matrices: FloatMatrix, places: npt.NDArray[np.int64]) -> None:
        self.matrices = matrices
        self._numbers = {reading: number for number, reading in enumerate(readings)}
        self._places = places

    def __getitem__(self, reading: Reading) -> FloatMatrix:
        """All sentences in one reading (sentences, hidden), in the order they were given. A copy."""
        vectors: FloatMatrix = self.matrices[self._numbers[reading]][self._places]
        return vectors

    def unit(self, reading: Reading, name: str) -> FloatMatrix:
        """The same, every row scaled to length one; nothing of that size lies in memory beside it.

        Raises:
            UserError: a row is not finite or has length zero; it is named, and ``name`` says whose it is.
        """
        return unit_rows(self.matrices[self._numbers[reading]], name=f"{name} ({reading})", rows=self._places)

    def __iter__(self) -> Iterator[Reading]:
        return iter(self._numbers)

    def __len__(self) -> int:
        return len(self._numbers)


def _room(shape: tuple[int, int, int], memory: int, scratch: Path | None) -> FloatMatrix:
    """A matrix of single precision: in memory, or if that is not enough in a file that goes with the last reference."""
    if math.prod(shape) * 4 <= memory:
        return np.empty(shape, np.float32)
    with tempfile.TemporaryFile(dir=scratch) as file:
        room: FloatMatrix = np.memmap(file, np.float32, "w+", shape=shape)
    return room


def _special_ids(backbone: Backbone, tokenizer: Any) -> list[int]:
    """Pieces that are no part of any sentence. The unknown piece stands for one and is not among them."""
    marks = (getattr(tokenizer, f"{name}_token_id", None) for name in ("bos", "eos", "cls", "sep", "pad"))
    return sorted({mark for mark in marks if mark is not None} | set(prefix_ids(backbone, tokenizer)))


def _key(one: Features) -> tuple[Any, Any]:
    return one.input_ids, one.token_type_ids
