"""Sentence embeddings: the same numbers as transformers gives by hand, however the sentences are batched."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from harness.retrieval import embed as module
from harness.retrieval.embed import SentenceEmbedder
from harness.training.checkpoint import load_checkpoint
from tasks.errors import DataError, UserError
from tasks.types.base import Features

MakeCheckpoint = Callable[..., Path]
SENTENCES = [(9, 10, 11), (20,), (30, 31, 32, 33, 34, 35, 36), (9, 10, 11), (40, 41), ()]


def encoded(sentences: Sequence[tuple[int, ...]]) -> list[Features]:
    return [
        Features(row=row, input_ids=((1, *sentence, 2),), token_type_ids=((0,) * (len(sentence) + 2),))
        for row, sentence in enumerate(sentences)
    ]


def by_hand(path: Path, sentence: tuple[int, ...], layer: int) -> Any:
    """All pieces of one sentence at one layer, without batching, padding or sentence-transformers."""
    encoder = load_checkpoint(path).encoder
    with torch.inference_mode():
        output = encoder(input_ids=torch.tensor([[1, *sentence, 2]]), output_hidden_states=True)
    return output.hidden_states[layer][0].numpy()


@pytest.mark.parametrize("architecture", ["bert", "roberta", "modernbert", "qwen2"])
@pytest.mark.parametrize("layer", [0, 2, 3])
def test_mean_over_all_pieces(make_checkpoint: MakeCheckpoint, architecture: str, layer: int) -> None:
    """Special tokens count, padding does not; one row a sentence, in the order given."""
    path = make_checkpoint(architecture)
    embedder = SentenceEmbedder(path, layers=[layer])
    found = embedder.embed(encoded(SENTENCES))[layer]
    expected = np.stack([by_hand(path, sentence, layer).mean(axis=0) for sentence in SENTENCES])

    np.testing.assert_allclose(expected, found, rtol=1e-4, atol=1e-5)
    assert np.float32 == found.dtype
    assert (architecture in ("bert", "roberta") or layer == 3) == embedder.cut


@pytest.mark.parametrize(("pooling", "position"), [("first", 0), ("last", -1)])
def test_other_poolings(make_checkpoint: MakeCheckpoint, pooling: str, position: int) -> None:
    path = make_checkpoint("qwen2", pooling=pooling)
    found = SentenceEmbedder(path, layers=[2]).embed(encoded(SENTENCES))[2]
    expected = np.stack([by_hand(path, sentence, 2)[position] for sentence in SENTENCES])

    np.testing.assert_allclose(expected, found, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("architecture", ["bert", "modernbert"])
def test_all_layers_in_one_pass(make_checkpoint: MakeCheckpoint, architecture: str) -> None:
    path = make_checkpoint(architecture)
    every = SentenceEmbedder(path, layers=range(4)).embed(encoded(SENTENCES))

    assert [0, 1, 2, 3] == sorted(every)
    for layer, found in every.items():
        one = SentenceEmbedder(path, layers=[layer]).embed(encoded(SENTENCES))[layer]
        np.testing.assert_allclose(one, found, rtol=1e-5, atol=1e-6)


def test_batching_does_not_matter(make_checkpoint: MakeCheckpoint, monkeypatch: pytest.MonkeyPatch) -> None:
    embedder = SentenceEmbedder(make_checkpoint("bert"), layers=[2])
    together = embedder.embed(encoded(SENTENCES))[2]
    monkeypatch.setattr(module, "PIECE_BUDGET", {"cpu": 9})
    apart = embedder.embed(encoded(SENTENCES))[2]

    np.testing.assert_allclose(together, apart, rtol=1e-5, atol=1e-6)


def test_equal_sentences_are_computed_once(make_checkpoint: MakeCheckpoint, monkeypatch: pytest.MonkeyPatch) -> None:
    """And have the very same embedding, so that they tie in a search."""
    monkeypatch.setattr(module, "PIECE_BUDGET", {"cpu": 9})
    told: list[tuple[int, int]] = []
    embedder = SentenceEmbedder(make_checkpoint("bert"), layers=[2])
    found = embedder.embed(encoded(SENTENCES), lambda done, total: told.append((done, total)))[2]

    np.testing.assert_array_equal(found[0], found[3])
    assert (5, 5) == told[-1]
    assert sorted(told) == told
    assert len(told) > 2


def test_again_gives_the_same_bytes(make_checkpoint: MakeCheckpoint) -> None:
    path = make_checkpoint("bert")
    first, second = (SentenceEmbedder(path, layers=[2]).embed(encoded(SENTENCES))[2] for _ in range(2))

    np.testing.assert_array_equal(first, second)


def test_bf16_gives_float32_close_by(make_checkpoint: MakeCheckpoint) -> None:
    path = make_checkpoint("bert")
    exact = SentenceEmbedder(path, layers=[2]).embed(encoded(SENTENCES))[2]
    rough = SentenceEmbedder(path, layers=[2], precision="bf16").embed(encoded(SENTENCES))[2]

    assert np.float32 == rough.dtype
    assert not np.array_equal(exact, rough)
    np.testing.assert_allclose(exact, rough, atol=0.1)


def test_no_sentences(make_checkpoint: MakeCheckpoint) -> None:
    found = SentenceEmbedder(make_checkpoint("bert"), layers=[1, 2]).embed([])

    assert {1: (0, 16), 2: (0, 16)} == {layer: vectors.shape for layer, vectors in found.items()}


@pytest.mark.parametrize("layers", [[], [4], [-1], [1, 9]])
def test_layers_that_are_not_there(make_checkpoint: MakeCheckpoint, layers: list[int]) -> None:
    with pytest.raises(UserError, match="not all among 0 to 3"):
        SentenceEmbedder(make_checkpoint("bert"), layers=layers)


def test_a_missing_tensor_is_an_error(make_checkpoint: MakeCheckpoint) -> None:
    """The library's own loading would draw random numbers for it and go on."""
    path = make_checkpoint("bert")
    file = path / "encoder" / "model.safetensors"
    tensors = load_file(file)
    del tensors["encoder.layer.1.output.dense.weight"]
    save_file(tensors, file, metadata={"format": "pt"})

    with pytest.raises(DataError, match=r"encoder\.layer\.1\.output\.dense\.weight"):
        SentenceEmbedder(path, layers=[2])
