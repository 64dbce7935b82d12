"""Builds an encoder from its config and fills it with tensors, strictly.

``from_pretrained`` of transformers 5 fills missing weights with random numbers and only warns; here they are errors.
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
from transformers import AutoConfig, AutoModel, AutoModelForTextEncoding, PreTrainedConfig
from transformers.models.auto.modeling_auto import (
    MODEL_FOR_CAUSAL_LM_MAPPING_NAMES,
    MODEL_FOR_MASKED_LM_MAPPING_NAMES,
    MODEL_FOR_TEXT_ENCODING_MAPPING,
    MODEL_MAPPING,
)

from harness.training.json_files import read_json
from tasks.errors import DataError, UserError

Tensors = dict[str, torch.Tensor]

#: Config fields by which the families we know name their dropout.
DROPOUT_FIELDS = (
    "hidden_dropout_prob",
    "embedding_dropout",
    "mlp_dropout",
    "dropout",
    "resid_pdrop",
    "embd_pdrop",
    "dropout_rate",  # T5, its attention's too
)
ATTENTION_DROPOUT_FIELDS = ("attention_probs_dropout_prob", "attention_dropout", "attn_pdrop")

#: Tensors that published checkpoints hold beside the encoder: poolers, heads, and buffers that are computed anew.
NOT_OF_THE_ENCODER = re.compile(
    r"pooler\..*"
    r"|(embeddings\.)?(position_ids|token_type_ids)"
    r"|(.*\.)?rotary_emb\.inv_freq"
    r"|cls\..*"  # BERT's pretraining heads
    r"|lm_head\..*"  # RoBERTa, Qwen
    r"|head\.(dense|norm)\..*|decoder\.(weight|bias)"  # ModernBERT
    r"|decoder\.(embed_tokens|block\.\d+|final_layer_norm)\..*"  # the other half of a T5
    r"|(classifier|qa_outputs|score)\..*"
)

#: How a file begins that stands for one in Git LFS.
_LFS = b"version https://git-lfs"
_LONGEST_REASON = 200


def read_config(folder: Path, *, code: bool = False) -> PreTrainedConfig:
    """The transformers config of a folder.

    Args:
        folder: holds ``config.json``.
        code: run the folder's own Python files where its config names them. Somebody must have allowed that by name.

    Raises:
        UserError: there is no config, or no class in transformers for it.
    """
    try:
        config = AutoConfig.from_pretrained(folder, local_files_only=True, trust_remote_code=code)
    except Exception as error:  # somebody's file: what is wrong with it comes up anywhere in the library
        what = f"no usable config.json (code of the folder's own is {'on' if code else 'off'})"
        if not code and has_code(folder):
            remedy = "its model is code of the folder's own, which is run only where the backbone's spec pins that code"
        else:
            what, remedy = f"{what}: {reason(error)}", "name a folder with one"
        raise UserError(what, where=str(folder.name), remedy=remedy) from error
    if code and _auto_map(config):
        return config
    if getattr(config, "is_encoder_decoder", False) and type(config) not in MODEL_FOR_TEXT_ENCODING_MAPPING:
        raise UserError(
            f"{config.model_type} is an encoder-decoder whose encoder does not stand alone in transformers",
            where="config.json",
            remedy="use an encoder, a decoder or a T5",
        )
    if type(config) not in MODEL_MAPPING:
        raise UserError(f"transformers has no model for {config.model_type}", where="config.json")
    return config


def has_code(folder: Path) -> bool:
    """Whether a folder's config names Python files of its own for the model."""
    try:
        published = read_json(folder / "config.json")
    except DataError:
        return False
    return isinstance(published, dict) and bool(published.get("auto_map"))


def reason(error: BaseException) -> str:
    """Shorten a library's error message on a file to one line."""
    said = " ".join(str(error.__cause__ or error).split()).rstrip(".") or type(error).__name__
    return said if len(said) <= _LONGEST_REASON else f"{said[:_LONGEST_REASON]}..."


def _auto_map(config: PreTrainedConfig) -> bool:
    return bool((getattr(config, "auto_map", None) or {}).get("AutoModel"))


def build_encoder(
    config: PreTrainedConfig, *, dropout: float = 0.0, attention_dropout: float = 0.0, code: bool = False
) -> nn.Module:
    """A randomly initialised fp32 encoder; torch's global generator decides its weights. Of a T5 it is the encoder.

    The config itself is not changed: dropout belongs to a training, not to the backbone.

    Args:
        config: of :func:`read_config`.
        dropout, attention_dropout: probabilities in training.
        code: run the model's own Python files, as :func:`read_config` did.
    """
    config = copy.deepcopy(config)
    for names, value in ((DROPOUT_FIELDS, dropout), (ATTENTION_DROPOUT_FIELDS, attention_dropout)):
        for name in names:
            if hasattr(config, name):
                setattr(config, name, value)
    config.use_cache = False
    options: dict[str, Any] = {"dtype": torch.float32}
    if code and _auto_map(config):
        own: nn.Module = AutoModel.from_config(config, trust_remote_code=True, **options)
        return own
    options["attn_implementation"] = "sdpa"
    if getattr(config, "is_encoder_decoder", False):
        half: nn.Module = AutoModelForTextEncoding.from_config(config, trust_remote_code=False, **options)
        return half
    if "add_pooling_layer" in inspect.signature(MODEL_MAPPING[type(config)].__init__).parameters:
        options["add_pooling_layer"] = False
    encoder: nn.Module = AutoModel.from_config(config, trust_remote_code=False, **options)
    return encoder


def blank_encoder(config: PreTrainedConfig) -> nn.Module:
    """The encoder of a config without any memory for its weights, of which it has names and shapes alone.

    Raises:
        UserError: no model can be built by that config.
    """
    try:
        with torch.device("meta"):
            return build_encoder(config)
    except Exception as error:  # somebody's file, see read_config
        raise UserError(
            f"no {config.model_type} can be built by it: {reason(error)}",
            where="config.json",
            remedy="check that it is whole, and the one that was published",
        ) from error


def fill(encoder: nn.Module, tensors: Mapping[str, torch.Tensor], *, where: str, source: bool = False) -> None:
    """Copy ``tensors`` into the encoder, as fp32.

    Args:
        encoder: changed in place.
        tensors: by the encoder's own names.
        where: name of their file in an error.
        source: published weights, which may also hold :data:`NOT_OF_THE_ENCODER`; others may have no extra ones.

    Raises:
        DataError: a tensor of the encoder is missing or has another shape, or one is not expected.
    """
    tensors = fitting(encoder, tensors, where=where, source=source)
    with torch.no_grad():
        for name, tensor in own_tensors(encoder).items():
            tensor.copy_(tensors[name])


def fitting(
    encoder: nn.Module, tensors: Mapping[str, torch.Tensor], *, where: str, source: bool = False
) -> dict[str, torch.Tensor]:
    """The tensors that fill an encoder, held against its names and shapes; arguments and errors as of :func:`fill`."""
    wanted = own_tensors(encoder)
    tied = encoder.state_dict().keys() - wanted.keys()
    tensors = {name: value for name, value in tensors.items() if name not in tied}
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
    return tensors


def own_tensors(encoder: nn.Module) -> Tensors:
    """An encoder's tensors by name, each once: of two names for one tensor (T5's input embedding) the first counts."""
    found: Tensors = {}
    seen: set[tuple[int, torch.Size]] = set()
    for name, tensor in encoder.state_dict(keep_vars=True).items():
        place = (tensor.data_ptr() or id(tensor), tensor.shape)  # without memory none has a place
        if tensor.numel() == 0 or place not in seen:
            found[name] = tensor.detach()
            seen.add(place)
    return found


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
        raise unreadable(path, "safetensors file", error) from error
    return tensors


def unreadable(path: Path, kind: str, error: BaseException | None = None) -> DataError:
    """The error for a file of weights that cannot be read, with the remedy that its beginning suggests."""
    try:
        with path.open("rb") as file:
            pointer = file.read(len(_LFS)) == _LFS
    except OSError:
        pointer = False
    if pointer:
        return DataError(
            "stands for a large file and is none itself (Git LFS)", where=path.name,
            remedy="run 'git lfs pull' in the clone that it comes from",
        )  # fmt: skip
    said = f" ({reason(error)})" if error else ""
    return DataError(
        f"not a readable {kind}{said}", where=path.name, remedy="fetch or copy it again: it may be cut off"
    )


def write_safetensors(path: Path, tensors: Mapping[str, torch.Tensor]) -> None:
    """Write tensors, sorted by name, with the metadata that transformers asks for."""
    save_file(
        {name: tensors[name].detach().cpu().contiguous() for name in sorted(tensors)}, path, metadata={"format": "pt"}
    )


def is_causal(config: PreTrainedConfig) -> bool:
    """Whether a piece sees only the pieces before it, by the configuration alone.

    The encoder of an encoder-decoder sees all. Else an attribute about attention counts, then the class that was
    published, then which classes transformers has for the architecture.

    Raises:
        UserError: the configuration does not say.
    """
    names = config.architectures or ()
    architecture = config.model_type
    if config.is_encoder_decoder or getattr(config, "use_bidirectional_attention", None):
        return False
    if isinstance(said := getattr(config, "is_causal", None), bool):
        return said
    if getattr(config, "is_decoder", False) or any(name.endswith(("ForCausalLM", "LMHeadModel")) for name in names):
        return True
    if architecture in MODEL_FOR_MASKED_LM_MAPPING_NAMES or any(name.endswith("ForMaskedLM") for name in names):
        return False
    if architecture in MODEL_FOR_CAUSAL_LM_MAPPING_NAMES:
        return True
    raise UserError(
        f"its configuration does not say whether a piece of {architecture} sees those after it",
        where="config.json",
        remedy="write is_causal: true or false into it",
    )
