"""Building and strictly filling an encoder."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn
from transformers import (
    CONFIG_MAPPING,
    AutoConfig,
    BartConfig,
    BertConfig,
    ModernBertConfig,
    Qwen2Config,
    RobertaConfig,
)

from harness.specs.backbone import BackboneSpec
from harness.specs.catalog import Catalog
from harness.training.encoder import build_encoder, fill, is_causal, read_config, read_safetensors
from tasks.errors import DataError, UserError

SMALL = {"vocab_size": 40, "hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 32}


@pytest.mark.parametrize(
    ("config_class", "options"),
    [
        (BertConfig, {}),
        (RobertaConfig, {}),
        (
            ModernBertConfig,
            {"pad_token_id": 0, "bos_token_id": 1, "eos_token_id": 2, "cls_token_id": 1, "sep_token_id": 2},
        ),
        (Qwen2Config, {"num_key_value_heads": 1}),
    ],
)
def test_families_are_built_in_fp32_with_the_training_s_dropout(config_class: Any, options: dict[str, Any]) -> None:
    config = config_class(**SMALL, **options)
    before = config.to_dict()
    encoder = build_encoder(config, dropout=0.3, attention_dropout=0.2)
    rates = {module.p for module in encoder.modules() if isinstance(module, nn.Dropout)}

    assert {torch.float32} == {parameter.dtype for parameter in encoder.parameters()}
    assert "sdpa" == encoder.config._attn_implementation
    assert rates <= {0.3, 0.2}
    assert before == config.to_dict()
    assert not [name for name in encoder.state_dict() if name.startswith("pooler")]
    built = encoder.config
    attention = getattr(built, "attention_probs_dropout_prob", getattr(built, "attention_dropout", None))
    assert 0.2 == attention


def test_a_missing_tensor_is_named(encoder: nn.Module) -> None:
    tensors = dict(encoder.state_dict())
    del tensors["embeddings.LayerNorm.bias"]
    with pytest.raises(DataError, match=r"w: 1 tensors of the encoder are missing: embeddings.LayerNorm.bias"):
        fill(encoder, tensors, where="w", source=True)


def test_another_shape_is_named(encoder: nn.Module) -> None:
    tensors = {**encoder.state_dict(), "embeddings.LayerNorm.bias": torch.zeros(7)}
    with pytest.raises(DataError, match=r"embeddings.LayerNorm.bias is \(7,\), the config says \(16,\)"):
        fill(encoder, tensors, where="w")


def test_only_published_weights_may_hold_a_pooler_or_heads(encoder: nn.Module) -> None:
    extra = {
        "pooler.dense.weight": torch.zeros(1),
        "lm_head.bias": torch.zeros(1),
        "cls.predictions.bias": torch.zeros(1),
    }
    fill(encoder, {**encoder.state_dict(), **extra}, where="w", source=True)
    with pytest.raises(DataError, match="3 tensors belong to no part of the model"):
        fill(encoder, {**encoder.state_dict(), **extra}, where="w")
    with pytest.raises(DataError, match=r"encoder.layer.9.x"):
        fill(encoder, {**encoder.state_dict(), "encoder.layer.9.x": torch.zeros(1)}, where="w", source=True)


def test_half_precision_is_widened(encoder: nn.Module) -> None:
    fill(encoder, {name: tensor.bfloat16() for name, tensor in encoder.state_dict().items()}, where="w")

    assert {torch.float32} == {parameter.dtype for parameter in encoder.parameters()}


def test_encoder_decoders_and_folders_without_config_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"no usable config.json"):
        read_config(tmp_path)
    BartConfig(vocab_size=10, d_model=8).save_pretrained(tmp_path)
    with pytest.raises(UserError, match="bart is an encoder-decoder whose encoder does not stand alone"):
        read_config(tmp_path)


def test_a_damaged_file_is_named(tmp_path: Path) -> None:
    file = tmp_path / "model.safetensors"
    file.write_bytes(b"not tensors")
    with pytest.raises(DataError, match=r"model.safetensors: not a readable safetensors file"):
        read_safetensors(file)


SPECS = map(Catalog().backbone, Catalog().backbone_files())
PUBLISHED = [spec for spec in SPECS if spec.architecture in CONFIG_MAPPING]


@pytest.mark.parametrize("spec", PUBLISHED, ids=lambda spec: spec.name)
def test_shipped_backbones_are_causal_where_their_specs_read_the_last_piece(spec: BackboneSpec) -> None:
    assert (spec.pooling == "last") == is_causal(AutoConfig.for_model(spec.architecture))


@pytest.mark.parametrize(
    ("architecture", "fields", "causal"),
    [
        ("llama", {}, True),
        ("gpt2", {}, True),
        ("gemma3_text", {}, True),
        ("gemma3_text", {"use_bidirectional_attention": True}, False),
        ("llama", {"is_causal": False}, False),
        ("roberta", {"is_decoder": True}, True),
        ("bert", {"architectures": ["BertLMHeadModel"]}, True),
        ("nystromformer", {"architectures": ["NystromformerModel"]}, False),
    ],
)
def test_the_configuration_says_whether_a_backbone_is_causal(
    architecture: str, fields: dict[str, Any], causal: bool
) -> None:
    assert causal == is_causal(AutoConfig.for_model(architecture, **fields))


def test_a_configuration_that_says_nothing_of_its_attention_is_refused() -> None:
    with pytest.raises(UserError, match="does not say whether a piece of clip_text_model sees those after it"):
        is_causal(AutoConfig.for_model("clip_text_model"))
