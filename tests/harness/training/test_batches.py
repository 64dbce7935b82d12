"""Packing, padding and splitting of inputs."""

from __future__ import annotations

from itertools import islice
from typing import Any

import numpy as np
import pytest
import torch

from harness.training.batches import collate, micro_batches, shuffled, target_count
from harness.training.inputs import join, pack
from tasks.errors import DataError
from tasks.types.base import Features, HeadKind

CPU = torch.device("cpu")


def batch_of(inputs: Any, *chosen: int) -> Any:
    return collate(inputs, np.array(chosen), pad_id=0, device=CPU)


def test_sequences_are_padded_on_the_right(packed: Any) -> None:
    batch = batch_of(packed(HeadKind.SEQUENCE), 1, 3)

    assert [[1, 5, 2, 0], [1, 7, 14, 2]] == batch.input_ids.tolist()
    assert [[1, 1, 1, 0], [1, 1, 1, 1]] == batch.attention_mask.tolist()
    assert [1, 0] == batch.targets.tolist()
    assert batch.token_type_ids is None


def test_token_type_ids_are_kept() -> None:
    one = Features(row=0, input_ids=((1, 5, 2, 6, 2),), token_type_ids=((0, 0, 0, 1, 1),), target=0)
    two = Features(row=1, input_ids=((1, 2),), token_type_ids=((0, 0),), target=1)
    batch = batch_of(pack(HeadKind.SEQUENCE, [one, two]), 0, 1)

    assert [[0, 0, 0, 1, 1], [0, 0, 0, 0, 0]] == batch.token_type_ids.tolist()


def test_rows_may_differ_in_their_number_of_choices(packed: Any) -> None:
    batch = batch_of(packed(HeadKind.CHOICE), 1, 0)

    assert (5, 5 + 1) == tuple(batch.input_ids.shape)
    assert [[0, 1, 2], [3, 4, -1]] == batch.choices.tolist()
    assert [1, 0] == batch.targets.tolist()


def test_words_point_at_their_first_pieces(packed: Any) -> None:
    """Words that were cut have neither a position nor a target."""
    batch = batch_of(packed(HeadKind.TOKEN), 3, 1)

    assert [[0, 0, 1], [1, 2, 1]] == batch.words.tolist()
    assert [1, 2, 1] == batch.targets.tolist()


def test_only_context_and_position_zero_may_answer(packed: Any) -> None:
    batch = batch_of(packed(HeadKind.SPAN), 0, 1)

    assert [[True, False, True, True, False], [True, False, False, False, False]] == batch.allowed.tolist()
    assert [[2, 3], [0, 0]] == batch.targets.tolist()


@pytest.mark.parametrize("kind", list(HeadKind))
def test_joined_chunks_equal_one_pack(features: Any, kind: HeadKind) -> None:
    made = features(kind)
    whole, parts = pack(kind, made), join([pack(kind, made[:2]), pack(kind, made[2:])])

    for name in ("ids", "first_piece", "first_sequence", "words", "first_word", "context", "targets"):
        np.testing.assert_array_equal(getattr(parts, name), getattr(whole, name))


@pytest.mark.parametrize(
    ("kind", "changes"),
    [
        (HeadKind.CHOICE, {"target": 1}),
        (HeadKind.SPAN, {"target": (1, 1), "context_start": 2, "offsets": ((0, 1),)}),
        (HeadKind.TOKEN, {"target": (1, 1), "word_starts": (1,)}),
        (HeadKind.SEQUENCE, {"input_ids": ((),)}),
    ],
)
def test_a_target_outside_its_input_is_refused(kind: HeadKind, changes: dict[str, Any]) -> None:
    with pytest.raises(DataError, match="row 7"):
        pack(kind, [Features(**{"row": 6, "input_ids": ((1, 5, 2),), **changes})])


@pytest.mark.parametrize("kind", list(HeadKind))
@pytest.mark.parametrize("budget", [1, 12, 20, 1000])
def test_splitting_loses_nothing_and_keeps_to_the_budget(packed: Any, kind: HeadKind, budget: int) -> None:
    inputs = packed(kind)
    chosen = np.array([4, 0, 2, 0, 1])
    parts = micro_batches(inputs, chosen, budget)

    assert sorted(chosen) == sorted(np.concatenate(parts))
    for part in parts:
        padded = batch_of(inputs, *part).input_ids.numel()
        assert padded <= budget or len(part) == 1
    lengths = [int(inputs.lengths[index]) for part in parts for index in part]
    assert sorted(lengths, reverse=True) == lengths


def test_padding_can_be_limited(packed: Any) -> None:
    """Beside 7 and 6, an input of 5 would bring the padding to three pieces, so it begins a new part."""
    inputs = packed(HeadKind.SEQUENCE)
    parts = micro_batches(inputs, np.arange(5), 1000, padding=2)

    assert [[7, 6], [5, 4], [3]] == [inputs.lengths[part].tolist() for part in parts]
    assert [1] * 5 == [len(part) for part in micro_batches(inputs, np.arange(5), 1000, padding=0)]
    assert [5] == [len(part) for part in micro_batches(inputs, np.arange(5), 1000)]


def test_targets_are_counted_as_the_loss_sums_them(packed: Any) -> None:
    chosen = np.array([0, 1])

    assert 2 == target_count(packed(HeadKind.SEQUENCE), chosen)
    assert 2 == target_count(packed(HeadKind.CHOICE), chosen)
    assert 3 + 1 == target_count(packed(HeadKind.TOKEN), chosen)
    assert 2 * 2 == target_count(packed(HeadKind.SPAN), chosen)


def test_batches_are_always_full_and_passes_complete() -> None:
    """Ten inputs in batches of four: after five batches everything was seen exactly twice, in another order."""
    batches = list(islice(shuffled(10, 4, seed=3), 5))
    seen = np.concatenate(batches)

    assert [4] * 5 == [len(batch) for batch in batches]
    assert list(range(10)) == sorted(seen[:10])
    assert list(range(10)) == sorted(seen[10:])
    assert list(seen[:10]) != list(seen[10:])
    np.testing.assert_array_equal(seen, np.concatenate(list(islice(shuffled(10, 4, seed=3), 5))))
    assert list(seen) != list(np.concatenate(list(islice(shuffled(10, 4, seed=4), 5))))


def test_a_batch_larger_than_the_data_is_still_full() -> None:
    assert [0, 0, 0, 1, 1, 1] == sorted(next(shuffled(2, 6, seed=0)))
