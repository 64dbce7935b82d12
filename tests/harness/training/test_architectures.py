"""Every head on every architecture, from snapshots as they are published: the encoder's weights are taken to the bit.

transformers itself is no safe way: it fills what it does not find with random numbers (a classifier's checkpoint read
as Qwen2 for question answering keeps no tensor), takes over another task's classifier of the same shape, stays in
bfloat16, and has no multiple choice for T5 and Qwen2. Heads here are ours, and so is reading the weights.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import transformers
from safetensors.torch import load_file, save_file
from torch.nn import functional
from transformers import AutoTokenizer

from harness.context import StageContext
from harness.phases import convert, finetune
from harness.phases.finetune import HEAD
from harness.specs.training import ModelTask
from harness.training import heads
from harness.training.batches import collate
from harness.training.checkpoint import Checkpoint, load_checkpoint, load_head
from harness.training.encoding import encode_rows, head_kind
from harness.training.inputs import Inputs
from harness.training.model import Model
from harness.training.optimiser import BFloat16, precision_of
from harness.training.runtime import Reporter
from harness.training.scratch import train_tokenizer
from tasks.errors import DataError
from tasks.rows import write_json_lines
from tests.harness.phases.conftest import HYPER, WORDS, task, toy_rows

HIDDEN, LAYERS, LENGTH, VOCABULARY = 32, 2, 48, 400
KINDS = ("sentence_pair", "multiple_choice", "token_tagging", "span_qa")
SIZES = {"hidden_size": HIDDEN, "num_hidden_layers": LAYERS, "num_attention_heads": 2, "intermediate_size": 64}


@dataclass(frozen=True, kw_only=True)
class Snapshot:
    """A published model: its class with a head of its own, its config, where its encoder's tensors stand, how it reads.

    ``prefix`` is the part of the tensors' names before the encoder's own.
    """

    model: str
    config: Callable[[], Any]
    prefix: str
    tokenizer: str
    pooling: str = "mean"


def _config(name: str, **fields: Any) -> Callable[[], Any]:
    return lambda: getattr(transformers, name)(vocab_size=VOCABULARY, **fields)


_ROBERTA = {**SIZES, "max_position_embeddings": LENGTH + 4, "pad_token_id": 1, "type_vocab_size": 1}
SNAPSHOTS = {
    "bert": Snapshot(
        model="BertForTokenClassification",
        config=_config("BertConfig", **SIZES, max_position_embeddings=LENGTH, num_labels=2),
        prefix="bert.",
        tokenizer="wordpiece",
    ),
    "roberta": Snapshot(
        model="RobertaForSequenceClassification",
        config=_config("RobertaConfig", **_ROBERTA, num_labels=2),
        prefix="roberta.",
        tokenizer="bpe",
    ),
    "xlm-roberta": Snapshot(
        model="XLMRobertaForQuestionAnswering",
        config=_config("XLMRobertaConfig", **_ROBERTA),
        prefix="roberta.",
        tokenizer="bpe",
    ),
    "modernbert": Snapshot(
        model="ModernBertForMaskedLM",
        config=_config(
            "ModernBertConfig",
            **SIZES,
            max_position_embeddings=LENGTH,
            pad_token_id=1,
            global_attn_every_n_layers=2,
            local_attention=8,
        ),
        prefix="model.",
        tokenizer="bpe",
    ),
    "t5": Snapshot(
        model="T5ForConditionalGeneration",
        config=_config("T5Config", d_model=HIDDEN, num_layers=LAYERS, num_heads=2, d_kv=16, d_ff=64, pad_token_id=1),
        prefix="",
        tokenizer="bpe",
    ),
    "qwen2": Snapshot(
        model="Qwen2ForSequenceClassification",
        config=_config(
            "Qwen2Config", **SIZES, num_key_value_heads=1, max_position_embeddings=LENGTH, pad_token_id=1, num_labels=2
        ),
        prefix="model.",
        tokenizer="bpe",
        pooling="last",
    ),
}


@dataclass(frozen=True, kw_only=True)
class Converted:
    """A snapshot's tensors as published, and the checkpoint made of it."""

    published: dict[str, torch.Tensor]
    checkpoint: Path
    prefix: str


@pytest.fixture(scope="module", params=sorted(SNAPSHOTS))
def converted(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Converted:
    """A random snapshot in bfloat16, saved by transformers, and converted."""
    name = request.param
    snapshot = SNAPSHOTS[name]
    source = tmp_path_factory.mktemp(name)
    texts = [" ".join(WORDS), "where is it", "seven north stone table"]
    tokenizer = train_tokenizer(texts * 9, kind=snapshot.tokenizer, vocab_size=VOCABULARY, max_length=LENGTH)
    tokenizer.save_pretrained(source / "model")
    torch.manual_seed(7)
    model = getattr(transformers, snapshot.model)(snapshot.config())
    model.to(torch.bfloat16).save_pretrained(source / "model")
    spec = {
        "name": f"tiny-{name}",
        "kind": "checkpoint",
        "path": "model",
        "architecture": name,
        "layers": LAYERS,
        "hidden_size": HIDDEN,
        "max_length": LENGTH,
        "prefix": [],
        "pooling": snapshot.pooling,
    }
    out = tmp_path_factory.mktemp(f"{name}-checkpoint")
    convert.run(context(out, {"backbone": spec}, {"source": source}))
    return Converted(
        published=load_file(source / "model" / "model.safetensors"), checkpoint=out, prefix=snapshot.prefix
    )


def context(out: Path, params: dict[str, Any], inputs: dict[str, Path]) -> StageContext:
    return StageContext(params=params, inputs=inputs, out=out, seed=1, progress=lambda _fraction, _note: None)


def encoder_bytes(path: Path) -> dict[str, bytes]:
    tensors = load_file(path / "encoder" / "model.safetensors")
    return {name: tensor.numpy().tobytes() for name, tensor in tensors.items()}


def test_the_encoder_is_the_published_one_to_the_bit(converted: Converted) -> None:
    """Every tensor of the checkpoint stands in the snapshot under its prefix, and is the same number in fp32."""
    published = {
        name.removeprefix(converted.prefix): tensor.float().numpy().tobytes()
        for name, tensor in converted.published.items()
    }
    held = encoder_bytes(converted.checkpoint)

    assert held
    assert not [name for name, value in held.items() if published.get(name) != value]


@pytest.mark.parametrize("kind", KINDS)
def test_a_head_is_put_on_and_the_encoder_stays_what_it_was(converted: Converted, kind: str, tmp_path: Path) -> None:
    """Loaded, given a head, run: the same bytes. Trained: other bytes, the head kept, and read again to the bit."""
    before = encoder_bytes(converted.checkpoint)
    toy = ModelTask.model_validate(task(kind))
    checkpoint = load_checkpoint(converted.checkpoint)
    encoded = encode_rows(
        toy,
        toy_rows(kind, 6),
        checkpoint.backbone,
        checkpoint.tokenizer,
        Reporter(lambda _f, _n: None),
        keep_features=False,
        where="rows",
    )
    head = heads.build_head(
        head_kind(toy), hidden_size=HIDDEN, labels=len(toy.labels), summary=checkpoint.backbone.summary
    )
    heads.initialise(head, 1)
    model = Model(checkpoint.encoder, {HEAD: head}).eval()
    chosen = torch.arange(len(encoded.inputs)).numpy()
    batch = collate(encoded.inputs, chosen, pad_id=checkpoint.pad_id, device=torch.device("cpu"))
    assert batch.targets is not None
    with torch.no_grad():
        loss = heads.loss_sum(batch.kind, model(batch, HEAD), batch.targets)
    assert torch.isfinite(loss)
    after = {name: tensor.numpy().tobytes() for name, tensor in checkpoint.encoder.state_dict().items()}
    assert before == {name: after[name] for name in before}

    rows = tmp_path / "rows"
    rows.mkdir()
    for split, count in (("train", 16), ("validation", 4)):
        write_json_lines(rows / f"{split}.jsonl", (row.to_json() for row in toy_rows(kind, count)))
    out = tmp_path / "out"
    out.mkdir()
    params = {"task": task(kind), "hyper": {**HYPER, "max_steps": 2}}
    finetune.run(context(out, params, {"checkpoint": converted.checkpoint, "rows:toy": rows}))
    trained = encoder_bytes(out)
    assert trained.keys() == before.keys()
    assert trained != before
    again = load_head(out, HEAD, backbone=checkpoint.backbone, kind=head_kind(toy), labels=toy.labels)
    written = load_file(out / "heads" / f"{HEAD}.safetensors")
    assert all(torch.equal(tensor, written[name]) for name, tensor in again.state_dict().items())


def six_rows(converted: Converted, kind: str) -> tuple[Checkpoint, Inputs, Model]:
    """A checkpoint, six toy rows encoded for it, and its encoder with a new head, in training mode."""
    checkpoint = load_checkpoint(converted.checkpoint)
    toy = ModelTask.model_validate(task(kind))
    encoded = encode_rows(
        toy,
        toy_rows(kind, 6),
        checkpoint.backbone,
        checkpoint.tokenizer,
        Reporter(lambda _f, _n: None),
        keep_features=False,
        where="rows",
    )
    head = heads.build_head(
        head_kind(toy), hidden_size=HIDDEN, labels=len(toy.labels), summary=checkpoint.backbone.summary
    )
    heads.initialise(head, 1)
    return checkpoint, encoded.inputs, Model(checkpoint.encoder, {HEAD: head}).train()


def test_padding_and_neighbours_do_not_change_an_answer(converted: Converted) -> None:
    """Causal backbones are read at each text's own last piece; positions are not counted through padding."""
    checkpoint, inputs, model = six_rows(converted, "sentence_pair")
    model.eval()

    def logits(chosen: list[int]) -> torch.Tensor:
        batch = collate(inputs, np.array(chosen), pad_id=checkpoint.pad_id, device=torch.device("cpu"))
        with torch.no_grad():
            found: torch.Tensor = model(batch, HEAD)
        return found

    assert len(set(inputs.lengths.tolist())) > 1
    together = logits(list(range(6)))
    alone = torch.cat([logits([index]) for index in range(6)])
    torch.testing.assert_close(together, alone, rtol=1e-4, atol=1e-5)


def attend_by_hand(
    module: torch.nn.Module,
    sides: tuple[torch.Tensor, torch.Tensor, torch.Tensor],
    ends: torch.Tensor,
    longest: int,
    *,
    dropout: float,
    scaling: float | None,
    window: int | None,
) -> torch.Tensor:
    """What the kernels of a GPU compute, sequence by sequence."""
    assert 0.0 == dropout
    bounds = ends.tolist()
    assert longest == max(end - start for start, end in pairwise(bounds))
    found = []
    for start, end in pairwise(bounds):
        query, key, value = (side[start:end].transpose(0, 1) for side in sides)
        places = torch.arange(end - start)
        away = places[:, None] - places
        allowed = away.abs() < (window or longest)
        if getattr(module, "is_causal", False):
            allowed &= away >= 0
        apart = functional.scaled_dot_product_attention(
            query[None], key[None], value[None], allowed, scale=scaling, enable_gqa=len(query) != len(key)
        )
        found.append(apart[0].transpose(0, 1))
    return torch.cat(found)


@pytest.mark.parametrize("way", ["equal-lengths", "one-group", "end-to-end"])
@pytest.mark.parametrize("kind", KINDS)
def test_sequences_end_to_end_give_what_padded_ones_give(
    converted: Converted, kind: str, way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same loss and gradient, in every architecture that is not padded in training.

    Attention takes sequences apart by equal lengths (as on a CPU), all at once and padded, or end to end, as on a GPU.
    """
    monkeypatch.setattr("harness.training.ragged.attend_end_to_end", attend_by_hand)
    checkpoint, inputs, model = six_rows(converted, kind)
    assert model.ragged == (checkpoint.backbone.architecture != "t5")
    if not model.ragged:
        return
    order = np.argsort(-inputs.lengths, kind="stable")
    assert len(set(inputs.lengths.tolist())) > 1
    found = {}
    for ragged in (False, True):
        batch = collate(inputs, order, pad_id=checkpoint.pad_id, device=torch.device("cpu"), ragged=ragged)
        if batch.layout is not None and way == "one-group":
            batch = replace(batch, layout=replace(batch.layout, groups=(batch.layout.whole,)))
        if batch.layout is not None and way == "end-to-end":
            lengths = torch.from_numpy(batch.lengths[batch.layout.order])
            ends = functional.pad(lengths.cumsum(0), (1, 0)).int()
            batch = replace(batch, layout=replace(batch.layout, groups=(), ends=ends))
        model.zero_grad()
        assert batch.targets is not None
        loss = heads.loss_sum(batch.kind, model(batch, HEAD), batch.targets)
        loss.backward()
        found[ragged] = (loss, {name: value.grad for name, value in model.named_parameters() if value.grad is not None})
        assert batch.input_ids.numel() == (inputs.first_piece[-1] if ragged else batch.attention_mask.numel())
    torch.testing.assert_close(found[True][0], found[False][0], rtol=1e-5, atol=1e-6)
    assert found[True][1].keys() == found[False][1].keys()
    for name, gradient in found[False][1].items():
        torch.testing.assert_close(found[True][1][name], gradient, rtol=1e-3, atol=1e-5, msg=name)


@dataclass(frozen=True, kw_only=True)
class Step:
    """The loss of one step and the gradient of every weight, on the CPU."""

    loss: torch.Tensor
    gradients: dict[str, torch.Tensor]

    def assert_near(self, other: Step, share: float) -> None:
        """Loss and gradients differ by at most such a share of their size (of 1, where that is smaller)."""
        torch.testing.assert_close(self.loss, other.loss, rtol=share, atol=1e-5)
        assert self.gradients.keys() == other.gradients.keys()
        squares = [(value**2).sum() for value in other.gradients.values()]
        gaps = [((value - other.gradients[name]) ** 2).sum() for name, value in self.gradients.items()]
        assert torch.stack(gaps).sum().sqrt() <= share * max(1.0, torch.stack(squares).sum().sqrt().item())


def step_on(converted: Converted, kind: str, device: str, precision: str, *, ragged: bool) -> Step:
    """A step without dropout on six toy rows, in two micro-batches."""
    checkpoint, inputs, model = six_rows(converted, kind)
    there = torch.device(device)
    model.to(there)
    order = np.argsort(-inputs.lengths, kind="stable")
    computing = precision_of(model, there, precision)
    assert (type(computing) is BFloat16) == (precision == "bf16")
    total = torch.zeros((), device=there)
    with computing.step() as passed:
        for part in (order[:4], order[4:]):
            batch = collate(inputs, part, pad_id=checkpoint.pad_id, device=there, ragged=ragged and model.ragged)
            assert batch.targets is not None
            with computing.forward():
                loss = heads.loss_sum(batch.kind, model(batch, HEAD), batch.targets)
            loss.backward()
            passed()
            total += loss.detach()
    found = {name: weight.grad for name, weight in model.named_parameters() if weight.grad is not None}
    assert {torch.float32} == {weight.dtype for weight in model.parameters()}
    assert {torch.float32} == {gradient.dtype for gradient in found.values()}
    return Step(loss=total.cpu(), gradients={name: gradient.cpu() for name, gradient in found.items()})


@pytest.mark.parametrize("kind", KINDS)
def test_a_step_in_bfloat16_is_one_in_float32_but_for_rounding(converted: Converted, kind: str) -> None:
    exact = step_on(converted, kind, "cpu", "fp32", ragged=True)
    rough = step_on(converted, kind, "cpu", "bf16", ragged=True)

    rough.assert_near(exact, 0.05)
    assert any(not torch.equal(rough.gradients[name], value) for name, value in exact.gradients.items())


@pytest.mark.gpu
@pytest.mark.parametrize("kind", KINDS)
def test_a_gpu_s_kernels_give_what_padded_sequences_give(converted: Converted, kind: str) -> None:
    """On a GPU sequences lie end to end in attention, too; on the CPU beside it they are padded."""
    exact = step_on(converted, kind, "cpu", "fp32", ragged=False)

    step_on(converted, kind, "cuda", "fp32", ragged=True).assert_near(exact, 1e-4)
    step_on(converted, kind, "cuda", "bf16", ragged=True).assert_near(exact, 0.05)


def test_causal_backbones_read_the_last_piece_and_the_others_the_first(converted: Converted) -> None:
    backbone = load_checkpoint(converted.checkpoint).backbone

    assert ("last" if backbone.architecture == "qwen2" else "first") == backbone.summary


def test_a_tensor_that_is_missing_is_an_error_and_not_a_random_number(converted: Converted, tmp_path: Path) -> None:
    """What transformers fills in with a warning."""
    broken = tmp_path / "checkpoint"
    for name in ("encoder", "tokenizer"):
        (broken / name).mkdir(parents=True)
        for file in (converted.checkpoint / name).iterdir():
            (broken / name / file.name).write_bytes(file.read_bytes())
    (broken / "backbone.json").write_bytes((converted.checkpoint / "backbone.json").read_bytes())
    tensors = load_file(broken / "encoder" / "model.safetensors")
    lost = min(tensors)
    del tensors[lost]
    save_file(tensors, broken / "encoder" / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(DataError, match="1 tensors of the encoder are missing"):
        load_checkpoint(broken)
    assert AutoTokenizer.from_pretrained(broken / "tokenizer").is_fast
