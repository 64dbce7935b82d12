"""Masked-language-model steps between the steps on tasks (``+mlm``; Phang et al. 2020, section 2.2, continued MLM)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from harness.training import heads, masked_lm
from harness.training.batches import shuffled
from harness.training.checkpoint import Checkpoint, load_mlm_head, new_mlm_head
from harness.training.loop import Step
from harness.training.masked_lm import MaskedBlocks
from harness.training.runtime import Reporter, derived_seed
from tasks.errors import DataError, UserError


@dataclass(frozen=True, kw_only=True)
class MlmParams:
    """What ``+mlm`` adds.

    Attributes:
        ratio: masked-language-model steps for each step on a task.
        batch_size: blocks a step.
        block_length: pieces a block, special ones included.
        mask_probability: of a piece to be a target.
    """

    ratio: float
    batch_size: int
    block_length: int
    mask_probability: float = 0.15

    def steps(self, task_steps: int) -> int:
        """How many masked-language-model steps go with so many steps on tasks."""
        return max(1, round(self.ratio * task_steps))


@dataclass(frozen=True, kw_only=True)
class Interleaving:
    """Which of a training's steps are on tasks; ``on_task``: (steps,)."""

    on_task: npt.NDArray[np.bool_]

    @classmethod
    def draw(cls, task_steps: int, mlm_steps: int, seed: int) -> Self:
        """Steps of both kinds in random order; the last is on a task, for its weights are what is evaluated."""
        total = task_steps + mlm_steps
        generator = np.random.default_rng(derived_seed(seed, "interleaving"))
        on_task = np.ones(total, bool)
        on_task[generator.choice(total - 1, size=mlm_steps, replace=False)] = False
        return cls(on_task=on_task)

    def ends(self, task_ends: tuple[int, ...]) -> tuple[int, ...]:
        """The epochs' ends, given in steps on tasks, in steps of the whole training; both count from 1."""
        places = np.flatnonzero(self.on_task) + 1
        return tuple(int(places[end - 1]) for end in task_ends)


class MaskedLanguageModelling:
    """The corpus, the head and the batches of the added steps."""

    def __init__(self, params: MlmParams, checkpoint: Checkpoint, folder: Path, source: Path, seed: int) -> None:
        """``folder``: the checkpoint's, whose masked-LM head is used if it has one; ``source``: the corpus artifact."""
        self.params = params
        self._seed = seed
        self._source = source
        self._checkpoint = checkpoint
        self._vocabulary = masked_lm.read_vocabulary(checkpoint.tokenizer, checkpoint.backbone)
        if params.block_length > checkpoint.backbone.max_length:
            raise UserError(
                f"blocks of {params.block_length} pieces exceed the backbone's {checkpoint.backbone.max_length}",
                where="params.mlm.block_length",
            )
        found: Any = load_mlm_head(folder, checkpoint.config)
        self._source_of_head = "fresh" if found is None else "checkpoint"
        if found is None:
            found = new_mlm_head(checkpoint.config)
            heads.initialise(found, derived_seed(seed, "mlm_head"))
        self.head: nn.Module = found

    def batches(
        self, steps: int, *, budget: int, device: torch.device, report: Reporter
    ) -> tuple[Iterator[Step[MaskedBlocks]], dict[str, Any]]:
        """Endless effective batches, and what to record of them.

        Raises:
            DataError: the corpus is missing or too small.
        """
        params = self.params
        path = self._source / "text.jsonl"
        if not path.exists():
            raise DataError("the corpus has no text.jsonl", where="inputs.corpus")
        blocks = masked_lm.read_blocks(
            path,
            self._checkpoint.tokenizer,
            self._vocabulary,
            block_length=params.block_length,
            most=steps * params.batch_size,
            report=report,
        )
        record = {
            "steps": steps,
            "pieces": steps * params.batch_size * params.block_length,
            "corpus_blocks": len(blocks),
            "passes": steps * params.batch_size / len(blocks),
            "head": self._source_of_head,
        }
        batches = masked_lm.steps(
            blocks,
            shuffled(len(blocks), params.batch_size, derived_seed(self._seed, "blocks")),
            self._vocabulary,
            probability=params.mask_probability,
            budget=budget,
            seed=self._seed,
            device=device,
        )
        return batches, record

    def loss(self, encoder: nn.Module, batch: MaskedBlocks) -> torch.Tensor:
        """The sum of the losses over the batch's targets."""
        return masked_lm.loss_sum(encoder, self.head, batch)
