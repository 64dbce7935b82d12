"""Shapes, masks and losses of the heads, and that splitting a batch leaves its gradient alone."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from harness.training import heads
from harness.training.batches import collate, micro_batches, target_count
from harness.training.model import Model
from tasks.types.base import HeadKind

CPU = torch.device("cpu")
ALL = np.arange(5)


def model_of(encoder: nn.Module, kind: HeadKind, summary: Any = "first") -> Model:
    head = heads.build_head(kind, hidden_size=16, labels=3, summary=summary)
    heads.initialise(head, seed=4)
    return Model(encoder, {"squad_v1.1": head})


def run(model: Model, inputs: Any, chosen: Any) -> torch.Tensor:
    logits: torch.Tensor = model(collate(inputs, np.array(chosen), pad_id=0, device=CPU), "squad_v1.1")
    return logits


@pytest.mark.parametrize(
    ("kind", "shape"),
    [
        (HeadKind.SEQUENCE, (5, 3)),
        (HeadKind.CHOICE, (5, 3)),
        (HeadKind.TOKEN, (15, 3)),
        (HeadKind.SPAN, (5, 7, 2)),
    ],
)
def test_logits_have_the_shape_of_their_kind(
    encoder: nn.Module, packed: Any, kind: HeadKind, shape: tuple[int, ...]
) -> None:
    assert shape == tuple(run(model_of(encoder, kind), packed(kind), ALL).shape)


def test_absent_choices_and_pieces_outside_the_context_cannot_be_chosen(encoder: nn.Module, packed: Any) -> None:
    choice = run(model_of(encoder, HeadKind.CHOICE), packed(HeadKind.CHOICE), [0])
    span = run(model_of(encoder, HeadKind.SPAN), packed(HeadKind.SPAN), [0])[0, :, 0]

    assert (1, 2) == tuple(choice.shape)
    both = run(model_of(encoder, HeadKind.CHOICE), packed(HeadKind.CHOICE), [0, 1])
    assert heads.MASKED == both[0, 2].item()
    assert [False, True, False, False, True] == (span == heads.MASKED).tolist()


def test_causal_backbones_are_read_at_their_last_piece(encoder: nn.Module, packed: Any) -> None:
    """A change to the last piece of the padded, shorter input changes its logits only through that piece."""
    hidden = torch.zeros(2, 5, 16)
    hidden[1, 2] = 1.0  # the last piece of the input of three
    batch = collate(packed(HeadKind.SEQUENCE), np.array([0, 1]), pad_id=0, device=CPU)
    first, last = (model_of(encoder, HeadKind.SEQUENCE, summary).heads["squad_v1.1"] for summary in ("first", "last"))

    assert torch.equal(*first(hidden, batch))
    assert not torch.equal(*last(hidden, batch))


@pytest.mark.parametrize("kind", list(HeadKind))
@pytest.mark.parametrize("budget", [1, 14, 20])
def test_splitting_a_batch_leaves_its_gradient_alone(
    encoder: nn.Module, packed: Any, kind: HeadKind, budget: int
) -> None:
    """In fp32 the gradients of any split agree with those of the whole batch."""
    inputs = packed(kind)
    model = model_of(encoder, kind)

    def gradients(most: int) -> list[torch.Tensor]:
        model.zero_grad()
        for part in micro_batches(inputs, ALL, most):
            batch = collate(inputs, part, pad_id=0, device=CPU)
            loss = heads.loss_sum(kind, model(batch, "squad_v1.1"), batch.targets) / target_count(inputs, ALL)
            loss.backward()
        return [p.grad.clone() for p in model.parameters() if p.grad is not None]

    whole, split = gradients(10**6), gradients(budget)
    assert len(micro_batches(inputs, ALL, budget)) > 1
    assert any(gradient.abs().max() > 0 for gradient in whole)
    for expected, found in zip(whole, split, strict=True):
        torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-6)


def test_the_span_loss_is_start_plus_end(encoder: nn.Module, packed: Any) -> None:
    inputs = packed(HeadKind.SPAN)
    batch = collate(inputs, ALL, pad_id=0, device=CPU)
    logits = model_of(encoder, HeadKind.SPAN)(batch, "squad_v1.1")
    start, end = (
        nn.functional.cross_entropy(logits[..., side], batch.targets[:, side], reduction="sum") for side in (0, 1)
    )

    torch.testing.assert_close(heads.loss_sum(HeadKind.SPAN, logits, batch.targets), start + end)


def test_initial_weights_depend_on_the_seed_alone() -> None:
    """Whatever was drawn from torch's global generator before."""
    drawn = []
    for seed, noise in ((1, 3), (1, 5), (2, 3)):
        torch.rand(noise)
        head = heads.build_head(HeadKind.SEQUENCE, hidden_size=64, labels=3, summary="first")
        heads.initialise(head, seed)
        drawn.append(head.trunk.dense.weight.clone())

    assert torch.equal(drawn[0], drawn[1])
    assert not torch.equal(drawn[0], drawn[2])
    assert pytest.approx(0.02, rel=0.1) == drawn[0].std().item()


def test_padding_does_not_change_logits(encoder: nn.Module, packed: Any) -> None:
    model, inputs = model_of(encoder, HeadKind.SEQUENCE), packed(HeadKind.SEQUENCE)

    torch.testing.assert_close(run(model, inputs, [1, 2])[0], run(model, inputs, [1])[0], rtol=1e-4, atol=1e-6)
