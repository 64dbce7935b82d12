"""Masked-language-model steps on a corpus, for ``pretrain`` and ``+mlm``, and the draw of languages."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from harness.specs.training import BlockValues
from harness.training import heads, masked_lm
from harness.training.batches import shuffled
from harness.training.checkpoint import MLM_HEAD, Checkpoint, load_mlm_head, new_mlm_head
from harness.training.corpus_files import LANGUAGES, TEXT, TEXTS
from harness.training.heads import MaskedLMHead
from harness.training.inputs import IntArray
from harness.training.json_files import read_json
from harness.training.masked_lm import MaskedBlocks
from harness.training.runtime import Reporter, derived_seed
from harness.training.steps import Step
from tasks.errors import DataError, UserError


def shares(sizes: Mapping[str, int], smoothing: float) -> dict[str, float]:
    """The share of each language; they sum to one. ``sizes``: how much text each has, in any unit."""
    powers = {language: float(size) ** smoothing for language, size in sorted(sizes.items())}
    total = sum(powers.values())
    return {language: power / total for language, power in powers.items()}


def quotas(wanted: Mapping[str, float], blocks: int) -> dict[str, int]:
    """Apportion blocks by share, by the largest remainders; ties go to the first by name."""
    exact = {language: share * blocks for language, share in sorted(wanted.items())}
    found = {language: int(value) for language, value in exact.items()}
    by_remainder = sorted(exact, key=lambda language: (found[language] - exact[language], language))
    for language in by_remainder[: blocks - sum(found.values())]:
        found[language] += 1
    return found


def draw(there: Mapping[str, int], wanted: Mapping[str, int], seed: int) -> IntArray:
    """Blocks in the order in which they are read, (sum of ``wanted``,).

    Blocks count through the languages in the order of ``there``, which says how many each has. One with fewer than are
    wanted is gone through several times, shuffled each time; none is seen two times more often than another.
    """
    parts: list[npt.NDArray[np.int64]] = []
    first = 0
    for language, count in there.items():
        generator = np.random.default_rng(derived_seed(seed, "language", language))
        passes = -(-wanted[language] // count) if count else 0
        rounds = [generator.permutation(count) for _ in range(passes)]
        parts += [first + np.concatenate(rounds)[: wanted[language]]] if rounds else []
        first += count
    together = np.concatenate(parts)
    order = np.random.default_rng(derived_seed(seed, "languages")).permutation(len(together))
    mixed: IntArray = together[order]
    return mixed


@dataclass(frozen=True, kw_only=True)
class _Read:
    """The blocks of a corpus, (blocks, block_length), and an endless iterator of batches of their indices.

    Of articles by language also the order of the indices of all wanted blocks, how many blocks each language has (they
    lie one language after the other), and its share.
    """

    blocks: npt.NDArray[np.int32]
    batches: Iterator[IntArray]
    order: IntArray | None = None
    there: dict[str, int] = field(default_factory=dict)
    shares: dict[str, float] = field(default_factory=dict)

    def drawn(self, count: int) -> dict[str, dict[str, Any]]:
        """Of each language its share, the blocks that it has, and those among the first ``count`` that were drawn."""
        if self.order is None:
            return {}
        ends = np.cumsum(list(self.there.values()))
        places = np.searchsorted(ends, self.order[:count], side="right")
        counts = np.bincount(places, minlength=len(ends))
        return {
            name: {"share": self.shares[name], "blocks": self.there[name], "drawn": int(number)}
            for name, number in zip(self.there, counts, strict=True)
        }


@dataclass(frozen=True, kw_only=True)
class CorpusBatches:
    """Endless effective batches of a corpus, and their record."""

    steps: Iterator[Step[MaskedBlocks]]
    params: BlockValues
    head_from: str
    read: _Read

    def record(self, steps: int) -> dict[str, Any]:
        """Return the record of the corpus after some steps."""
        inputs = steps * self.params.batch_size
        by_language = self.read.drawn(inputs)
        return {
            "steps": steps,
            "pieces": inputs * self.params.block_length,
            "corpus_blocks": len(self.read.blocks),
            "passes": inputs / len(self.read.blocks),
            "mlm_head": self.head_from,
            **({"smoothing": _smoothing(self.params), "languages": by_language} if by_language else {}),
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

    def __init__(self, params: BlockValues, checkpoint: Checkpoint, folder: Path, corpus: Path, seed: int) -> None:
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
        found = self._read(steps * params.batch_size, report)
        batches = masked_lm.steps(
            found.blocks,
            found.batches,
            self._vocabulary,
            probability=params.mask_probability,
            seed=self._seed,
            device=device,
        )
        return CorpusBatches(steps=batches, params=params, head_from=self._head_from, read=found)

    def _read(self, most: int, report: Reporter) -> _Read:
        """The corpus as blocks, so many at most, and the order of their indices."""
        if (self._corpus / LANGUAGES).exists():
            return self._read_languages(most, report)
        if not (self._corpus / TEXT).exists():
            raise DataError(f"the corpus has no {TEXT}", where="inputs.corpus")
        blocks = self._blocks(self._corpus / TEXT, most, report)
        order = shuffled(len(blocks), self._params.batch_size, derived_seed(self._seed, "blocks"))
        return _Read(blocks=blocks, batches=order)

    def _read_languages(self, most: int, report: Reporter) -> _Read:
        """Of each language the blocks that its share of ``most`` needs, or all it has."""
        wanted_shares = shares(read_json(self._corpus / LANGUAGES), _smoothing(self._params))
        wanted = {name: count for name, count in quotas(wanted_shares, most).items() if count}
        blocks: dict[str, npt.NDArray[np.int32]] = {}
        for number, (name, count) in enumerate(wanted.items()):
            part = report.part(number / len(wanted), (number + 1) / len(wanted))
            blocks[name] = self._blocks(self._corpus / TEXTS / f"{name}.jsonl", count, part)
        there = {name: len(found) for name, found in blocks.items()}
        order = draw(there, wanted, derived_seed(self._seed, "blocks"))
        return _Read(
            blocks=np.concatenate(list(blocks.values())),
            batches=_in_batches(order, self._params.batch_size),
            order=order,
            there=there,
            shares=wanted_shares,
        )

    def _blocks(self, path: Path, most: int, report: Reporter) -> npt.NDArray[np.int32]:
        return masked_lm.read_blocks(
            path,
            self._tokenizer,
            self._vocabulary,
            block_length=self._params.block_length,
            most=most,
            report=report,
        )


def _smoothing(params: BlockValues) -> float:
    return 1.0 if params.smoothing is None else params.smoothing


def _in_batches(order: IntArray, batch_size: int) -> Iterator[IntArray]:
    """Batches of an order that they divide, over and over."""
    while True:
        yield from order.reshape(-1, batch_size)
