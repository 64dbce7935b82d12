"""Sentence embeddings: the same numbers as transformers gives by hand, however the sentences are batched."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from harness.retrieval.embed import SentenceEmbedder
from harness.retrieval.readings import Reading, candidates
from harness.specs.backbone import Pooling
from harness.training.checkpoint import load_checkpoint
from tasks.errors import DataError, UserError
from tasks.types.base import Features

MakeCheckpoint = Callable[..., Path]
MIDDLE = Reading(layer=2)
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
    embedder = SentenceEmbedder(path, readings=[Reading(layer=layer)])
    found = embedder.embed(encoded(SENTENCES))[Reading(layer=layer)]
    expected = np.stack([by_hand(path, sentence, layer).mean(axis=0) for sentence in SENTENCES])

    np.testing.assert_allclose(expected, found, rtol=1e-4, atol=1e-5)
    assert np.float32 == found.dtype
    assert (max(layer, 1) if architecture in ("bert", "roberta") else min(layer + 1, 3)) == embedder.kept


@pytest.mark.parametrize(("pooling", "position"), [("first", 0), ("last", -1)])
def test_other_poolings(make_checkpoint: MakeCheckpoint, pooling: Pooling, position: int) -> None:
    path = make_checkpoint("qwen2")
    reading = Reading(layer=2, pooling=pooling)
    found = SentenceEmbedder(path, readings=[reading]).embed(encoded(SENTENCES))[reading]
    expected = np.stack([by_hand(path, sentence, 2)[position] for sentence in SENTENCES])

    np.testing.assert_allclose(expected, found, rtol=1e-4, atol=1e-5)


def test_mean_over_words(make_checkpoint: MakeCheckpoint) -> None:
    """Without the marks at both ends and the backbone's mode piece; a sentence of nothing else is read from those."""
    path = make_checkpoint("bert", prefix=("<mode>",))
    reading = Reading(layer=2, pooling="mean-no-special")
    sentences = [(5, 9, 10), (5, 20), (5,), (5, 3, 9)]  # 3 is the unknown piece: it stands for a word
    found = SentenceEmbedder(path, readings=[reading]).embed(encoded(sentences))[reading]
    states = [by_hand(path, sentence, 2) for sentence in sentences]
    expected = [states[0][2:-1], states[1][2:-1], states[2], states[3][2:-1]]

    np.testing.assert_allclose(np.stack([state.mean(axis=0) for state in expected]), found, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("architecture", ["bert", "modernbert"])
def test_all_readings_in_one_pass(make_checkpoint: MakeCheckpoint, architecture: str) -> None:
    path = make_checkpoint(architecture)
    embedder = SentenceEmbedder(path)
    every = embedder.embed(encoded(SENTENCES))

    assert candidates(embedder.backbone) == tuple(every)
    assert 12 == len(every)
    for reading, found in every.items():
        one = SentenceEmbedder(path, readings=[reading]).embed(encoded(SENTENCES))[reading]
        np.testing.assert_allclose(one, found, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("architecture", ["bert", "modernbert"])
def test_narrowed_it_gives_the_same_and_computes_less(make_checkpoint: MakeCheckpoint, architecture: str) -> None:
    embedder = SentenceEmbedder(make_checkpoint(architecture))
    before = embedder.embed(encoded(SENTENCES))
    wanted = [Reading(layer=1), Reading(layer=0, pooling="first"), Reading(layer=1)]
    embedder.narrow(wanted)
    after = embedder.embed(encoded(SENTENCES))

    assert tuple(wanted[:2]) == tuple(after)
    assert embedder.kept < 3
    for reading, found in after.items():
        np.testing.assert_array_equal(before[reading], found)
    with pytest.raises(UserError, match="there is no hidden state 3"):
        embedder.narrow([Reading(layer=3)])


def test_what_does_not_fit_into_memory_goes_to_a_file(make_checkpoint: MakeCheckpoint, tmp_path: Path) -> None:
    """One without a name, so that nothing of it is left in the folder, whatever happens."""
    path = make_checkpoint("bert")
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    kept = SentenceEmbedder(path).embed(encoded(SENTENCES))
    filed = SentenceEmbedder(path, memory=1000, scratch=scratch).embed(encoded(SENTENCES))

    assert [] == list(scratch.iterdir())
    with pytest.raises(FileNotFoundError):
        SentenceEmbedder(path, memory=1000, scratch=tmp_path / "nowhere").embed(encoded(SENTENCES))

    assert isinstance(filed.matrices, np.memmap)
    assert not isinstance(kept.matrices, np.memmap)
    for reading, found in filed.items():
        assert not isinstance(found, np.memmap)
        np.testing.assert_array_equal(kept[reading], found)


def test_batching_does_not_matter(make_checkpoint: MakeCheckpoint) -> None:
    path = make_checkpoint("bert")
    together = SentenceEmbedder(path, readings=[MIDDLE]).embed(encoded(SENTENCES))[MIDDLE]
    apart = SentenceEmbedder(path, readings=[MIDDLE], batch_pieces=9).embed(encoded(SENTENCES))[MIDDLE]

    np.testing.assert_allclose(together, apart, rtol=1e-5, atol=1e-6)


def test_equal_sentences_are_computed_once(make_checkpoint: MakeCheckpoint) -> None:
    """And have the very same embedding, so that they tie in a search."""
    told: list[tuple[int, int]] = []
    embedder = SentenceEmbedder(make_checkpoint("bert"), readings=[MIDDLE], batch_pieces=9)
    found = embedder.embed(encoded(SENTENCES), lambda done, total: told.append((done, total)))[MIDDLE]

    np.testing.assert_array_equal(found[0], found[3])
    assert (5, 5) == told[-1]
    assert sorted(told) == told
    assert len(told) > 2


def test_again_gives_the_same_bytes(make_checkpoint: MakeCheckpoint) -> None:
    path = make_checkpoint("bert")
    first, second = (SentenceEmbedder(path, readings=[MIDDLE]).embed(encoded(SENTENCES))[MIDDLE] for _ in range(2))

    np.testing.assert_array_equal(first, second)


def test_bf16_gives_float32_close_by(make_checkpoint: MakeCheckpoint) -> None:
    path = make_checkpoint("bert")
    exact = SentenceEmbedder(path, readings=[MIDDLE]).embed(encoded(SENTENCES))[MIDDLE]
    rough = SentenceEmbedder(path, readings=[MIDDLE], precision="bf16").embed(encoded(SENTENCES))[MIDDLE]

    assert np.float32 == rough.dtype
    assert not np.array_equal(exact, rough)
    np.testing.assert_allclose(exact, rough, atol=0.1)


def test_no_sentences(make_checkpoint: MakeCheckpoint) -> None:
    found = SentenceEmbedder(make_checkpoint("bert"), readings=[MIDDLE]).embed([])

    assert {MIDDLE: (0, 16)} == {reading: vectors.shape for reading, vectors in found.items()}


@pytest.mark.parametrize(
    ("layers", "message"), [([], "nothing to embed"), ([4], "no hidden state 4 in 3"), ([1, -1], "no hidden state -1")]
)
def test_layers_that_are_not_there(make_checkpoint: MakeCheckpoint, layers: list[int], message: str) -> None:
    with pytest.raises(UserError, match=message):
        SentenceEmbedder(make_checkpoint("bert"), readings=[Reading(layer=layer) for layer in layers])


def test_a_missing_tensor_is_an_error(make_checkpoint: MakeCheckpoint) -> None:
    """The library's own loading would draw random numbers for it and go on."""
    path = make_checkpoint("bert")
    file = path / "encoder" / "model.safetensors"
    tensors = load_file(file)
    del tensors["encoder.layer.1.output.dense.weight"]
    save_file(tensors, file, metadata={"format": "pt"})

    with pytest.raises(DataError, match=r"encoder\.layer\.1\.output\.dense\.weight"):
        SentenceEmbedder(path, readings=[MIDDLE])
