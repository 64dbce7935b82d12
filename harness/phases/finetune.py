"""Phase ``finetune``: train a checkpoint on the English rows of one target task."""

from __future__ import annotations

from harness.context import StageContext
from harness.plan.params import FinetuneParams
from harness.specs.training import MixingSpec
from harness.training.supervised import train_checkpoint

#: The name of the one head that fine-tuning leaves.
HEAD = "target"


def run(context: StageContext) -> None:
    """Write a checkpoint with the trained encoder and its head ``target``; the head starts anew.

    Raises:
        DataError: rows or weights are missing or do not fit.
        harness.errors.Diverged: the loss is no longer finite.
    """
    params = FinetuneParams.read(context.params, "params")
    train_checkpoint(context, params.hyper, {HEAD: params.task}, MixingSpec(kind="proportional"))
