"""Read published weights (safetensors or ``.bin``, in one file or several) and a model's own Python code."""

from __future__ import annotations

import pickle
import re
import shutil
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from torch import nn
from transformers import PreTrainedConfig

from harness.files import write_json
from harness.training.checkpoint import new_mlm_head
from harness.training.encoder import Tensors, read_safetensors, unreadable
from harness.training.heads import MaskedLMHead
from harness.training.json_files import read_json
from tasks.errors import DataError, UserError

_CONFIGS = ("config.json", "tokenizer_config.json")


def localise(folder: Path, aside: Path) -> Path:
    """Copy a published folder so that its configs name its own Python files, not those of a repository."""
    shutil.copytree(folder, aside)
    for name in _CONFIGS:
        if (aside / name).is_file():
            fields = read_json(aside / name)
            if "auto_map" in fields:
                fields["auto_map"] = _here(fields["auto_map"])
                write_json(aside / name, fields)
    return aside


def _here(value: Any) -> Any:
    """``owner/name--module.Class`` as ``module.Class``, wherever it stands."""
    if isinstance(value, dict):
        return {key: _here(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_here(inner) for inner in value]
    return value.split("--", 1)[-1] if isinstance(value, str) else value


def take_along(folder: Path, checkpoint: Path) -> None:
    """Copy Python files to a checkpoint's configs, whose references survive saving."""
    for part, config in (("encoder", "config.json"), ("tokenizer", "tokenizer_config.json")):
        for file in sorted(folder.glob("*.py")):
            shutil.copyfile(file, checkpoint / part / file.name)
        published, saved = read_json(folder / config), read_json(checkpoint / part / config)
        if published.get("auto_map"):
            write_json(checkpoint / part / config, {**saved, "auto_map": published["auto_map"]})


#: File names by which weights are published, in the order in which they are looked for.
WEIGHTS = ("model.safetensors", "pytorch_model.bin")

#: Types of tensors as headers of safetensors name them.
_TYPES = {
    "F64": torch.float64,
    "F32": torch.float32,
    "F16": torch.float16,
    "BF16": torch.bfloat16,
    "I64": torch.int64,
    "I32": torch.int32,
    "I16": torch.int16,
    "I8": torch.int8,
    "U8": torch.uint8,
    "BOOL": torch.bool,
}

#: Where the parts of a masked-LM head stand in published weights, by config ``model_type``.
_BERT_HEAD = {
    "dense": "cls.predictions.transform.dense",
    "layer_norm": "cls.predictions.transform.LayerNorm",
    "bias": "cls.predictions.bias",
}
_ROBERTA_HEAD = {"dense": "lm_head.dense", "layer_norm": "lm_head.layer_norm", "bias": "lm_head.bias"}
MLM_HEADS = {
    "bert": _BERT_HEAD,
    "roberta": _ROBERTA_HEAD,
    "xlm-roberta": _ROBERTA_HEAD,
    "camembert": _ROBERTA_HEAD,
    "modernbert": {"dense": "head.dense", "layer_norm": "head.norm", "bias": "decoder.bias"},
}


def read_weights(folder: Path) -> Tensors:
    """All tensors of a published model, with the old names of layer norms' weights brought up to date.

    Raises:
        UserError: there are no weights.
        DataError: a file is missing, damaged, or holds more than tensors.
    """
    tensors: Tensors = {}
    for file in weight_files(folder):
        tensors |= read_safetensors(file) if file.suffix == ".safetensors" else _read_bin(file)
    return {_renamed(tensor): value for tensor, value in tensors.items()}


def weight_types(folder: Path) -> set[torch.dtype]:
    """The types of a published model's tensors: of safetensors by their headers alone.

    Raises:
        UserError, DataError: as :func:`read_weights`.
    """
    found: set[torch.dtype] = set()
    for file in weight_files(folder):
        if file.suffix != ".safetensors":
            found |= {tensor.dtype for tensor in _read_bin(file).values()}
            continue
        try:
            with safe_open(file, framework="pt") as opened:
                found |= {_TYPES[opened.get_slice(name).get_dtype()] for name in opened.keys()}  # noqa: SIM118
        except (OSError, SafetensorError, KeyError) as error:
            raise unreadable(file, "safetensors file", error) from error
    return found


def weight_files(folder: Path) -> list[Path]:
    """The files of a published model's weights: safetensors before ``.bin``, one or several.

    Raises:
        UserError: there are none.
    """
    for name in WEIGHTS:
        if (folder / name).exists():
            return [folder / name]
        if (index := folder / f"{name}.index.json").exists():
            return [folder / file for file in sorted(_shards(index))]
    raise UserError("no weights", where=folder.name, remedy=f"a folder needs one of {', '.join(WEIGHTS)}")


def _shards(index: Path) -> set[str]:
    found = read_json(index)
    names = found.get("weight_map") if isinstance(found, dict) else None
    if not isinstance(names, dict) or not names or any(Path(str(name)).name != name for name in names.values()):
        raise DataError("does not say which files hold the tensors", where=index.name, remedy="fetch or copy it again")
    return set(names.values())


def _read_bin(file: Path) -> Tensors:
    """Tensors of a pickled file; anything in it but tensors is refused by torch."""
    try:
        loaded: Any = torch.load(file, map_location="cpu", weights_only=True)
    except MemoryError:
        raise
    except pickle.UnpicklingError as error:  # torch's own sentence is how to run it nevertheless
        raise DataError(
            "no file of tensors alone; what else it names is Python, which is never run",
            where=file.name,
            remedy="take the model's safetensors, or ask its publisher for them",
        ) from error
    except Exception as error:  # of bytes that are no pickle any instruction may fail
        raise unreadable(file, "file of tensors") from error
    if not isinstance(loaded, dict) or not all(isinstance(value, torch.Tensor) for value in loaded.values()):
        raise DataError("holds more than named tensors", where=file.name)
    return dict(loaded)


def _renamed(name: str) -> str:
    # Weights converted from TensorFlow, BERT's among them, call them gamma and beta.
    return re.sub(r"LayerNorm\.gamma$", "LayerNorm.weight", re.sub(r"LayerNorm\.beta$", "LayerNorm.bias", name))


def without_prefix(tensors: Tensors, encoder: nn.Module) -> Tensors:
    """Take the model's prefix (``bert.``, ``roberta.``, ``model.``) off the tensors of the encoder.

    Raises:
        DataError: a tensor is there twice, with and without it.
    """
    prefix = f"{encoder.base_model_prefix}."
    result: Tensors = {}
    for name, value in tensors.items():
        bare = name.removeprefix(prefix)
        if bare in result:
            raise DataError(f"{bare} is there twice, with and without the prefix {prefix}", where="weights")
        result[bare] = value
    return result


def published_mlm_head(tensors: Tensors, config: PreTrainedConfig) -> MaskedLMHead | None:
    """The masked-LM head of published weights, or None where there is none that is built like ours.

    A bias that a family omits is zero.
    """
    names = MLM_HEADS.get(config.model_type)
    activation = getattr(config, "classifier_activation", None) or getattr(config, "hidden_act", None)
    if names is None or activation != "gelu" or f"{names['dense']}.weight" not in tensors:
        return None
    head = new_mlm_head(config)
    found: Tensors = {}
    for own, current in head.state_dict().items():
        part, _, leaf = own.partition(".")
        published = f"{names[part]}.{leaf}" if leaf else names[part]
        tensor = tensors.get(published)
        if tensor is None and not own.endswith("bias"):
            return None
        found[own] = torch.zeros_like(current) if tensor is None else tensor.float()
        if found[own].shape != current.shape:
            raise DataError(f"{published} is {tuple(found[own].shape)}, not {tuple(current.shape)}", where="weights")
    head.load_state_dict(found, strict=True)
    return head
