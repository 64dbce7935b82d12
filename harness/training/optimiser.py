"""AdamW with a linear warm-up and a linear decay."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import nn

from harness.specs.training import Hyper


def build_optimiser(parameters: Iterable[nn.Parameter], hyper: Hyper) -> torch.optim.Optimizer:
    """AdamW (Loshchilov and Hutter 2019). Vectors, that is biases and layer norms, are not decayed."""
    trained = [parameter for parameter in parameters if parameter.requires_grad]
    groups = [
        {"params": [p for p in trained if p.ndim > 1], "weight_decay": hyper.weight_decay},
        {"params": [p for p in trained if p.ndim <= 1], "weight_decay": 0.0},
    ]
    return torch.optim.AdamW(
        [group for group in groups if group["params"]],
        lr=hyper.learning_rate,
        betas=(hyper.adam_beta1, hyper.adam_beta2),
        eps=hyper.adam_epsilon,
        fused=True,
    )


def learning_rate(hyper: Hyper, step: int, total: int) -> float:
    """The rate of a step, counted from 1: a straight line up to the peak, then one down to zero after the last step.

    No step has a rate of zero: the first already moves, and zero is reached only one step after the end.
    """
    warmup = hyper.warmup(total)
    if step <= warmup:
        return hyper.learning_rate * step / warmup
    return hyper.learning_rate * (total - step + 1) / (total - warmup)


def set_learning_rate(optimiser: torch.optim.Optimizer, rate: float) -> None:
    """Set the rate of every group."""
    for group in optimiser.param_groups:
        group["lr"] = rate
