"""Masked-language-model steps on a corpus: all of ``pretrain``, and what ``+mlm`` puts between the steps on tasks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from harness.training import heads, masked_lm
from harness.training.batches import shuffled
from harness.training.checkpoint import MLM_HEAD, Checkpoint, load_mlm_head, new_mlm_head
from harness.training.heads import MaskedLMHead
from harness.training.masked_lm import MaskedBlocks
from harness.training.runtime import Reporter, derived_seed
from harness.training.steps import Step
from tasks.errors import DataError, UserError


@dataclass(frozen=True, kw_only=True)
class BlockParams:
    """How a corpus is read.

    Attributes:
        batch_size: blocks a step.
        block_length: pieces a block, special ones included.
        mask_probability: of a piece to be a target.
    """

    batch_size: int
    block_length: int
    mask_probability: float = 0.15


@dataclass(frozen=True, kw_only=True)
class CorpusBatches:
    """Endless effective batches of a corpus, and what to record of them."""

    steps: Iterator[Step[MaskedBlocks]]
    params: BlockParams
    blocks: int
    head_from: str

    def record(self, steps: int) -> dict[str, Any]:
        """What to record of the corpus, of which so many steps were taken."""
        inputs = steps * self.params.batch_size
        return {
            "steps": steps,
            "pieces": inputs * self.params.block_length,
            "corpus_blocks": self.blocks,
            "passes": inputs / self.blocks,
            "mlm_head": self.head_from,
        }


def require_mlm_head(folder: Path, checkpoint: Checkpoint) -> None:
    """Refuse ``+mlm`` from a checkpoint without a masked-LM head of its own: a fresh one would drag the encoder along.

    Raises:
        UserError: it has none.
    """
    if not (folder / MLM_HEAD).exists():
        raise UserError(
            f"the snapshot of {checkpoint.backbone.name} has no masked-language-modelling head, which +mlm needs",
            where="checkpoint",
            remedy="leave recipes +mlm out for it, or pretrain it further first",
        )


class CorpusSteps:
    """The head and the batches of masked language modelling on a corpus.

    Attributes:
        head: the checkpoint's masked-LM head, or a fresh one; trained along with the encoder.
    """

    def __init__(self, params: BlockParams, checkpoint: Checkpoint, folder: Path, corpus: Path, seed: int) -> None:
        """``folder`` is the one that ``checkpoint`` was read from, ``corpus`` the corpus artifact.

        Raises:
            UserError: the backbone has no mask piece, or takes no input of this length.
        """
        self._params = params
        self._seed = seed
        self._corpus = corpus
        self._tokenizer = checkpoint.tokenizer
        self._vocabulary = masked_lm.read_vocabulary(checkpoint.tokenizer, checkpoint.backbone)
        if params.block_length > checkpoint.backbone.max_length:
            raise UserError(
                f"blocks of {params.block_length} pieces exceed the backbone's {checkpoint.backbone.max_length}",
                where="block_length",
            )
        found = load_mlm_head(folder, checkpoint.config)
        self._head_from = "fresh" if found is None else "checkpoint"
        self.head: MaskedLMHead = new_mlm_head(checkpoint.config) if found is None else found
        if found is None:
            heads.initialise(self.head, derived_seed(seed, "mlm_head"))

    def batches(self, steps: int, *, device: torch.device, report: Reporter) -> CorpusBatches:
        """Effective batches for ``steps`` steps.

        Raises:
            DataError: the corpus is missing or too small.
        """
        params = self._params
        path = self._corpus / "text.jsonl"
        if not path.exists():
            raise DataError("the corpus has no text.jsonl", where="inputs.corpus")
        blocks = masked_lm.read_blocks(
            path,
            self._tokenizer,
            self._vocabulary,
            block_length=params.block_length,
            most=steps * params.batch_size,
            report=report,
        )
        batches = masked_lm.steps(
            blocks,
            shuffled(len(blocks), params.batch_size, derived_seed(self._seed, "blocks")),
            self._vocabulary,
            probability=params.mask_probability,
            seed=self._seed,
            device=device,
        )
        return CorpusBatches(steps=batches, params=params, blocks=len(blocks), head_from=self._head_from)
