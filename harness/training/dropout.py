"""Dropout on a CPU, from sixteen random bits an element.

torch draws each element there from a uniform number of its own, by one thread, which costs more than all else that
dropout does: a tenth of fine-tuning on questions. Sixteen bits say a probability to within 1/131,072, and four elements
share one draw.
"""

from __future__ import annotations

import torch
from torch import nn

_STEPS = 1 << 16


def dropout(values: torch.Tensor, probability: float) -> torch.Tensor:
    """``values`` with each element set to zero with a probability, and the others grown so that the mean stays."""
    if values.device.type != "cpu":
        return nn.functional.dropout(values, probability)
    return values * _kept(values, probability)


def _kept(values: torch.Tensor, probability: float) -> torch.Tensor:
    """Return the factor of each element."""
    dropped = round(probability * _STEPS)
    count = values.numel()
    draws = torch.empty(-(-count // 4), dtype=torch.int64).random_(-(1 << 63), None)
    kept = draws.view(torch.int16)[:count] >= dropped - _STEPS // 2
    return kept.view(values.shape).to(values.dtype).mul_(_STEPS / (_STEPS - dropped))


class Dropout(nn.Dropout):
    """Stands for torch's own."""

    def forward(self, values: torch.Tensor) -> torch.Tensor:
        return dropout(values, self.p) if self.training and self.p else values


def use_dropout(module: nn.Module, kind: type[nn.Dropout] = Dropout, *, of: type[nn.Dropout] = nn.Dropout) -> None:
    """Put one kind of dropout in the place of all of another (torch's) in a module."""
    for part in module.modules():
        for name, child in part.named_children():
            if type(child) is of:
                setattr(part, name, kind(child.p))
