"""What the files of a published model say about it: the part of an image spec that needs no person."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from harness.phases.convert import positions
from harness.training.backbone import read_json
from harness.training.checkpoint import load_tokenizer
from harness.training.encoder import Tensors, blank_encoder, fitting, read_config
from harness.training.facts import DTYPES, count, dtype_name, tokenizer_kind
from harness.training.published import MLM_HEADS, published_mlm_head, read_weights, without_prefix
from tasks.errors import DataError, UserError

#: Pieces of one input where neither positions nor the tokenizer limit them (T5 counts distances).
_UNLIMITED = 512
#: transformers writes some 1e30 where a tokenizer has no limit.
_NO_LIMIT = 10**6
_CAUSAL = "ForCausalLM"


def describe(folder: Path, *, weights: bool) -> dict[str, Any]:
    """Fields of a spec, by their names there.

    Args:
        folder: a published model in transformers' layout: ``config.json`` and a tokenizer.
        weights: whether its weights are there, too. If so they are asked for their type and for a
            masked-language-modelling head; else its config is, and where that says nothing the field is left out.

    Raises:
        UserError: no config, or one of a model that cannot be used; no fast tokenizer; damaged weights.
    """
    config = read_config(folder)
    tokenizer = load_tokenizer(folder)
    published = read_json(folder / "config.json")
    names = [str(name) for name in published.get("architectures") or ()]
    limits = (positions(config), _tokenizer_limit(folder))
    size = parameters(config)
    tensors = _tensors(folder, config) if weights else None
    fields: dict[str, Any] = {
        "architecture": config.model_type,
        "layers": config.num_hidden_layers,
        "hidden_size": config.hidden_size,
        "parameters": size,
        "max_length": min([limit for limit in limits if limit is not None], default=_UNLIMITED),
        "tokenizer": {"kind": tokenizer_kind(tokenizer), "vocab_size": len(tokenizer)},
        "pooling": "last" if any(name.endswith(_CAUSAL) for name in names) else "mean",
    }
    found = {
        "mlm_head": _claims_head(config, names) if tensors is None else published_mlm_head(tensors, config) is not None,
        "dtype": _claimed_dtype(published) if tensors is None else _dtype(tensors),
    }
    return fields | {name: value for name, value in found.items() if value is not None}


def parameters(config: Any) -> int:
    """Weights of an encoder as it is used here, by its config alone: nothing is loaded, and no memory taken."""
    return count(blank_encoder(config))


def _tensors(folder: Path, config: Any) -> Tensors:
    """The weights of a folder, which fit its config."""
    tensors, encoder = read_weights(folder), blank_encoder(config)
    try:
        fitting(encoder, without_prefix(tensors, encoder), where=folder.name, source=True)
    except DataError as error:
        raise UserError(
            f"its weights are not those of its config.json: {error.what}",
            where=str(folder),
            remedy="use the config.json that was published with them",
        ) from error
    return tensors


def _dtype(tensors: Tensors) -> str | None:
    """By the weights; None where they are of several types, or of one that specs have no name for."""
    found = dtype_name({tensor.dtype for tensor in tensors.values()})
    return found if found in DTYPES.values() else None


def _claimed_dtype(published: dict[str, Any]) -> str | None:
    """By the config alone, which mostly says in which type the weights were saved."""
    said = published.get("dtype") or published.get("torch_dtype")
    return next((name for dtype, name in DTYPES.items() if str(dtype) == f"torch.{said}"), None)


def _tokenizer_limit(folder: Path) -> int | None:
    file = folder / "tokenizer_config.json"
    limit = read_json(file).get("model_max_length") if file.is_file() else None
    return int(limit) if isinstance(limit, int | float) and 0 < limit < _NO_LIMIT else None


def _claims_head(config: Any, names: list[str]) -> bool | None:
    """By the config alone: a class with a head says that there is one; any other says nothing of the weights."""
    if config.model_type not in MLM_HEADS:
        return False
    return True if any(name.endswith(("ForMaskedLM", "ForPreTraining")) for name in names) else None
