"""Tiny checkpoints with random weights, one for each kind of encoder that retrieval treats differently."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from tokenizers import Tokenizer, models, pre_tokenizers, processors
from transformers import AutoConfig, PreTrainedTokenizerFast

from harness.specs.backbone import Backbone
from harness.training.checkpoint import Checkpoint, save_checkpoint
from harness.training.encoder import build_encoder

SPECIAL = ["<pad>", "<s>", "</s>", "<unk>", "<mask>", "<mode>"]
WORDS = [f"w{number}" for number in range(40)]
HIDDEN = 16

#: Config fields beyond the common ones.
FIELDS: dict[str, dict[str, Any]] = {
    "bert": {"max_position_embeddings": 64},
    "roberta": {"max_position_embeddings": 66, "type_vocab_size": 1},
    "modernbert": {"global_attn_every_n_layers": 2, "local_attention": 8, "max_position_embeddings": 64},
    "qwen2": {"num_key_value_heads": 2, "max_position_embeddings": 64},
}

MakeCheckpoint = Callable[..., Path]


def tiny_tokenizer() -> PreTrainedTokenizerFast:
    vocabulary = {piece: index for index, piece in enumerate(SPECIAL + WORDS)}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", pair="<s> $A </s> $B:1 </s>:1", special_tokens=[("<s>", 1), ("</s>", 2)]
    )
    names = {
        "pad_token": "<pad>",
        "cls_token": "<s>",
        "sep_token": "</s>",
        "unk_token": "<unk>",
        "mask_token": "<mask>",
    }
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, **names)


@pytest.fixture
def make_checkpoint(tmp_path: Path) -> MakeCheckpoint:
    """Writes a checkpoint artifact: ``make_checkpoint("bert", layers=3, pooling="mean")``; gives its path."""

    def make(architecture: str, *, layers: int = 3, **facts: Any) -> Path:
        config = AutoConfig.for_model(
            architecture,
            vocab_size=len(SPECIAL + WORDS),
            hidden_size=HIDDEN,
            intermediate_size=24,
            num_hidden_layers=layers,
            num_attention_heads=2,
            initializer_range=0.5,
            pad_token_id=0,
            bos_token_id=1,
            eos_token_id=2,
            **FIELDS[architecture],
        )
        torch.manual_seed(7)
        backbone = Backbone(
            **{
                "name": "tiny",
                "architecture": architecture,
                "layers": layers,
                "hidden_size": HIDDEN,
                "max_length": 32,
                **facts,
            }
        )
        path = tmp_path / f"{architecture}-{layers}"
        path.mkdir()
        save_checkpoint(
            path,
            Checkpoint(backbone=backbone, config=config, encoder=build_encoder(config), tokenizer=tiny_tokenizer()),
        )
        return path

    return make
