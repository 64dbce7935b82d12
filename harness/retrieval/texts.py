"""Embeddings of texts of any length, in parts that are kept: work that was cut off goes on where it was."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch

from harness.context import Progress
from harness.files import atomic_write, digest, file_digest
from harness.retrieval.embed import SentenceEmbedder
from harness.retrieval.exact import FloatMatrix
from harness.retrieval.readings import Reading, depth_scaled, require_there
from harness.specs.backbone import Backbone, Pooling
from harness.specs.task import TypeName
from harness.specs.training import ModelTask
from harness.training.encoding import limits
from harness.training.json_files import read_json
from harness.training.runtime import require_device
from tasks.rows import BitextSentence
from tasks.types import task_type

_TYPE: TypeName = "bitext_mining"


class TextEmbedder:
    """Embeds sentences in one reading of a checkpoint and keeps what it has done.

    Args:
        checkpoint: its folder.
        reading: how.
        work: folder of finished parts; a part is named by its sentences and by all else that decides its bytes.
        threads: compute threads.
        device: where to compute.
        max_length: most pieces of a sentence; the backbone may allow less.
        part: sentences a part. They are sorted by length within it, so its bytes hang on nothing outside of it.

    Attributes:
        reused: sentences whose embeddings were there already.
        truncated: sentences of those embedded now that were cut at their end.
    """

    def __init__(
        self,
        checkpoint: Path,
        *,
        reading: Reading,
        work: Path,
        threads: int,
        device: str = "cpu",
        max_length: int = 512,
        part: int = 4096,
    ) -> None:
        torch.set_num_threads(threads)
        self._embedder = SentenceEmbedder(checkpoint, readings=(reading,), device=require_device(device))
        task = ModelTask(name="bitext", type=_TYPE, labels=(), metric="f1", max_length=max_length)
        self._limits = limits(task, self._embedder.backbone, self._embedder.tokenizer)
        self._work = work
        self._reading = reading
        self._size = part
        files = sorted(path for path in checkpoint.rglob("*") if path.is_file() and _matters(path, checkpoint))
        self._identity = {
            "checkpoint": {path.relative_to(checkpoint).as_posix(): file_digest(path) for path in files},
            **reading.to_json(),
            "max_length": self._limits.max_length,
            "device": device,
            "threads": threads,
            "torch": str(torch.__version__),
        }
        self.reused = 0
        self.truncated = 0

    @property
    def width(self) -> int:
        """Of an embedding."""
        return self._embedder.backbone.hidden_size

    def embed(self, texts: Sequence[str], report: Progress) -> FloatMatrix:
        """Embeddings (sentences, width), float32, not normalised, in the order given."""
        found: FloatMatrix = np.empty((len(texts), self.width), np.float32)
        self._work.mkdir(parents=True, exist_ok=True)
        for start in range(0, len(texts), self._size):
            part = texts[start : start + self._size]
            found[start : start + len(part)] = self._part(part)
            done = start + len(part)
            report(done / len(texts), f"{done:,} of {len(texts):,} sentences")
        return found

    def _part(self, texts: Sequence[str]) -> FloatMatrix:
        path = self._work / f"{self._name(texts)}.npy"
        kept = _read_part(path, (len(texts), self.width))
        if kept is not None:
            self.reused += len(texts)
            return kept
        rows = [BitextSentence(id=str(n), unit=str(n), side="foreign", text=text) for n, text in enumerate(texts)]
        encoded = task_type(_TYPE).encode(rows, self._embedder.tokenizer, self._limits, ())
        self.truncated += encoded.report.truncated
        vectors = self._embedder.embed(encoded.features)[self._reading]
        with atomic_write(path) as file:
            np.save(file, vectors)
        return vectors

    def _name(self, texts: Sequence[str]) -> str:
        content = hashlib.sha256()
        for text in texts:
            content.update(text.encode("utf-8", "surrogatepass") + b"\n")
        return digest({**self._identity, "texts": content.hexdigest()})[:40]


def _matters(path: Path, checkpoint: Path) -> bool:
    """Whether a file of the checkpoint can change an embedding."""
    return path.relative_to(checkpoint).parts[0] in ("backbone.json", "encoder", "tokenizer")


def _read_part(path: Path, shape: tuple[int, int]) -> FloatMatrix | None:
    """A finished part, or None if it is not there or is not whole."""
    try:
        vectors: FloatMatrix = np.load(path, allow_pickle=False)
    except (OSError, ValueError, EOFError):
        return None
    return vectors if vectors.shape == shape and vectors.dtype == np.float32 else None


def reading_of(checkpoint: Path, layer: int | None, pooling: Pooling | None) -> Reading:
    """The reading asked for; what is left open is the depth-scaled layer, and the backbone's pooling.

    Raises:
        UserError: the backbone has no such hidden state.
    """
    backbone = Backbone.read(read_json(checkpoint / "backbone.json"), "backbone")
    reading = Reading(
        layer=depth_scaled(backbone.layers).layer if layer is None else layer, pooling=pooling or backbone.pooling
    )
    require_there((reading,), backbone.layers, where="--layer")
    return reading
