"""Sentence embeddings of a checkpoint, by a SentenceTransformer whose one pass serves every reading."""

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
from sentence_transformers import SentenceTransformer
from sentence_transformers.base.modules import InputModule, Module
from sentence_transformers.sentence_transformer.modules import Pooling
from torch import nn
from transformers import PreTrainedTokenizerFast

from harness.retrieval.knn import unit_rows
from harness.retrieval.readings import Reading, candidates, cut_above, hidden_states, require_there
from harness.specs.backbone import Backbone
from harness.training.batches import collate, micro_batches
from harness.training.checkpoint import Checkpoint, load_checkpoint
from harness.training.encoding import prefix_ids
from harness.training.inference import piece_budget
from harness.training.inputs import pack
from harness.training.runtime import autocast
from tasks.errors import UserError
from tasks.types.base import Features, HeadKind

FloatMatrix = npt.NDArray[np.float32]
#: Called with the number of inputs embedded so far and the number of all.
Embedded = Callable[[int, int], None]

#: The names that sentence-transformers has for poolings. Which pieces are averaged is said by the mask it is given.
_POOLING_MODES = {"mean": "mean", "mean-no-special": "mean", "first": "cls", "last": "lasttoken"}


class HiddenStates(InputModule):  # type: ignore[misc]
    """The input module: rows that a task type has encoded in, every hidden state out (``all_layer_embeddings``).

    The library's own ``Transformer`` would load the encoder anew, and draw random numbers for a tensor that is missing.

    Args:
        checkpoint: loaded strictly; its encoder is not copied.
        precision: ``fp32`` or ``bf16``.
    """

    def __init__(self, checkpoint: Checkpoint, precision: str) -> None:
        super().__init__()
        self.encoder = checkpoint.encoder
        self.tokenizer = checkpoint.tokenizer
        self.pad_id = checkpoint.pad_id
        self.precision = precision
        # As in training: where there is one type or none, the tokenizer's zeros are implied.
        typed = "token_type_ids" in inspect.signature(checkpoint.encoder.forward).parameters
        self.typed = typed and (getattr(checkpoint.config, "type_vocab_size", None) or 0) > 1

    def preprocess(
        self, inputs: Sequence[Features], prompt: str | None = None, **_options: object
    ) -> dict[str, torch.Tensor]:
        """One padded batch on the encoder's device; each tensor is (sequences, pieces).

        Raises:
            ValueError: there is a prompt, which encoded rows have no room for.
        """
        if prompt:
            raise ValueError("encoded sentences take no prompt")
        device = next(self.encoder.parameters()).device
        batch = collate(pack(HeadKind.SEQUENCE, inputs), np.arange(len(inputs)), pad_id=self.pad_id, device=device)
        features = {"input_ids": batch.input_ids, "attention_mask": batch.attention_mask}
        if self.typed and batch.token_type_ids is not None:
            features["token_type_ids"] = batch.token_type_ids
        return features

    def forward(self, features: dict[str, Any]) -> dict[str, Any]:
        """Add the hidden states, embedding output first, each (sequences, pieces, hidden)."""
        with autocast(features["input_ids"].device, self.precision):
            return {**features, "all_layer_embeddings": hidden_states(self.encoder, **features)}

    def save(self, output_path: str, *_arguments: object, safe_serialization: bool = True, **_options: object) -> None:
        """Refuse: :func:`harness.training.checkpoint.save_checkpoint` writes checkpoints."""
        raise NotImplementedError


class ReadingPooling(Module):  # type: ignore[misc]
    """Pools hidden states by :class:`Pooling`, once for each of its ``readings``.

    Args:
        hidden_size: of a hidden state.
        special: ids of pieces that are part of no sentence.
    """

    def __init__(self, hidden_size: int, special: Sequence[int]) -> None:
        super().__init__()
        self.readings: tuple[Reading, ...] = ()
        self.poolings = nn.ModuleDict(
            {name: Pooling(hidden_size, pooling_mode=mode) for name, mode in _POOLING_MODES.items()}
        )
        self.register_buffer("special", torch.tensor(special), persistent=False)

    def forward(self, features: dict[str, Any]) -> dict[str, Any]:
        """Add ``sentence_embedding``, (sequences, readings, hidden), float32."""
        pieces: torch.Tensor = features["attention_mask"]
        words = pieces * ~torch.isin(features["input_ids"], self.special)
        # A sentence of which nothing is left but special tokens is read from those.
        words = torch.where(words.any(dim=1, keepdim=True), words, pieces)
        states = features["all_layer_embeddings"]
        pooled = torch.empty((len(pieces), len(self.readings), states[0].shape[-1]), device=pieces.device)
        for number, reading in enumerate(self.readings):
            mask = words if reading.pooling == "mean-no-special" else pieces
            # In single precision, whatever the encoder computed in.
            given = {"token_embeddings": states[reading.layer].float(), "attention_mask": mask}
            pooled[:, number] = self.poolings[reading.pooling](given)["sentence_embedding"]
        return {**features, "sentence_embedding": pooled}

    def save(self, output_path: str, *_arguments: object, safe_serialization: bool = True, **_options: object) -> None:
        """Nothing: it has no weights."""


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
        batch_pieces: most pieces in a batch, padding included; the device's usual number if None.

    Attributes:
        backbone: what ``backbone.json`` says.
        tokenizer: the checkpoint's fast tokenizer.
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
        batch_pieces: int | None = None,
    ) -> None:
        checkpoint = load_checkpoint(path)
        self.backbone: Backbone = checkpoint.backbone
        self.tokenizer: PreTrainedTokenizerFast = checkpoint.tokenizer
        self.device = torch.device(device)
        self.kept = self.backbone.layers
        self._memory = memory
        self._scratch = scratch
        self._batch_pieces = batch_pieces or piece_budget(self.device).pieces
        self._encoder = checkpoint.encoder
        self._pooling = ReadingPooling(self.backbone.hidden_size, _special_ids(self.backbone, self.tokenizer))
        modules = [HiddenStates(checkpoint, precision), self._pooling]
        self._model = SentenceTransformer(modules=modules, device=str(self.device), local_files_only=True).eval()
        self.narrow(candidates(self.backbone) if readings is None else readings)

    @property
    def readings(self) -> tuple[Reading, ...]:
        """What is embedded, each once."""
        readings: tuple[Reading, ...] = self._pooling.readings
        return readings

    def narrow(self, readings: Sequence[Reading]) -> None:
        """Embed only this from now on. Layers that are given up do not come back.

        Raises:
            UserError: a layer that is not there, or not any more.
        """
        wanted = tuple(dict.fromkeys(readings))
        if not wanted:
            raise UserError("there is nothing to embed", where="readings", remedy="name one reading at least")
        require_there(wanted, self.kept, where="layers")
        self._pooling.readings = wanted
        self.kept = cut_above(self._encoder, max(reading.layer for reading in wanted), self.kept)

    @torch.inference_mode()
    def embed(self, features: Sequence[Features], embedded: Embedded | None = None) -> Vectors:
        """Embed encoded sentences; equal ones are computed once.

        Batches hold so many pieces rather than so many sentences, as ``SentenceTransformer.encode`` has them.

        Args:
            features: encoded sentences, one sequence each.
            embedded: told after every batch how far it is.

        Returns:
            For each reading a matrix (sentences, hidden), float32, in the order given, not normalised.
        """
        numbers: dict[tuple[Any, Any], int] = {}
        places = [numbers.setdefault((row.input_ids, row.token_type_ids), len(numbers)) for row in features]
        shape = (len(self.readings), len(numbers), self.backbone.hidden_size)
        vectors = Vectors(self.readings, _room(shape, self._memory, self._scratch), np.array(places, dtype=np.int64))
        if not numbers:
            return vectors
        distinct = [features[first] for first in np.unique(places, return_index=True)[1]]
        lengths = pack(HeadKind.SEQUENCE, distinct)
        done = 0
        for part in micro_batches(lengths, np.arange(len(distinct)), self._batch_pieces):
            batch = self._model.preprocess([distinct[place] for place in part])
            pooled = self._model(batch)["sentence_embedding"].cpu().numpy()
            vectors.matrices[:, part] = pooled.swapaxes(0, 1)
            done += len(part)
            if embedded is not None:
                embedded(done, len(distinct))
        return vectors


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


def _special_ids(backbone: Backbone, tokenizer: PreTrainedTokenizerFast) -> list[int]:
    """Pieces that are no part of any sentence. The unknown piece stands for one and is not among them."""
    marks = (getattr(tokenizer, f"{name}_token_id", None) for name in ("bos", "eos", "cls", "sep", "pad"))
    return sorted({mark for mark in marks if mark is not None} | set(prefix_ids(backbone, tokenizer)))
