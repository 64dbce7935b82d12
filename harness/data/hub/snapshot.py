"""Which files of a model's repository, or of a folder laid out like one, are needed: the rule where a spec names none.

Needs no client: planning applies it to folders, too.
"""

from __future__ import annotations

import fnmatch
from collections.abc import Collection

from harness.errors import SpecError

CONFIG = "config.json"
TOKENIZER = (
    "added_tokens.json",
    "merges.txt",
    "sentencepiece.bpe.model",
    "special_tokens_map.json",
    "spiece.model",
    "tokenizer.json",
    "tokenizer.model",
    "tokenizer_config.json",
    "vocab.json",
    "vocab.txt",
)
#: Weights by preference, each with the pattern of its further files.
WEIGHTS = (
    ("model.safetensors", None),
    ("model.safetensors.index.json", "model-*-of-*.safetensors"),
    ("pytorch_model.bin", None),
    ("pytorch_model.bin.index.json", "pytorch_model-*-of-*.bin"),
)


def needed_files(paths: Collection[str], *, where: str) -> list[str]:
    """Configuration, whatever belongs to the tokenizer, and one set of weights, safetensors before ``.bin``; sorted.

    Raises:
        SpecError: there is no configuration, no tokenizer or no set of weights.
    """
    here = set(paths)
    if CONFIG not in here:
        raise SpecError(f"there is no {CONFIG}", where=where, remedy="is this a model in transformers' layout?")
    tokenizer = [name for name in TOKENIZER if name in here]
    if not tokenizer:
        raise SpecError("there is no tokenizer", where=where, remedy="it needs a tokenizer.json, or its vocabulary")
    for first, further in WEIGHTS:
        if first in here:
            shards = [path for path in here if further and fnmatch.fnmatchcase(path, further)]
            return sorted([CONFIG, *tokenizer, first, *shards])
    names = ", ".join(name for name, _ in WEIGHTS)
    raise SpecError("there are no weights", where=where, remedy=f"one of {names} is needed")
