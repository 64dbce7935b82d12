"""Heads over the encoder's last hidden state, one for each shape of answer, and their losses.

``hidden`` is always (sequences, pieces, hidden_size). Weights start from a normal distribution with standard deviation
0.02, biases from zero, as in BERT (Devlin et al. 2019, appendix A and the published code).
"""

from __future__ import annotations

from typing import assert_never

import torch
from torch import nn
from torch.nn import functional

from harness.specs.backbone import Summary
from harness.training.batches import Batch
from harness.training.dropout import Dropout
from harness.training.inputs import CUT
from tasks.types.base import HeadKind

#: A logit that no softmax and no sum of two can lift again, and that stays finite.
MASKED = -1e9


class SummaryTrunk(nn.Module):
    """One vector a sequence: its first or last piece, or the mean of all -> dropout -> dense -> tanh -> dropout."""

    def __init__(self, hidden_size: int, *, summary: Summary, dropout: float) -> None:
        super().__init__()
        self.summary = summary
        self.dropout = Dropout(dropout)
        self.dense = nn.Linear(hidden_size, hidden_size)

    def forward(self, hidden: torch.Tensor, batch: Batch) -> torch.Tensor:
        lengths = batch.attention_mask.sum(dim=1)  # (sequences,); padding is on the right
        match self.summary:
            case "first":
                vector = hidden[:, 0]
            case "last":
                vector = hidden[torch.arange(len(hidden), device=hidden.device), lengths - 1]
            case "mean":
                vector = (hidden * batch.attention_mask[:, :, None]).sum(dim=1) / lengths[:, None]
            case _:
                assert_never(self.summary)
        summary: torch.Tensor = self.dropout(torch.tanh(self.dense(self.dropout(vector))))
        return summary


class SequenceHead(nn.Module):
    """Logits (inputs, labels)."""

    def __init__(self, hidden_size: int, labels: int, *, summary: Summary, dropout: float) -> None:
        super().__init__()
        self.trunk = SummaryTrunk(hidden_size, summary=summary, dropout=dropout)
        self.out = nn.Linear(hidden_size, labels)

    def forward(self, hidden: torch.Tensor, batch: Batch) -> torch.Tensor:
        logits: torch.Tensor = self.out(self.trunk(hidden, batch))
        return logits


class ChoiceHead(nn.Module):
    """Logits (inputs, choices): one score a choice; absent choices, where rows differ in number, are masked."""

    def __init__(self, hidden_size: int, *, summary: Summary, dropout: float) -> None:
        super().__init__()
        self.trunk = SummaryTrunk(hidden_size, summary=summary, dropout=dropout)
        self.out = nn.Linear(hidden_size, 1)

    def forward(self, hidden: torch.Tensor, batch: Batch) -> torch.Tensor:
        scores: torch.Tensor = self.out(self.trunk(hidden, batch)).squeeze(-1)  # (sequences,)
        if batch.choices is None:
            raise ValueError("a batch of multiple choice needs its choices")
        absent = batch.choices < 0  # (inputs, choices)
        return scores[batch.choices.clamp(min=0)].masked_fill(absent, MASKED)


class TokenHead(nn.Module):
    """Logits (words of all inputs, labels), read at the first piece of each word."""

    def __init__(self, hidden_size: int, labels: int, *, dropout: float) -> None:
        super().__init__()
        self.dropout = Dropout(dropout)
        self.out = nn.Linear(hidden_size, labels)

    def forward(self, hidden: torch.Tensor, batch: Batch) -> torch.Tensor:
        if batch.words is None:
            raise ValueError("a batch of tagged sentences needs its words")
        logits: torch.Tensor = self.out(self.dropout(hidden[batch.words[0], batch.words[1]]))
        return logits


class SpanHead(nn.Module):
    """Logits (inputs, pieces, 2) of start and end; only the context and position 0 ("no answer") can be chosen."""

    def __init__(self, hidden_size: int) -> None:
        super().__init__()
        self.out = nn.Linear(hidden_size, 2)

    def forward(self, hidden: torch.Tensor, batch: Batch) -> torch.Tensor:
        if batch.allowed is None:
            raise ValueError("a batch of questions needs to know its contexts")
        logits: torch.Tensor = self.out(hidden)
        return logits.masked_fill(~batch.allowed.unsqueeze(-1), MASKED)


class MaskedLMHead(nn.Module):
    """Logits (positions, vocabulary): dense -> gelu -> layer norm -> the input embeddings' transpose, plus a bias."""

    def __init__(self, *, hidden_size: int, vocabulary: int, eps: float) -> None:
        super().__init__()
        self.dense = nn.Linear(hidden_size, hidden_size)
        self.layer_norm = nn.LayerNorm(hidden_size, eps=eps)
        self.bias = nn.Parameter(torch.zeros(vocabulary))

    def forward(self, hidden: torch.Tensor, embeddings: torch.Tensor) -> torch.Tensor:
        """``hidden`` is (positions, hidden_size), ``embeddings`` (vocabulary, hidden_size)."""
        transformed = self.layer_norm(functional.gelu(self.dense(hidden)))
        return functional.linear(transformed, embeddings, self.bias)


def build_head(kind: HeadKind, *, hidden_size: int, labels: int, summary: Summary, dropout: float = 0.0) -> nn.Module:
    """A head of one kind, with weights still to be set by :func:`initialise` or from a file."""
    match kind:
        case HeadKind.SEQUENCE:
            return SequenceHead(hidden_size, labels, summary=summary, dropout=dropout)
        case HeadKind.CHOICE:
            return ChoiceHead(hidden_size, summary=summary, dropout=dropout)
        case HeadKind.TOKEN:
            return TokenHead(hidden_size, labels, dropout=dropout)
        case HeadKind.SPAN:
            return SpanHead(hidden_size)
        case _:
            assert_never(kind)


def initialise(head: nn.Module, seed: int) -> None:
    """Draw the weights of every linear layer from a generator of their own."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for module in head.modules():
            if isinstance(module, nn.Linear):
                module.weight.normal_(0.0, 0.02, generator=generator)
                module.bias.zero_()


def loss_sum(kind: HeadKind, logits: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    """The sum of the cross-entropies over all targets of a batch (a span has two: start and end).

    Sums, not means: divided by the targets of the whole effective batch, the gradient cannot depend on the split.
    """
    logits = logits.float()
    if kind is HeadKind.SPAN:
        logits = logits.transpose(1, 2).flatten(0, 1)  # (inputs * 2, pieces): start and end of each input
    return functional.cross_entropy(logits, targets.flatten(), ignore_index=CUT, reduction="sum")
