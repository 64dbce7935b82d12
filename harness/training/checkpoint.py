"""The checkpoint artifact: encoder, tokenizer, facts about the backbone, heads, and a record of the training.

Layout: ``encoder/`` (``config.json`` and ``model.safetensors``, fp32), ``tokenizer/``, ``backbone.json``, and where
there are any ``heads/NAME.safetensors`` with ``heads/NAME.json``, ``mlm_head.safetensors`` and ``training.json``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch import nn
from transformers import AutoTokenizer, PreTrainedConfig, PreTrainedTokenizerFast

from harness.files import write_json
from harness.specs.backbone import Backbone
from harness.training import heads
from harness.training.dropout import use_dropout
from harness.training.encoder import (
    build_encoder,
    fill,
    own_tensors,
    read_config,
    read_safetensors,
    reason,
    write_safetensors,
)
from harness.training.json_files import read_json
from tasks.errors import DataError, UserError
from tasks.types.base import HeadKind

MLM_HEAD = "mlm_head.safetensors"

#: Arguments of a call that transformers would write into the tokenizer's own config.
_NOT_OF_THE_TOKENIZER = (
    "is_local",
    "local_files_only",
    "max_length",
    "pad_to_multiple_of",
    "stride",
    "truncation_strategy",
)


@dataclass(frozen=True, kw_only=True)
class Checkpoint:
    """A loaded backbone. ``config`` is the transformers config as published, without the dropout of a training."""

    backbone: Backbone
    config: PreTrainedConfig
    encoder: nn.Module
    tokenizer: PreTrainedTokenizerFast

    @property
    def pad_id(self) -> int:
        """The id to pad with. RoBERTa counts positions by its config's id, so that one goes before the tokenizer's."""
        for pad_id in (getattr(self.config, "pad_token_id", None), self.tokenizer.pad_token_id):
            if pad_id is not None:
                return int(pad_id)
        return 0


@dataclass(frozen=True, kw_only=True)
class HeadFacts:
    """``heads/NAME.json``: the answers of a head.

    ``no_answer_threshold``: (SQuAD v2.0) chosen on its validation rows (:mod:`tasks.types.windows`).
    """

    kind: HeadKind
    labels: tuple[str, ...]
    no_answer_threshold: float | None = None

    def to_json(self) -> dict[str, Any]:
        """As it is written."""
        threshold = self.no_answer_threshold
        beside = {} if threshold is None else {"no_answer_threshold": threshold}
        return {"kind": self.kind.value, "labels": list(self.labels), **beside}

    @classmethod
    def from_json(cls, fields: dict[str, Any]) -> HeadFacts:
        """As it was written."""
        return cls(
            kind=HeadKind(fields["kind"]),
            labels=tuple(fields["labels"]),
            no_answer_threshold=fields.get("no_answer_threshold"),
        )


def load_tokenizer(folder: Path, *, code: bool = False) -> PreTrainedTokenizerFast:
    """The fast tokenizer of a folder, from its local files alone; ``code`` as for ``read_config``.

    Raises:
        UserError: there is none, or none that is fast.
    """
    try:
        tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True, trust_remote_code=code)
    except Exception as error:  # somebody's files, see read_config
        raise UserError(
            f"no usable tokenizer: {reason(error)}",
            where=folder.name,
            remedy="check that its tokenizer.json, or its vocabulary, is whole",
        ) from error
    if not getattr(tokenizer, "is_fast", False):
        raise UserError("the tokenizer is not a fast one", where=folder.name, remedy="add its tokenizer.json")
    # Published files often carry a truncation of their own, which would cut every text without a word.
    tokenizer.backend_tokenizer.no_truncation()
    tokenizer.backend_tokenizer.no_padding()
    for name in _NOT_OF_THE_TOKENIZER:
        tokenizer.init_kwargs.pop(name, None)
    return tokenizer


def load_checkpoint(path: Path, *, dropout: float = 0.0, attention_dropout: float = 0.0) -> Checkpoint:
    """Load the encoder and tokenizer of a checkpoint artifact; the encoder is in evaluation mode.

    Raises:
        DataError: a file is missing or a tensor does not fit.
    """
    backbone = Backbone.read(read_json(path / "backbone.json"), "backbone")
    code = backbone.remote_code
    config = read_config(path / "encoder", code=code)
    encoder = build_encoder(config, dropout=dropout, attention_dropout=attention_dropout, code=code)
    fill(encoder, read_safetensors(path / "encoder" / "model.safetensors"), where="encoder/model.safetensors")
    use_dropout(encoder)
    encoder.eval()
    tokenizer = load_tokenizer(path / "tokenizer", code=code)
    return Checkpoint(backbone=backbone, config=config, encoder=encoder, tokenizer=tokenizer)


def save_checkpoint(path: Path, checkpoint: Checkpoint) -> None:
    """Write everything but heads and the training's record. ``path`` exists and is empty."""
    folder = path / "encoder"
    folder.mkdir()
    checkpoint.config.architectures = [type(checkpoint.encoder).__name__]
    checkpoint.config.dtype = "float32"
    checkpoint.config.save_pretrained(folder)
    write_safetensors(folder / "model.safetensors", own_tensors(checkpoint.encoder))
    checkpoint.tokenizer.save_pretrained(path / "tokenizer")
    write_json(path / "backbone.json", checkpoint.backbone.to_json())


def save_head(path: Path, name: str, head: nn.Module, facts: HeadFacts) -> None:
    """Write one head under ``heads/`` of a checkpoint."""
    folder = path / "heads"
    folder.mkdir(exist_ok=True)
    write_safetensors(folder / f"{name}.safetensors", head.state_dict())
    write_json(folder / f"{name}.json", facts.to_json())


def head_facts(path: Path, name: str) -> HeadFacts:
    """Read the answers of the head ``name`` of a checkpoint.

    Raises:
        UserError: there is no such head.
    """
    where = f"heads/{name}.json"
    if not (path / where).exists():
        held = sorted(file.stem for file in (path / "heads").glob("*.json"))
        raise UserError(
            f"the checkpoint has no head {name!r} (it has {', '.join(held) or 'none'})",
            where=where,
            remedy="fine-tune the checkpoint first",
        )
    return HeadFacts.from_json(read_json(path / where))


def load_head(path: Path, name: str, *, backbone: Backbone, kind: HeadKind, labels: Sequence[str]) -> nn.Module:
    """The head ``name`` of a checkpoint, for rows of a kind and with labels in this order.

    Raises:
        UserError: there is no such head, or it was trained for another kind of row or for other labels.
    """
    where = f"heads/{name}.json"
    facts = head_facts(path, name)
    if facts.kind is not kind:
        raise UserError(f"a {facts.kind} head cannot answer rows that need a {kind} head", where=where)
    if facts.labels != tuple(labels):
        raise UserError(
            f"the head was trained with labels {list(facts.labels)}, the task has {list(labels)}",
            where=where,
            remedy="give the task the labels, and the order, it was trained with",
        )
    head = heads.build_head(kind, hidden_size=backbone.hidden_size, labels=len(labels), summary=backbone.summary)
    _fill_head(head, path / "heads" / f"{name}.safetensors")
    return head.eval()


def save_mlm_head(path: Path, head: nn.Module) -> None:
    """Write the masked-LM head; its decoder is the encoder's input embedding and is not written twice."""
    write_safetensors(path / MLM_HEAD, head.state_dict())


def load_mlm_head(path: Path, config: PreTrainedConfig) -> heads.MaskedLMHead | None:
    """The masked-LM head of a checkpoint, or None where it has none."""
    if not (path / MLM_HEAD).exists():
        return None
    head = new_mlm_head(config)
    _fill_head(head, path / MLM_HEAD)
    return head


def new_mlm_head(config: PreTrainedConfig) -> heads.MaskedLMHead:
    """A masked-LM head of the backbone's size, its weights still to be set."""
    eps = getattr(config, "layer_norm_eps", None) or getattr(config, "norm_eps", None) or 1e-5
    return heads.MaskedLMHead(hidden_size=config.hidden_size, vocabulary=config.vocab_size, eps=eps)


def _fill_head(head: nn.Module, file: Path) -> None:
    try:
        head.load_state_dict(read_safetensors(file), strict=True)
    except RuntimeError as error:
        raise DataError(f"the tensors do not fit the head ({error})", where=file.name) from error


def write_training(path: Path, record: dict[str, Any]) -> None:
    """Write ``training.json``."""
    write_json(path / "training.json", record)
