"""Phase ``pretrain``: further masked language modelling of a checkpoint on a corpus."""

from __future__ import annotations

from typing import Any

from harness.context import StageContext
from harness.training import heads, masked_lm
from harness.training.batches import shuffled
from harness.training.checkpoint import (
    Checkpoint,
    load_checkpoint,
    load_mlm_head,
    new_mlm_head,
    save_checkpoint,
    save_mlm_head,
    write_training,
)
from harness.training.loop import fit
from harness.training.parameters import Hyper
from harness.training.runtime import Reporter, derived_seed, set_up
from tasks.errors import DataError, UserError


def run(context: StageContext) -> None:
    """Train for exactly ``steps * batch_size * block_length`` pieces, and write encoder and masked-LM head.

    A corpus that is smaller is gone through several times, shuffled anew each time.

    Raises:
        UserError: the backbone cannot be trained this way.
        DataError: the corpus is missing or too small.
        harness.training.errors.Diverged: the loss is no longer finite.
    """
    device = set_up(context)
    report = Reporter(context.progress)
    steps, batch_size, length = (int(context.params[name]) for name in ("steps", "batch_size", "block_length"))
    hyper = Hyper.from_params({**context.params["hyper"], "max_steps": steps, "batch_size": batch_size})
    checkpoint = load_checkpoint(
        context.inputs["checkpoint"], dropout=hyper.dropout, attention_dropout=hyper.attention_dropout
    )
    vocabulary = masked_lm.read_vocabulary(checkpoint.tokenizer, checkpoint.backbone)
    if length > checkpoint.backbone.max_length:
        raise UserError(
            f"blocks of {length} pieces exceed the backbone's {checkpoint.backbone.max_length}", where="block_length"
        )
    path = context.inputs["corpus"] / "text.jsonl"
    if not path.exists():
        raise DataError("the corpus has no text.jsonl", where="inputs.corpus")
    blocks = masked_lm.read_blocks(
        path,
        checkpoint.tokenizer,
        vocabulary,
        block_length=length,
        most=steps * batch_size,
        report=report.part(0.0, 0.1),
    )
    model, head_record = _model(context, checkpoint)
    probability = float(context.params.get("mask_probability", 0.15))
    history = fit(
        model.to(device),
        masked_lm.steps(
            blocks,
            shuffled(len(blocks), batch_size, derived_seed(context.seed, "blocks")),
            vocabulary,
            probability=probability,
            budget=hyper.micro_batch_pieces,
            seed=context.seed,
            device=device,
        ),
        model.loss,
        hyper=hyper,
        epoch_ends=(steps,),
        evaluate=None,
        device=device,
        precision=context.precision,
        report=report.part(0.1, 1.0),
    )
    save_checkpoint(context.out, checkpoint)
    save_mlm_head(context.out, model.head)
    record = {
        **history.to_json(),
        "phase": "pretrain",
        "effective_batch": batch_size,
        "block_length": length,
        "pieces": steps * batch_size * length,
        "corpus_blocks": len(blocks),
        "passes": steps * batch_size / len(blocks),
        "mlm_head": head_record,
    }
    write_training(context.out, record)


def _model(context: StageContext, checkpoint: Checkpoint) -> tuple[masked_lm.MaskedLanguageModel, str]:
    """The model, and where its head comes from."""
    head: Any = load_mlm_head(context.inputs["checkpoint"], checkpoint.config)
    source = "checkpoint"
    if head is None:
        head = new_mlm_head(checkpoint.config)
        heads.initialise(head, derived_seed(context.seed, "mlm_head"))
        source = "fresh"
    return masked_lm.MaskedLanguageModel(checkpoint.encoder, head), source
