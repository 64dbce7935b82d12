"""Logits of many inputs: in order, in shape, each distinct input once."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from harness.context import Progress
from harness.training import heads
from harness.training.batches import collate
from harness.training.inference import predict_logits
from harness.training.inputs import pack
from harness.training.memory import PieceBudget
from harness.training.model import Model
from tasks.types.base import HeadKind

CPU = torch.device("cpu")


def predict(model: Model, inputs: Any, report: Progress = lambda _fraction, _note: None) -> Any:
    """With fourteen pieces at once: in several batches."""
    return predict_logits(
        model,
        "toy",
        inputs,
        pad_id=0,
        device=CPU,
        precision="fp32",
        report=report,
        budget=PieceBudget(pieces=14),
    )


def model_of(encoder: nn.Module, kind: HeadKind) -> Model:
    head = heads.build_head(kind, hidden_size=16, labels=3, summary="first", dropout=0.5)
    heads.initialise(head, seed=4)
    return Model(encoder, {"toy": head})


@pytest.mark.parametrize("kind", list(HeadKind))
def test_each_input_gets_its_own_logits(encoder: nn.Module, features: Any, kind: HeadKind) -> None:
    """As if it had been predicted alone, without padding; and the same bytes the second time."""
    made = features(kind)
    inputs = pack(kind, made)
    model = model_of(encoder, kind).train()
    reports: list[float] = []
    found = predict(model, inputs, lambda fraction, _note: reports.append(fraction))

    assert len(reports) > 1, "in one batch, nothing would be put together"
    assert model.training
    model.eval()
    for index, logits in enumerate(found):
        alone = model(collate(inputs, np.array([index]), pad_id=0, device=CPU), "toy").detach().numpy()
        expected = alone if kind is HeadKind.TOKEN else alone[0]
        np.testing.assert_allclose(logits, expected, rtol=1e-4, atol=1e-6)
    assert [logits.tobytes() for logits in found] == [logits.tobytes() for logits in predict(model, inputs)]


def test_equal_inputs_pass_through_the_model_once(
    encoder: nn.Module, features: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = features(HeadKind.SEQUENCE)
    inputs = pack(HeadKind.SEQUENCE, [made[0], made[1], made[0], made[2], made[1]])
    model = model_of(encoder, HeadKind.SEQUENCE)
    passed = []
    forward = model.hidden
    monkeypatch.setattr(model, "hidden", lambda batch: passed.append(len(batch.input_ids)) or forward(batch))
    found = predict(model, inputs)

    assert 3 == sum(passed)
    assert found[0].tobytes() == found[2].tobytes()
    assert found[1].tobytes() == found[4].tobytes()
    assert found[0].tobytes() != found[3].tobytes()


def test_the_same_text_with_another_context_is_another_input(encoder: nn.Module) -> None:
    """Equal pieces are not enough: which of them may answer counts too."""
    from tasks.types.base import Features

    one = Features(row=0, input_ids=((1, 5, 2, 6, 2),), context_start=1, offsets=((0, 1),))
    two = Features(row=1, input_ids=((1, 5, 2, 6, 2),), context_start=3, offsets=((0, 1),))
    found = predict(model_of(encoder, HeadKind.SPAN), pack(HeadKind.SPAN, [one, two]))

    assert found[0][3, 0] == heads.MASKED != found[1][3, 0]
    assert found[1][1, 0] == heads.MASKED != found[0][1, 0]
