"""A tiny random encoder-decoder in the layout of the hub."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import M2M100Config, M2M100ForConditionalGeneration, PreTrainedTokenizerFast

WORDS = ("the", "a", "cat", "dog", "sat", "ran", "on", "mat", "it", "rained", ".", "who", "why", "rome", "ann", "bob")


@pytest.fixture(scope="session")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What fetching leaves of a model: configuration, tokenizer and weights below ``files``."""
    folder = tmp_path_factory.mktemp("translator") / "files"
    names = ["<s>", "<pad>", "</s>", "<unk>", "eng", "deu", "swh", *WORDS]
    tokenizer = Tokenizer(models.WordLevel({name: number for number, name in enumerate(names)}, unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        bos_token="<s>",
        pad_token="<pad>",
        eos_token="</s>",
        unk_token="<unk>",
        additional_special_tokens=["eng", "deu", "swh"],
    ).save_pretrained(folder)
    config = M2M100Config(
        vocab_size=len(names),
        d_model=16,
        encoder_layers=1,
        decoder_layers=1,
        encoder_attention_heads=2,
        decoder_attention_heads=2,
        encoder_ffn_dim=32,
        decoder_ffn_dim=32,
        max_position_embeddings=64,
        init_std=0.6,
        bos_token_id=0,
        pad_token_id=1,
        eos_token_id=2,
        decoder_start_token_id=2,
    )
    torch.manual_seed(4)
    M2M100ForConditionalGeneration(config).save_pretrained(folder)
    said = json.loads((folder / "config.json").read_text()) | {"decoder_start_token_id": 2}
    (folder / "config.json").write_text(json.dumps(said))
    # What the files recommend must not count.
    (folder / "generation_config.json").write_text(json.dumps({"do_sample": True, "num_beams": 7, "max_length": 3}))
    return folder.parent
