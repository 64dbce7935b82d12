"""Phase ``pretrain``: further masked language modelling of a checkpoint on a corpus."""

from __future__ import annotations

from harness.context import StageContext
from harness.training.checkpoint import load_checkpoint, save_checkpoint, save_mlm_head, write_training
from harness.training.corpus_steps import BlockParams, CorpusSteps
from harness.training.loop import fit
from harness.training.masked_lm import MaskedLanguageModel
from harness.training.memory import PieceBudget
from harness.training.parameters import Hyper
from harness.training.resume import ResumeFile
from harness.training.runtime import Reporter, set_up


def run(context: StageContext) -> None:
    """Train for exactly ``steps * batch_size * block_length`` pieces, and write encoder and masked-LM head.

    A corpus that is smaller is gone through several times, shuffled anew each time.

    Raises:
        UserError: the backbone cannot be trained this way.
        DataError: the corpus is missing or too small.
        harness.errors.Diverged: the loss is no longer finite.
    """
    device = set_up(context)
    report = Reporter(context.progress)
    steps, batch_size, length = (int(context.params[name]) for name in ("steps", "batch_size", "block_length"))
    hyper = Hyper.from_params({**context.params["hyper"], "max_steps": steps, "batch_size": batch_size})
    checkpoint = load_checkpoint(
        context.inputs["checkpoint"], dropout=hyper.dropout, attention_dropout=hyper.attention_dropout
    )
    probability = float(context.params.get("mask_probability", 0.15))
    text = CorpusSteps(
        BlockParams(batch_size=batch_size, block_length=length, mask_probability=probability),
        checkpoint,
        context.inputs["checkpoint"],
        context.inputs["corpus"],
        context.seed,
    )
    batches = text.batches(steps, device=device, report=report.part(0.0, 0.1))
    budget = PieceBudget(pieces=hyper.micro_batch_pieces)
    model = MaskedLanguageModel(checkpoint.encoder, text.head)
    history = fit(
        model.to(device),
        batches.steps,
        model.loss,
        hyper=hyper,
        points=(steps,),
        evaluate=None,
        device=device,
        precision=context.precision,
        report=report.part(0.1, 1.0),
        budget=budget,
        resume=ResumeFile(context.out),
    )
    save_checkpoint(context.out, checkpoint)
    save_mlm_head(context.out, model.head)
    record = {
        **history.to_json(),
        **batches.record(steps),
        "phase": "pretrain",
        "effective_batch": batch_size,
        "block_length": length,
        **budget.to_json(),
    }
    write_training(context.out, record)
