"""Phase ``convert``: a published backbone, or a corpus, becomes a checkpoint."""

from __future__ import annotations

import tempfile
from itertools import islice
from pathlib import Path
from typing import Any

import torch
from tokenizers import processors
from torch import nn
from transformers import PreTrainedConfig, PreTrainedTokenizerFast

from harness.context import StageContext
from harness.plan.params import ConvertParams, PublishedBackbone, ScratchBackbone
from harness.specs.backbone import Backbone
from harness.training.checkpoint import Checkpoint, load_tokenizer, save_checkpoint, save_mlm_head
from harness.training.encoder import blank_encoder, build_encoder, fill, read_config
from harness.training.encoding import prefix_ids
from harness.training.facts import found_facts, hold
from harness.training.published import localise, published_mlm_head, read_weights, take_along, without_prefix
from harness.training.runtime import derived_seed, set_up
from harness.training.scratch import new_encoder, train_tokenizer
from tasks.errors import UserError
from tasks.rows import read_json_lines

#: Texts from the beginning of a corpus that a tokenizer is trained on: more change few pieces, and take long in scripts
#: without spaces, where a sentence is one word.
TOKENIZER_TEXTS = 10_000


def run(context: StageContext) -> None:
    """Write the checkpoint of one backbone.

    Raises:
        UserError: the spec and the backbone's files disagree.
        DataError: weights are missing, damaged or do not fit.
    """
    set_up(context)
    match ConvertParams.read(context.params, "params").backbone:
        case PublishedBackbone() as published:
            _from_files(context, published)
        case ScratchBackbone() as scratch:
            _from_scratch(context, scratch)
    context.progress(1.0, "converted")


def _from_files(context: StageContext, spec: PublishedBackbone) -> None:
    folder = context.inputs["source"] / spec.path
    if not folder.is_dir():
        raise UserError("no such folder in the source", where=f"backbone.path {spec.path}")
    if spec.remote_code:
        with tempfile.TemporaryDirectory(dir=context.out) as aside:
            _from_folder(context, spec, localise(folder, Path(aside) / folder.name))
    else:
        _from_folder(context, spec, folder)


def _from_folder(context: StageContext, spec: PublishedBackbone, folder: Path) -> None:
    backbone, code = spec.backbone(), spec.remote_code
    config = read_config(folder, code=code)
    if getattr(config, "is_decoder", False) and backbone.pooling != "last":
        # A mask that hides what follows is no part of an encoder (UniXcoder's own class sets it for generation).
        config.is_decoder = False
    tokenizer = load_tokenizer(folder, code=code)
    if spec.template is not None:
        frame(tokenizer, spec.template.single, spec.template.pair)
    check(backbone, config, tokenizer)
    tokenizer.model_max_length = backbone.max_length
    context.progress(0.1, f"reading the weights of {backbone.name}")
    tensors = read_weights(folder)
    if not code:
        blank_encoder(config)  # says in a sentence what is wrong with a config
    encoder = build_encoder(config, code=code)
    found = found_facts(encoder, {tensor.dtype for tensor in tensors.values()}, tokenizer)
    hold(context.expected, found, name=backbone.name)
    fill(encoder, without_prefix(tensors, encoder), where=folder.name, source=True)
    if code:
        check_states(backbone, encoder, tokenizer)
    head = published_mlm_head(tensors, config)
    check_head(backbone, spec.mlm_head, found=head is not None)
    context.progress(0.7, f"writing {backbone.name}")
    save_checkpoint(context.out, Checkpoint(backbone=backbone, config=config, encoder=encoder, tokenizer=tokenizer))
    if head is not None:
        save_mlm_head(context.out, head)
    if code:
        take_along(folder, context.out)


def _from_scratch(context: StageContext, spec: ScratchBackbone) -> None:
    backbone = spec.backbone()
    records = islice(read_json_lines(_corpus(context.inputs["corpus"])), TOKENIZER_TEXTS)
    texts = [record[name] for record in records for name in ("text", "second") if name in record]
    context.progress(0.1, f"training a tokenizer on {len(texts):,} texts")
    tokenizer = train_tokenizer(texts, kind=spec.tokenizer, vocab_size=spec.vocab_size, max_length=backbone.max_length)
    config, encoder = new_encoder(
        backbone.architecture,
        tokenizer,
        spec.config,
        layers=backbone.layers,
        hidden_size=backbone.hidden_size,
        max_length=backbone.max_length,
        seed=derived_seed(context.seed, "encoder"),
    )
    check(backbone, config, tokenizer)
    save_checkpoint(context.out, Checkpoint(backbone=backbone, config=config, encoder=encoder, tokenizer=tokenizer))


def _corpus(folder: Path) -> Path:
    path = folder / "text.jsonl"
    if not path.exists():
        raise UserError("the corpus has no text.jsonl", where="inputs.corpus")
    return path


def check(backbone: Backbone, config: PreTrainedConfig, tokenizer: PreTrainedTokenizerFast) -> None:
    """Compare what the spec says with what the files hold.

    Raises:
        UserError: they differ; both values are given.
    """
    room = positions(config)
    compared = {
        "architecture": (backbone.architecture, config.model_type, backbone.architecture == config.model_type),
        "layers": (backbone.layers, config.num_hidden_layers, backbone.layers == config.num_hidden_layers),
        "hidden_size": (backbone.hidden_size, config.hidden_size, backbone.hidden_size == config.hidden_size),
        "max_length": (backbone.max_length, room, room is None or backbone.max_length <= room),
        "vocabulary": (len(tokenizer), config.vocab_size, len(tokenizer) <= config.vocab_size),
    }
    for name, (spec, found, fits) in compared.items():
        if not fits:
            said = "its tokenizer has" if name == "vocabulary" else "the spec says"
            raise UserError(
                f"{said} {name} {spec}, its config.json {found}",
                where=f"backbone {backbone.name}",
                remedy="correct the spec, or name another folder",
            )
    prefix_ids(backbone, tokenizer)


def check_states(backbone: Backbone, encoder: nn.Module, tokenizer: PreTrainedTokenizerFast) -> None:
    """A backbone's own code must give one hidden state a piece, as every class of transformers does.

    Raises:
        UserError: it fails, or gives something else (an embedding of the whole text, say).
    """
    ids = tokenizer("a", return_tensors="pt")["input_ids"]
    try:
        with torch.no_grad():
            hidden = encoder.eval()(input_ids=ids, attention_mask=torch.ones_like(ids)).last_hidden_state
        found: Any = tuple(hidden.shape)
    except (AttributeError, TypeError, ValueError, RuntimeError, IndexError) as error:
        found = f"{type(error).__name__}: {error}"
    if found != (1, ids.shape[1], backbone.hidden_size):
        raise UserError(
            f"its own code gives no last_hidden_state of one vector a piece ({found})",
            where=f"backbone {backbone.name}",
            remedy="it cannot be used here as it is, or not with this version of transformers",
        )


def check_head(backbone: Backbone, claimed: bool | None, *, found: bool) -> None:
    """Compare what the spec says of a masked-language-modelling head with what the files hold.

    Raises:
        UserError: they differ. A head that is not where the spec says would be made anew, and nobody would see it.
    """
    if claimed is not None and claimed != found:
        raise UserError(
            f"the spec says mlm_head: {str(claimed).lower()}, its weights have {'one' if found else 'none of ours'}",
            where=f"backbone {backbone.name}",
            remedy=f"write mlm_head: {str(found).lower()}",
        )


def frame(tokenizer: PreTrainedTokenizerFast, single: str, pair: str) -> None:
    """Put special pieces around one text and around two, where a tokenizer's own files leave them out.

    Raises:
        UserError: a piece of the template is not in the vocabulary.
    """
    vocabulary = tokenizer.get_vocab()
    pieces = [piece for piece in dict.fromkeys(f"{single} {pair}".split()) if not piece.startswith("$")]
    for piece in pieces:
        if piece not in vocabulary:
            raise UserError(f"the piece {piece!r} of the template is not in the vocabulary", where="backbone.template")
    tokenizer.backend_tokenizer.post_processor = processors.TemplateProcessing(
        single=single, pair=pair, special_tokens=[(piece, vocabulary[piece]) for piece in pieces]
    )


def positions(config: PreTrainedConfig) -> int | None:
    """How many pieces an encoder has positions for; None where its config does not limit them."""
    found: int | None = getattr(config, "max_position_embeddings", None)
    if found is not None and config.model_type in ("roberta", "xlm-roberta", "camembert"):
        found -= config.pad_token_id + 1  # RoBERTa's positions begin after the padding id
    return found
