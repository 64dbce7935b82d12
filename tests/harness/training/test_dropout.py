"""Dropout from few random bits, and the attention that takes it, beside torch's own."""

from __future__ import annotations

import math

import pytest
import torch
from torch import nn
from torch.nn import functional

from harness.training.dropout import Dropout, dropout, use_dropout
from harness.training.ragged import attend_and_drop


@pytest.mark.parametrize("probability", [0.1, 0.5, 0.9])
def test_elements_are_dropped_with_the_probability_and_the_others_grow(probability: float) -> None:
    torch.manual_seed(1)
    count = 400_001  # no multiple of the four that share a draw
    found = dropout(torch.ones(count), probability)

    deviation = math.sqrt(probability * (1 - probability) / count)
    assert abs((found == 0).double().mean().item() - probability) < 4 * deviation
    (kept,) = set(found[found > 0].tolist())
    assert kept == pytest.approx(1 / (1 - probability), rel=1e-4)
    # Neighbours, which share a draw, are dropped independently of each other.
    pairs = (found[: count - 1].view(-1, 2) == 0).all(dim=1).double().mean().item()
    assert abs(pairs - probability**2) < 4 * math.sqrt(probability**2 / (count // 2))


def test_gradients_go_where_values_went_and_a_seed_decides() -> None:
    values = torch.randn(50, 7, requires_grad=True)
    torch.manual_seed(3)
    found = dropout(values, 0.3)
    found.sum().backward()  # type: ignore[no-untyped-call]
    torch.manual_seed(3)

    assert torch.equal(found, dropout(values, 0.3))
    assert values.grad is not None
    assert torch.equal(values.grad == 0, found == 0)
    assert not torch.equal(found, dropout(values, 0.3))


def test_it_stands_for_torch_s_own_in_training_alone() -> None:
    module = nn.Sequential(nn.Linear(4, 4), nn.Dropout(0.2), nn.Sequential(nn.Dropout(0.0)))
    use_dropout(module)
    values = torch.ones(1000, 4)

    assert [Dropout, Dropout] == [type(part) for part in module.modules() if isinstance(part, nn.Dropout)]
    assert [0.2, 0.0] == [part.p for part in module.modules() if isinstance(part, nn.Dropout)]
    assert values is module[2](values)
    assert (module[1](values) == 0).any()
    module.eval()
    assert values is module[1](values)


@pytest.mark.parametrize("causal", [False, True])
@pytest.mark.parametrize("scaling", [None, 0.3])
def test_attention_that_drops_nothing_is_torch_s(causal: bool, scaling: float | None) -> None:
    torch.manual_seed(0)
    sides = [torch.randn(3, 2, 5, 4, requires_grad=True) for _ in range(3)]
    found = attend_and_drop(*sides, dropout=0.0, scaling=scaling, causal=causal)
    wanted = functional.scaled_dot_product_attention(*sides, is_causal=causal, scale=scaling).transpose(1, 2)

    torch.testing.assert_close(found, wanted)
    gradients = [torch.autograd.grad(output.square().sum(), sides) for output in (found, wanted)]
    torch.testing.assert_close(*gradients)


def test_attention_drops_shares_and_not_products() -> None:
    """On average over many draws it is attention without dropout."""
    torch.manual_seed(0)
    sides = [torch.randn(1, 1, 6, 4).expand(20_000, 1, 6, 4) for _ in range(3)]
    found = attend_and_drop(*sides, dropout=0.2, scaling=None, causal=False).mean(dim=0)
    wanted = functional.scaled_dot_product_attention(*(side[:1] for side in sides)).transpose(1, 2)[0]

    torch.testing.assert_close(found, wanted, rtol=0.0, atol=0.02)
