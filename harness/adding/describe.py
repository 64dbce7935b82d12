"""What the files of a published model say about it: the part of an image spec that needs no person."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from harness.phases.convert import positions
from harness.training.backbone import read_json
from harness.training.checkpoint import load_tokenizer
from harness.training.encoder import read_config
from harness.training.published import MLM_HEADS, published_mlm_head, read_weights

#: Pieces of one input where neither positions nor the tokenizer limit them (T5 counts distances).
_UNLIMITED = 512
#: transformers writes some 1e30 where a tokenizer has no limit.
_NO_LIMIT = 10**6
_CAUSAL = "ForCausalLM"


def describe(folder: Path, *, weights: bool) -> dict[str, Any]:
    """Fields of a spec, by their names there.

    Args:
        folder: a published model in transformers' layout: ``config.json`` and a tokenizer.
        weights: whether its weights are there, too. If so they are asked for a masked-language-modelling head;
            else its config is, and where that says nothing the field is left out.

    Raises:
        UserError: no config, or one of a model that cannot be used; no fast tokenizer; damaged weights.
    """
    config = read_config(folder)
    tokenizer = load_tokenizer(folder)
    published = read_json(folder / "config.json")
    names = [str(name) for name in published.get("architectures") or ()]
    limits = (positions(config), _tokenizer_limit(folder))
    fields: dict[str, Any] = {
        "architecture": config.model_type,
        "layers": config.num_hidden_layers,
        "hidden_size": config.hidden_size,
        "max_length": min([limit for limit in limits if limit is not None], default=_UNLIMITED),
        "tokenizer": {"kind": tokenizer_kind(tokenizer), "vocab_size": len(tokenizer)},
        "pooling": "last" if any(name.endswith(_CAUSAL) for name in names) else "mean",
    }
    head = _has_head(folder, config) if weights else _claims_head(config, names)
    return fields if head is None else fields | {"mlm_head": head}


def tokenizer_kind(tokenizer: Any) -> str:
    """``wordpiece``, ``byte-bpe`` or ``sentencepiece``, by how a fast tokenizer is built."""
    state = json.loads(tokenizer.backend_tokenizer.to_str())
    kind = state["model"]["type"]
    if kind == "WordPiece":
        return "wordpiece"
    on_bytes = '"ByteLevel"' in json.dumps([state.get("pre_tokenizer"), state.get("decoder")])
    return "byte-bpe" if kind == "BPE" and on_bytes else "sentencepiece"


def _tokenizer_limit(folder: Path) -> int | None:
    file = folder / "tokenizer_config.json"
    limit = read_json(file).get("model_max_length") if file.is_file() else None
    return int(limit) if limit is not None and limit < _NO_LIMIT else None


def _has_head(folder: Path, config: Any) -> bool:
    return published_mlm_head(read_weights(folder), config) is not None


def _claims_head(config: Any, names: list[str]) -> bool | None:
    """By the config alone: a class with a head says that there is one; any other says nothing of the weights."""
    if config.model_type not in MLM_HEADS:
        return False
    return True if any(name.endswith(("ForMaskedLM", "ForPreTraining")) for name in names) else None
