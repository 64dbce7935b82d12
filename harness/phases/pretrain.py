"""Phase ``pretrain``: further masked language modelling of a checkpoint on a corpus."""

from __future__ import annotations

from harness.context import StageContext
from harness.plan.params import PretrainParams
from harness.training.checkpoint import load_checkpoint, save_checkpoint, save_mlm_head, write_training
from harness.training.corpus_steps import CorpusSteps
from harness.training.loop import fit
from harness.training.masked_lm import MaskedLanguageModel
from harness.training.memory import PieceBudget
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
    params = PretrainParams.read(context.params, "params")
    hyper = params.hyper
    checkpoint = load_checkpoint(
        context.inputs["checkpoint"], dropout=hyper.dropout, attention_dropout=hyper.attention_dropout
    )
    text = CorpusSteps(params, checkpoint, context.inputs["checkpoint"], context.inputs["corpus"], context.seed)
    batches = text.batches(params.steps, device=device, report=report.part(0.0, 0.1))
    budget = PieceBudget(pieces=hyper.micro_batch_pieces)
    model = MaskedLanguageModel(checkpoint.encoder, text.head)
    history = fit(
        model.to(device),
        batches.steps,
        model.loss,
        hyper=hyper,
        points=(params.steps,),
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
        **batches.record(params.steps),
        "phase": "pretrain",
        "effective_batch": params.batch_size,
        "block_length": params.block_length,
        **budget.to_json(),
    }
    write_training(context.out, record)
