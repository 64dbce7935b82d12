"""Builds an encoder from its config and fills it with tensors, strictly.

``from_pretrained`` of transformers 5 fills what it does not find with random numbers and only warns; nothing here does.
"""

from __future__ import annotations

import copy
import inspect
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import nn
from transformers import AutoConfig, AutoModel
from transformers.models.auto.modeling_auto import MODEL_MAPPING

from tasks.errors import DataError, UserError

Tensors = dict[str, torch.Tensor]

#: Config fields by which the families we know name their dropout.
DROPOUT_FIELDS = ("hidden_dropout_prob", "embedding_dropout", "mlp_dropout", "dropout", "resid_pdrop", "embd_pdrop")
ATTENTION_DROPOUT_FIELDS = ("attention_probs_dropout_prob", "attention_dropout", "attn_pdrop")

#: Tensors that published checkpoints hold beside the encoder: poolers, heads, and buffers that are computed anew.
NOT_OF_THE_ENCODER = re.compile(
    r"pooler\..*"
    r"|(embeddings\.)?(position_ids|token_type_ids)"
    r"|(.*\.)?rotary_emb\.inv_freq"
    r"|cls\..*"  # BERT's pretraining heads
    r"|lm_head\..*"  # RoBERTa, Qwen
    r"|head\.(dense|norm)\..*|decoder\.(weight|bias)"  # ModernBERT
    r"|(classifier|qa_outputs|score)\..*"
)


def read_config(folder: Path) -> Any:
    """The transformers config of a folder; code of the folder's own is never run.

    Raises:
        UserError: there is no config, or no class in transformers for it.
    """
    try:
        config = AutoConfig.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
    except (OSError, ValueError, KeyError) as error:
        raise UserError(
            "no usable config.json (remote code stays off)", where=str(folder.name), remedy="name a folder with one"
        ) from error
    if getattr(config, "is_encoder_decoder", False):
        raise UserError(
            f"{config.model_type} is an encoder-decoder", where="config.json", remedy="use an encoder or a decoder"
        )
    if type(config) not in MODEL_MAPPING:
        raise UserError(f"transformers has no model for {config.model_type}", where="config.json")
    return config


def build_encoder(config: Any, *, dropout: float = 0.0, attention_dropout: float = 0.0) -> nn.Module:
    """A randomly initialised fp32 encoder; torch's global generator decides its weights.

    The config itself is not changed: dropout belongs to a training, not to the backbone.
    """
    config = copy.deepcopy(config)
    for names, value in ((DROPOUT_FIELDS, dropout), (ATTENTION_DROPOUT_FIELDS, attention_dropout)):
        for name in names:
            if hasattr(config, name):
                setattr(config, name, value)
    config.use_cache = False
    options: dict[str, Any] = {"dtype": torch.float32, "attn_implementation": "sdpa"}
    if "add_pooling_layer" in inspect.signature(MODEL_MAPPING[type(config)].__init__).parameters:
        options["add_pooling_layer"] = False
    encoder: nn.Module = AutoModel.from_config(config, trust_remote_code=False, **options)
    return encoder


def fill(encoder: nn.Module, tensors: Mapping[str, torch.Tensor], *, where: str, source: bool = False) -> None:
    """Copy ``tensors`` into the encoder, as fp32.

    Args:
        encoder: changed in place.
        tensors: by the encoder's own names.
        where: what to call their file in an error.
        source: published weights, which may also hold what :data:`NOT_OF_THE_ENCODER` lists; else nothing may be over.

    Raises:
        DataError: a tensor of the encoder is missing or has another shape, or one is not expected.
    """
    wanted = encoder.state_dict()
    missing = sorted(wanted.keys() - tensors.keys())
    if missing:
        raise DataError(f"{len(missing)} tensors of the encoder are missing: {_some(missing)}", where=where)
    over = sorted(tensors.keys() - wanted.keys())
    foreign = [name for name in over if not (source and NOT_OF_THE_ENCODER.fullmatch(name))]
    if foreign:
        raise DataError(f"{len(foreign)} tensors belong to no part of the model: {_some(foreign)}", where=where)
    shapes = [
        f"{name} is {tuple(tensors[name].shape)}, the config says {tuple(tensor.shape)}"
        for name, tensor in wanted.items()
        if tensors[name].shape != tensor.shape
    ]
    if shapes:
        raise DataError(f"{len(shapes)} tensors have another shape: {_some(shapes)}", where=where)
    encoder.load_state_dict({name: tensors[name].to(torch.float32) for name in wanted}, strict=True)


def _some(names: list[str], most: int = 4) -> str:
    return ", ".join(names[:most]) + (", ..." if len(names) > most else "")


def read_safetensors(path: Path) -> Tensors:
    """All tensors of a safetensors file.

    Raises:
        DataError: the file is missing or damaged.
    """
    try:
        tensors: Tensors = load_file(path)
    except (OSError, SafetensorError) as error:
        raise DataError("not a readable safetensors file", where=path.name) from error
    return tensors


def write_safetensors(path: Path, tensors: Mapping[str, torch.Tensor]) -> None:
    """Write tensors, sorted by name, with the metadata that transformers asks for."""
    save_file(
        {name: tensors[name].detach().cpu().contiguous() for name in sorted(tensors)}, path, metadata={"format": "pt"}
    )
