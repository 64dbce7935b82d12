"""Masked language modelling on a corpus (Devlin et al. 2019, section 3.1, task 1)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, cast

import numpy as np
import numpy.typing as npt
import torch
from torch import nn
from torch.nn import functional
from transformers import PreTrainedTokenizerFast

from harness.specs.backbone import Backbone
from harness.training.encoding import prefix_ids
from harness.training.heads import MaskedLMHead
from harness.training.inputs import IntArray
from harness.training.layout import lay_out
from harness.training.ragged import run_ragged, takes_ragged
from harness.training.runtime import Reporter, derived_seed
from harness.training.steps import Step
from tasks.errors import DataError, UserError
from tasks.rows import read_json_lines

#: Texts tokenized between two words to the display.
CHUNK = 256
#: Of the chosen pieces, the share that is masked and the share that is replaced; the rest stays as it is.
MASKED, REPLACED = 0.8, 0.1


@dataclass(frozen=True, kw_only=True)
class Vocabulary:
    """The parts of a tokenizer used for masking. ``ordinary`` are the ids of all pieces that are not special."""

    size: int
    mask: int
    start: tuple[int, ...]
    end: int
    special: IntArray
    ordinary: IntArray


@dataclass(frozen=True, kw_only=True)
class MaskedBlocks:
    """Part of an effective batch: masked blocks, and the original pieces.

    Attributes:
        input_ids: (blocks, block_length).
        rows, columns: where the targets are, (targets,).
        targets: the pieces that were there, (targets,).
    """

    input_ids: torch.Tensor
    rows: torch.Tensor
    columns: torch.Tensor
    targets: torch.Tensor


class MaskedLanguageModel(nn.Module):
    """An encoder and its masked-LM head, whose decoder is the encoder's input embedding."""

    def __init__(self, encoder: nn.Module, head: MaskedLMHead) -> None:
        super().__init__()
        self.encoder = encoder
        self.head = head

    def forward(self, batch: MaskedBlocks) -> torch.Tensor:
        """Logits (targets, vocabulary): only the chosen positions pass through the head."""
        return _logits(self.encoder, self.head, batch)

    def loss(self, batch: MaskedBlocks) -> torch.Tensor:
        """The sum of the cross-entropies over the targets."""
        return loss_sum(self.encoder, self.head, batch)


def loss_sum(encoder: nn.Module, head: nn.Module, batch: MaskedBlocks) -> torch.Tensor:
    """The sum of the cross-entropies of an encoder and its masked-LM head over the targets of a batch."""
    return functional.cross_entropy(_logits(encoder, head, batch).float(), batch.targets, reduction="sum")


def _logits(encoder: nn.Module, head: nn.Module, batch: MaskedBlocks) -> torch.Tensor:
    hidden = _hidden(encoder, batch.input_ids)
    embeddings = cast("Any", encoder).get_input_embeddings()
    logits: torch.Tensor = head(hidden[batch.rows, batch.columns], embeddings.weight)
    return logits


def _hidden(encoder: nn.Module, input_ids: torch.Tensor) -> torch.Tensor:
    """The last hidden state of blocks, (blocks, pieces, hidden_size)."""
    if not takes_ragged(encoder):
        found: torch.Tensor = encoder(input_ids=input_ids).last_hidden_state
        return found
    blocks, length = input_ids.shape
    return run_ragged(encoder, input_ids.reshape(1, -1), lay_out(np.full(blocks, length), input_ids.device))


def read_vocabulary(tokenizer: PreTrainedTokenizerFast, backbone: Backbone) -> Vocabulary:
    """Raises:
    UserError: the tokenizer has no mask or separator piece, as those of causal backbones.
    """
    if tokenizer.mask_token_id is None or tokenizer.sep_token_id is None:
        raise UserError(
            f"the tokenizer of {backbone.name} has no mask or separator piece",
            where="checkpoint",
            remedy="masked language modelling needs a bidirectional backbone",
        )
    special = np.array(sorted(set(tokenizer.all_special_ids)), np.int64)
    start = () if tokenizer.cls_token_id is None else (tokenizer.cls_token_id,)
    return Vocabulary(
        size=len(tokenizer),
        mask=tokenizer.mask_token_id,
        start=(*start, *prefix_ids(backbone, tokenizer)),
        end=tokenizer.sep_token_id,
        special=special,
        ordinary=np.setdiff1d(np.arange(len(tokenizer)), special),
    )


def read_blocks(
    path: Path,
    tokenizer: PreTrainedTokenizerFast,
    vocabulary: Vocabulary,
    *,
    block_length: int,
    most: int,
    report: Reporter,
) -> npt.NDArray[np.int32]:
    """Pack a corpus into blocks, (blocks, block_length), in the order of its texts.

    The documents' pieces follow one another with a separator after each, and are cut into equal stretches. Between the
    two texts of a document that has a second one stand the pieces that the tokenizer puts between two texts: then an
    encoder learns, across them, what later stands in pairs of sentences (as in BERT; for translations this is TLM,
    Conneau and Lample 2019). A block is a stretch between the pieces that begin and end an input (``[CLS]``, the
    backbone's prefix, ``[SEP]``), which count towards ``block_length``: the first position then means the same as in
    fine-tuning. The incomplete tail is dropped.

    Args:
        path: ``text.jsonl``.
        tokenizer: a fast tokenizer.
        vocabulary: its special pieces.
        block_length: pieces of one block.
        most: blocks that are needed at most; reading stops there.
        report: hears of each chunk of texts.

    Raises:
        UserError: the blocks leave no room for text.
        DataError: the corpus does not fill one block.
    """
    room = block_length - len(vocabulary.start) - 1
    if room < 1:
        raise UserError(f"blocks of {block_length} pieces leave no room for text", where="params.block_length")
    stream: list[IntArray] = []
    length = 0
    between = _between(tokenizer)
    for documents in _chunks(path):
        firsts, seconds = (
            tokenizer([document.get(name, "") for document in documents], add_special_tokens=False, verbose=False)
            for name in ("text", "second")
        )
        for first, second in zip(firsts["input_ids"], seconds["input_ids"], strict=True):
            ids = [*first, *between, *second, vocabulary.end] if second else [*first, vocabulary.end]
            stream.append(np.array(ids, np.int32))
            length += len(ids)
        report(length / (most * room), f"reading the corpus, {length:,} pieces")
        if length >= most * room:
            break
    count = min(length // room, most)
    if count == 0:
        raise DataError(
            f"the corpus has {length} pieces, fewer than one block", where=path.name, remedy="give it more text"
        )
    text = np.concatenate(stream)[: count * room].reshape(count, room)
    blocks = np.full((count, block_length), vocabulary.end, np.int32)
    blocks[:, : len(vocabulary.start)] = vocabulary.start
    blocks[:, len(vocabulary.start) : -1] = text
    return blocks


def _between(tokenizer: PreTrainedTokenizerFast) -> list[int]:
    """The ids that the tokenizer puts between two texts, found by handing it two."""
    framed = tokenizer("a", "a", return_special_tokens_mask=True)
    added = framed["special_tokens_mask"]
    first, last = added.index(0), len(added) - 1 - added[::-1].index(0)
    return [piece for place, piece in enumerate(framed["input_ids"][:last]) if place > first and added[place]]


def _chunks(path: Path) -> Iterator[list[dict[str, str]]]:
    documents: list[dict[str, str]] = []
    for record in read_json_lines(path):
        documents.append(record)
        if len(documents) == CHUNK:
            yield documents
            documents = []
    if documents:
        yield documents


def mask(
    blocks: IntArray, vocabulary: Vocabulary, probability: float, generator: np.random.Generator
) -> tuple[IntArray, npt.NDArray[np.bool_]]:
    """Blocks with holes, and which positions are targets.

    Each piece that is not special is chosen with ``probability``; a chosen piece becomes the mask piece (80 %), another
    ordinary piece (10 %) or stays (10 %).
    """
    chosen = (generator.random(blocks.shape) < probability) & ~np.isin(blocks, vocabulary.special)
    fate = generator.random(blocks.shape)
    others = generator.choice(vocabulary.ordinary, size=blocks.shape)
    holes = np.where(chosen & (fate < MASKED), vocabulary.mask, blocks)
    replaced = chosen & (fate >= MASKED) & (fate < MASKED + REPLACED)
    return np.where(replaced, others, holes), chosen


def steps(
    blocks: npt.NDArray[np.int32],
    order: Iterator[IntArray],
    vocabulary: Vocabulary,
    *,
    probability: float,
    seed: int,
    device: torch.device,
) -> Iterator[Step[MaskedBlocks]]:
    """Endless effective batches, one for each batch of block indices in ``order``; masks are drawn each time."""
    for number, indices in enumerate(order):
        generator = np.random.default_rng(derived_seed(seed, "mask", number))
        original = blocks[indices].astype(np.int64)
        holes, chosen = mask(original, vocabulary, probability, generator)
        # With nothing chosen the loss is zero, not a division by zero.
        yield Step(split=partial(_split, original, holes, chosen, device), targets=max(1, int(chosen.sum())))


def _split(
    original: IntArray, holes: IntArray, chosen: npt.NDArray[np.bool_], device: torch.device, budget: int
) -> list[Callable[[], MaskedBlocks]]:
    size = max(1, budget // original.shape[1])
    starts = range(0, len(original), size)
    return [partial(_part, original[i : i + size], holes[i : i + size], chosen[i : i + size], device) for i in starts]


def _part(original: IntArray, holes: IntArray, chosen: npt.NDArray[np.bool_], device: torch.device) -> MaskedBlocks:
    rows, columns = np.nonzero(chosen)
    tensors = [torch.from_numpy(array).to(device) for array in (holes, rows, columns, original[rows, columns])]
    return MaskedBlocks(input_ids=tensors[0], rows=tensors[1], columns=tensors[2], targets=tensors[3])
