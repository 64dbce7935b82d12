"""Packing, masking, and the tied decoder."""

from __future__ import annotations

from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from tokenizers import Tokenizer, models, pre_tokenizers
from torch import nn
from transformers import PreTrainedTokenizerFast

from harness.specs.backbone import Backbone
from harness.training import heads
from harness.training.checkpoint import new_mlm_head
from harness.training.masked_lm import MaskedLanguageModel, mask, read_blocks, read_vocabulary, steps
from harness.training.runtime import Reporter
from tasks.errors import UserError
from tasks.rows import write_json_lines

SPECIALS = {
    "pad_token": "[PAD]",
    "cls_token": "[CLS]",
    "sep_token": "[SEP]",
    "unk_token": "[UNK]",
    "mask_token": "[MASK]",
}
BACKBONE = Backbone(name="toy", architecture="bert", layers=2, hidden_size=16, max_length=32)
QUIET = Reporter(lambda _fraction, _note: None)


@pytest.fixture
def tokenizer() -> Any:
    """Numbers as words: ``w0`` to ``w34`` after five special pieces."""
    pieces = [*SPECIALS.values(), *(f"w{number}" for number in range(35))]
    backend = Tokenizer(models.WordLevel({piece: number for number, piece in enumerate(pieces)}, unk_token="[UNK]"))
    backend.pre_tokenizer = pre_tokenizers.Whitespace()
    return PreTrainedTokenizerFast(tokenizer_object=backend, **SPECIALS)


def test_blocks_are_full_framed_and_lose_only_the_tail(tokenizer: Any, tmp_path: Path) -> None:
    texts = ["w0 w1 w2", "w3 w4", "w5 w6 w7 w8"]
    write_json_lines(tmp_path / "text.jsonl", ({"id": text, "text": text} for text in texts))
    vocabulary = read_vocabulary(tokenizer, BACKBONE)
    blocks = read_blocks(tmp_path / "text.jsonl", tokenizer, vocabulary, block_length=7, most=99, report=QUIET)

    stream = [5, 6, 7, 2, 8, 9, 2, 10, 11, 12, 13, 2]
    assert [[1, *stream[:5], 2], [1, *stream[5:10], 2]] == blocks.tolist()
    one = read_blocks(tmp_path / "text.jsonl", tokenizer, vocabulary, block_length=7, most=1, report=QUIET)
    assert blocks[:1].tolist() == one.tolist()


def test_the_prefix_stands_in_every_block(tokenizer: Any, tmp_path: Path) -> None:
    write_json_lines(tmp_path / "text.jsonl", [{"id": "1", "text": " ".join(f"w{n}" for n in range(20))}])
    vocabulary = read_vocabulary(tokenizer, Backbone(**{**BACKBONE.to_json(), "prefix": ("w34",)}))
    blocks = read_blocks(tmp_path / "text.jsonl", tokenizer, vocabulary, block_length=8, most=9, report=QUIET)

    assert {(1, 39)} == {tuple(block[:2]) for block in blocks.tolist()}


def test_masking_shares(tokenizer: Any) -> None:
    """15 % of the ordinary pieces, of these 80 % masked, 10 % replaced by ordinary pieces, 10 % kept."""
    vocabulary = read_vocabulary(tokenizer, BACKBONE)
    blocks = np.tile(np.array([1, *range(5, 40), 3, 2]), (3000, 1))
    holes, chosen = mask(blocks, vocabulary, 0.15, np.random.default_rng(0))

    special = np.isin(blocks, vocabulary.special)
    assert not chosen[special].any()
    assert pytest.approx(0.15, abs=0.005) == chosen[~special].mean()
    assert (holes == blocks)[~chosen].all()
    assert pytest.approx(0.8, abs=0.01) == (holes[chosen] == vocabulary.mask).mean()
    changed = (holes != blocks) & (holes != vocabulary.mask)
    assert pytest.approx(0.1 * 34 / 35, abs=0.01) == changed[chosen].mean()
    assert not np.isin(holes[changed], vocabulary.special).any()


def test_steps_are_seeded_and_split_within_the_budget(tokenizer: Any) -> None:
    blocks = np.tile(np.arange(5, 21, dtype=np.int32), (6, 1))
    vocabulary = read_vocabulary(tokenizer, BACKBONE)

    def first(seed: int, budget: int) -> Any:
        order = iter([np.array([0, 1, 2, 3])] * 2)
        made = steps(blocks, order, vocabulary, probability=0.5, seed=seed, device=torch.device("cpu"))
        return [(step.targets, [make() for make in step.split(budget)]) for step in islice(made, 2)]

    (targets, one), (_, two) = first(1, 32)
    whole = first(1, 1000)[0]
    assert [2, 2] == [len(part.input_ids) for part in one]
    assert targets == whole[0] == sum(len(part.targets) for part in one)
    assert torch.equal(whole[1][0].input_ids, torch.cat([part.input_ids for part in one]))
    assert not torch.equal(one[0].input_ids, two[0].input_ids)
    assert not torch.equal(one[0].input_ids, first(2, 32)[0][1][0].input_ids)


def test_the_decoder_is_the_input_embedding(encoder: nn.Module, config: Any, tokenizer: Any) -> None:
    """A change of the embeddings changes the logits, and the loss moves the embeddings through the decoder."""
    head = new_mlm_head(config)
    heads.initialise(head, 1)
    model = MaskedLanguageModel(encoder, head)
    vocabulary = read_vocabulary(tokenizer, BACKBONE)
    blocks = np.tile(np.arange(5, 15, dtype=np.int32), (2, 1))
    order = iter([np.array([0, 1])])
    step = next(steps(blocks, order, vocabulary, probability=0.5, seed=0, device=torch.device("cpu")))
    batch = step.split(99)[0]()
    model.loss(batch).backward()
    embeddings = encoder.get_input_embeddings().weight

    assert (len(batch.targets), 40) == tuple(model(batch).shape)
    unseen = 39  # stands in no block: only the decoder reaches its embedding
    assert unseen not in batch.input_ids
    assert embeddings.grad[unseen].abs().max() > 0
    before = model(batch)[:, unseen]
    embeddings.data[unseen] += 1.0
    assert not torch.equal(before, model(batch)[:, unseen])
    assert not [name for name in head.state_dict() if "decoder" in name]


def test_a_tokenizer_without_a_mask_is_refused(tokenizer: Any) -> None:
    tokenizer.mask_token = None
    with pytest.raises(UserError, match="no mask or separator piece"):
        read_vocabulary(tokenizer, BACKBONE)
