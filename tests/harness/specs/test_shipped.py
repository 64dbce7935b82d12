"""The image specs that come with the project: pinned or flagged, and of the size that their shape gives."""

from __future__ import annotations

from typing import Any

import pytest
from transformers import BertConfig, ModernBertConfig, Qwen2Config, RobertaConfig, T5Config, XLMRobertaConfig

from harness.run.backbones.new import parameters
from harness.specs.catalog import Catalog
from harness.specs.resolve import resolve
from harness.specs.source import HubSource

CATALOG = Catalog()
ROBERTA = {"max_position_embeddings": 514, "type_vocab_size": 1, "pad_token_id": 1}
QWEN = {"vocab_size": 151936, "intermediate_size": 4864, "num_attention_heads": 14, "num_key_value_heads": 2}
LARGE = {"num_attention_heads": 16, "intermediate_size": 4096}

#: What their configs say beside the spec's own layers and hidden size, as the hub shows them.
SHAPES: dict[str, tuple[Any, dict[str, Any]]] = {
    "bert-base-cased": (BertConfig, {"vocab_size": 28996}),
    "bert-base-multilingual-cased": (BertConfig, {"vocab_size": 119547}),
    "codebert-base": (RobertaConfig, {"vocab_size": 50265, **ROBERTA}),
    "codeberta-small": (RobertaConfig, {"vocab_size": 52000, **ROBERTA}),
    "codet5p-220m": (T5Config, {"vocab_size": 32100, "d_ff": 3072, "num_heads": 12}),
    "graphcodebert-base": (RobertaConfig, {"vocab_size": 50265, **ROBERTA}),
    "modernbert-base": (ModernBertConfig, {}),
    "qwen2.5-0.5b": (Qwen2Config, QWEN),
    "qwen2.5-coder-0.5b": (Qwen2Config, QWEN),
    "roberta-base": (RobertaConfig, {"vocab_size": 50265, **ROBERTA}),
    "starencoder": (BertConfig, {"vocab_size": 49156, "max_position_embeddings": 1024, "pad_token_id": 49152}),
    "unixcoder-base": (
        RobertaConfig,
        {"vocab_size": 51416, **ROBERTA, "max_position_embeddings": 1026, "type_vocab_size": 10},
    ),
    "xlm-roberta-base": (XLMRobertaConfig, {"vocab_size": 250002, **ROBERTA}),
    "xlm-roberta-large": (XLMRobertaConfig, {"vocab_size": 250002, **ROBERTA, **LARGE}),
}


@pytest.mark.parametrize("name", sorted(SHAPES))
def test_the_size_in_the_spec_is_that_of_its_shape(name: str) -> None:
    spec = CATALOG.backbone(name)
    kind, fields = SHAPES[name]
    config = kind(hidden_size=spec.hidden_size, num_hidden_layers=spec.layers, **fields)

    assert config.model_type == spec.architecture
    assert parameters(config) == spec.parameters


def test_every_model_of_the_hub_is_pinned_or_asks_for_a_persons_word() -> None:
    specs = [CATALOG.backbone(name) for name in CATALOG.backbone_files()]
    hosted = {spec.name: spec for spec in specs if isinstance(spec.source, HubSource)}

    unpinned = {name for name, spec in hosted.items() if isinstance(spec.source, HubSource) and not spec.source.pinned}
    assert unpinned == {"starencoder"}
    flags = {name: {need.flag for need in spec.needs} for name, spec in hosted.items() if spec.needs}
    assert flags == {
        "codesage-base-v2": {"remote-code"},
        "codet5p-110m-embedding": {"remote-code"},
        "starencoder": {"gated"},
        "qwen2.5-0.5b": {"decoder"},
        "qwen2.5-coder-0.5b": {"decoder"},
    }
    assert all(need.why for spec in hosted.values() for need in spec.needs)
    # Of published models somebody says what they were pretrained on; a size is there for limits of memory and disk.
    assert all(spec.pretraining and spec.parameters and spec.licence for spec in hosted.values())


@pytest.mark.parametrize("name", ["core", "paper", "retrieval"])
def test_large_suites_hold_pinned_backbones_that_need_nobodys_word(name: str) -> None:
    assert resolve(CATALOG.suite(name), CATALOG).backbones
