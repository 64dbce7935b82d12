"""AdamW with a linear warm-up and decay, and the precision in which a step computes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext

import torch
from torch import nn
from transformers import PreTrainedModel

from harness.specs.training import Hyper
from harness.training.runtime import autocast

#: Families whose modules compute in whatever precision their weights have (tested for each).
_FAMILIES = {"bert", "modernbert", "qwen2", "roberta", "t5", "xlm-roberta"}


class Precision:
    """Forwards and backwards in float32, or in bfloat16 where autocast says so."""

    def __init__(self, device: torch.device, precision: str) -> None:
        self._device = device
        self._precision = precision

    def step(self) -> AbstractContextManager[Callable[[], None]]:
        """The passes of one optimiser step; call its result after each backward pass."""
        return nullcontext(_nothing)

    def forward(self) -> AbstractContextManager[None]:
        """One pass forwards, up to the loss."""
        found: AbstractContextManager[None] = autocast(self._device, self._precision)
        return found


def _nothing() -> None: ...


class BFloat16(Precision):
    """Forwards and backwards in bfloat16, by copies of the weights."""

    def __init__(self, device: torch.device, model: nn.Module) -> None:
        super().__init__(device, "bf16")
        self._weights = [weight for weight in model.parameters() if weight.requires_grad]
        self._copies = [torch.empty_like(weight, dtype=torch.bfloat16) for weight in self._weights]
        self._sums = [torch.empty_like(weight.data) for weight in self._weights]

    @contextmanager
    def step(self) -> Iterator[Callable[[], None]]:
        """While it lasts the model holds the copies; gradients are there in float32 when it is over."""
        whole = [weight.data for weight in self._weights]
        summed: set[int] = set()
        torch._foreach_copy_(self._copies, whole)
        try:
            for weight, copy in zip(self._weights, self._copies, strict=True):
                weight.data = copy
            yield lambda: self._add_up(summed)
        finally:
            for place, (weight, values) in enumerate(zip(self._weights, whole, strict=True)):
                weight.grad = None
                weight.data = values
                weight.grad = self._sums[place] if place in summed else None

    def _add_up(self, summed: set[int]) -> None:
        """Take the gradients of one pass into the sums; ``summed`` says where there is one already."""
        found = {place: weight.grad for place, weight in enumerate(self._weights) if weight.grad is not None}
        first, more = found.keys() - summed, found.keys() & summed
        for places, take in ((sorted(first), torch._foreach_copy_), (sorted(more), torch._foreach_add_)):
            if places:
                take([self._sums[place] for place in places], [found[place] for place in places])
        summed |= first
        for place in found:
            self._weights[place].grad = None

    def forward(self) -> AbstractContextManager[None]:
        return nullcontext()


def precision_of(model: nn.Module, device: torch.device, precision: str) -> Precision:
    """How a model computes in ``fp32`` or ``bf16``."""
    if precision == "bf16" and _known(model):
        return BFloat16(device, model)
    return Precision(device, precision)


def _known(model: nn.Module) -> bool:
    """Whether its encoder is one of transformers' own, of a family that we know."""
    encoders = [module for module in model.modules() if isinstance(module, PreTrainedModel)]
    return bool(encoders) and all(
        type(encoder).__module__.startswith("transformers.") and encoder.config.model_type in _FAMILIES
        for encoder in encoders
    )


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
