"""Facts in a published model's files that change no result, checked against its spec."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping

import torch
from torch import nn
from transformers import PreTrainedTokenizerFast

from tasks.errors import UserError

#: torch's types by the names that specs use.
DTYPES = {torch.float32: "fp32", torch.float16: "fp16", torch.bfloat16: "bf16"}
_FILES = {"tokenizer.kind": "tokenizer", "tokenizer.vocab_size": "tokenizer"}


def found_facts(
    encoder: nn.Module, dtypes: Iterable[torch.dtype], tokenizer: PreTrainedTokenizerFast
) -> dict[str, str]:
    """Return the facts in the files, by field of the spec, as text.

    Args:
        encoder: built from the config, with every weight that the files must fill.
        dtypes: of the published tensors.
        tokenizer: a fast one.
    """
    return {
        "parameters": str(count(encoder)),
        "dtype": dtype_name(dtypes),
        "tokenizer.kind": tokenizer_kind(tokenizer),
        "tokenizer.vocab_size": str(len(tokenizer)),
    }


def hold(claims: Mapping[str, str], found: Mapping[str, str], *, name: str) -> None:
    """Check the spec of a backbone against the facts in its files.

    Raises:
        UserError: they differ; the field and both values are given.
    """
    for field, said in claims.items():
        if field in found and found[field] != said:
            raise UserError(
                f"the spec says {field} {said}, its {_FILES.get(field, 'weights')} {found[field]}",
                where=f"backbone {name}",
                remedy="correct the spec, or find out whether the files are the right ones",
            )


def count(encoder: nn.Module) -> int:
    """Weights of an encoder as it is used here: each once, without pooler and heads."""
    return sum(weight.numel() for weight in encoder.parameters())


def dtype_name(dtypes: Iterable[torch.dtype]) -> str:
    """The type of published tensors by its name in specs; several joined by ``and``. Whole numbers do not count."""
    found = {DTYPES.get(dtype, str(dtype).removeprefix("torch.")) for dtype in dtypes if dtype.is_floating_point}
    return " and ".join(sorted(found))


def tokenizer_kind(tokenizer: PreTrainedTokenizerFast) -> str:
    """``wordpiece``, ``byte-bpe`` or ``sentencepiece``, by how a fast tokenizer is built."""
    state = json.loads(tokenizer.backend_tokenizer.to_str())
    kind = state["model"]["type"]
    if kind == "WordPiece":
        return "wordpiece"
    on_bytes = '"ByteLevel"' in json.dumps([state.get("pre_tokenizer"), state.get("decoder")])
    return "byte-bpe" if kind == "BPE" and on_bytes else "sentencepiece"
