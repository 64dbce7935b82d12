"""In which precision a step computes: single, bfloat16 throughout, or bfloat16 where autocast has it so.

Weights, moments and gradients that are added up are float32 always. Under autocast of torch every weight and most
activations are cast again in each pass, and layer norms and the sums around them stay in float32: some 800 kernels of a
pass through XLM-R Large do nothing but cast. Encoders of transformers that we know are run
otherwise: a step copies all weights to bfloat16 once, computes with the copies forwards and backwards, and adds their
gradients up in float32 (as mixed precision with master weights does it; Micikevicius et al. 2018). Layer norms sum in
float32 inside, attention and softmax too, and losses are taken in float32.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext

import torch
from torch import nn
from transformers import PreTrainedModel

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
