"""Training the rows of the input embedding that are in use is training all of them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from harness.specs.training import Hyper
from harness.training.embeddings import UsedRows, put_back, train_used
from harness.training.encoder import build_encoder
from harness.training.optimiser import build_optimiser

HYPER = Hyper(learning_rate=0.05, epochs=1, batch_size=4, weight_decay=0.1)
USED = np.array([1, 3, 4, 6])


def trained(config: Any, *, only_used: bool) -> tuple[dict[str, torch.Tensor], torch.Tensor]:
    """Weights after a few steps; what the encoder, not yet whole again, makes of pieces that no step has seen."""
    torch.manual_seed(3)
    encoder = build_encoder(config)
    if only_used:
        train_used(encoder, USED)
        assert isinstance(encoder.get_input_embeddings(), UsedRows)  # type: ignore[operator]
    optimiser = build_optimiser(encoder.parameters(), HYPER)
    generator = np.random.default_rng(5)
    for _ in range(4):
        encoder.train()
        optimiser.zero_grad(set_to_none=True)
        ids = torch.from_numpy(generator.choice(USED, size=(3, 5)))
        encoder(input_ids=ids).last_hidden_state.square().sum().backward()
        optimiser.step()
    encoder.eval()
    with torch.no_grad():
        seen = encoder(input_ids=torch.tensor([[1, 3, 2, 5]])).last_hidden_state
    put_back(encoder)
    assert type(encoder.get_input_embeddings()) is nn.Embedding  # type: ignore[operator]
    assert all(weight.requires_grad for weight in encoder.parameters())
    return encoder.state_dict(), seen


def test_all_weights_are_those_of_training_all_rows(config: Any) -> None:
    """Rows in use, the decayed others, and, in the midst of it, a validation that looks up both."""
    whole, seen_whole = trained(config, only_used=False)
    part, seen_part = trained(config, only_used=True)

    assert whole.keys() == part.keys()
    for name, value in whole.items():
        torch.testing.assert_close(part[name], value, rtol=1e-5, atol=1e-6, msg=name)
    torch.testing.assert_close(seen_part, seen_whole, rtol=1e-4, atol=1e-5)
    torch.manual_seed(3)
    before = build_encoder(config).state_dict()
    table = "embeddings.word_embeddings.weight"
    assert not torch.equal(before[table][2], part[table][2])  # decayed, though no text has it


def test_a_saved_state_holds_the_rows_in_use_alone(encoder: nn.Module) -> None:
    train_used(encoder, USED)
    held = {name: value for name, value in encoder.state_dict().items() if "word_embeddings" in name}

    assert [len(USED), 1] == sorted((len(value) for value in held.values()), reverse=True)


def test_where_nearly_all_rows_are_in_use_nothing_changes(encoder: nn.Module) -> None:
    table: Any = encoder.get_input_embeddings()  # type: ignore[operator]
    train_used(encoder, np.arange(table.num_embeddings))

    assert encoder.get_input_embeddings() is table  # type: ignore[operator]


def test_a_piece_that_training_does_not_have_is_an_error_there(encoder: nn.Module) -> None:
    train_used(encoder, USED)
    encoder.train()
    with pytest.raises(IndexError):
        encoder(input_ids=torch.tensor([[1, 2]]))
