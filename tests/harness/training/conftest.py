"""A tiny random encoder and features of every kind."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest
import torch
from torch import nn
from transformers import BertConfig

from harness.training.encoder import build_encoder
from harness.training.inputs import Inputs, pack
from tasks.types.base import Features, HeadKind

HIDDEN = 16
VOCABULARY = 40

#: Piece ids of inputs of different lengths.
LENGTHS = (5, 3, 7, 4, 6)


def sequence(length: int, shift: int = 0) -> tuple[int, ...]:
    return (1, *((number * 7 + shift) % 35 + 4 for number in range(length - 2)), 2)


def features_of(kind: HeadKind) -> list[Features]:
    """Five inputs of one kind, all answered."""
    made = []
    for row, length in enumerate(LENGTHS):
        ids = (sequence(length, row),)
        match kind:
            case HeadKind.SEQUENCE:
                made.append(Features(row=row, input_ids=ids, target=row % 3))
            case HeadKind.CHOICE:
                choices = tuple(sequence(length + place, place) for place in range(2 + row % 2))
                made.append(Features(row=row, input_ids=choices, target=row % 2))
            case HeadKind.TOKEN:
                starts = tuple(range(1, length - 1))
                target = tuple(place % 3 for place in starts)
                made.append(Features(row=row, input_ids=ids, target=target, word_starts=starts))
            case HeadKind.SPAN:
                offsets = tuple((place, place + 1) for place in range(length - 3))
                target = (2, length - 2) if length > 3 else (0, 0)
                made.append(Features(row=row, input_ids=ids, target=target, context_start=2, offsets=offsets))
    return made


@pytest.fixture
def packed() -> Callable[[HeadKind], Inputs]:
    return lambda kind: pack(kind, features_of(kind))


@pytest.fixture
def features() -> Callable[[HeadKind], Sequence[Features]]:
    return features_of


@pytest.fixture
def config() -> BertConfig:
    return BertConfig(
        vocab_size=VOCABULARY,
        hidden_size=HIDDEN,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=32,
        max_position_embeddings=32,
    )


@pytest.fixture
def encoder(config: BertConfig) -> nn.Module:
    torch.manual_seed(0)
    return build_encoder(config).eval()
