"""Backbones from published files and from scratch."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import AutoModel, AutoModelForMaskedLM, AutoTokenizer, BertConfig, BertForMaskedLM

from harness.phases import convert
from harness.training.checkpoint import load_checkpoint, load_mlm_head
from harness.training.masked_lm import MaskedBlocks, MaskedLanguageModel
from tasks.errors import DataError, UserError


@pytest.fixture
def published(tiny: Path, tmp_path: Path) -> Path:
    """A source artifact as a hub has it: a masked-LM model in half precision, names prefixed, and a tokenizer."""
    folder = tmp_path / "source" / "model"
    tokenizer = AutoTokenizer.from_pretrained(tiny / "tokenizer")
    tokenizer.save_pretrained(folder)
    torch.manual_seed(3)
    config = BertConfig(
        vocab_size=len(tokenizer),
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=64,
        max_position_embeddings=48,
    )
    model = BertForMaskedLM(config).to(torch.bfloat16)
    model.cls.predictions.bias.data.normal_()
    model.save_pretrained(folder)
    return folder.parent


def spec(toy: Any, **changes: Any) -> dict[str, Any]:
    return {"backbone": {**toy.spec(), "kind": "checkpoint", "path": "model", **changes}}


def test_published_weights_become_an_fp32_checkpoint(run_stage: Any, published: Path, toy: Any) -> None:
    """Prefix and heads go, the values stay, and transformers itself reads the result."""
    out = run_stage(convert, spec(toy), {"source": published})

    before = load_file(published / "model/model.safetensors")
    after = load_file(out / "encoder/model.safetensors")
    assert {torch.float32} == {tensor.dtype for tensor in after.values()}
    assert {f"bert.{name}" for name in after} == {name for name in before if name.startswith("bert.")}
    assert all(torch.equal(before[f"bert.{name}"].float(), tensor) for name, tensor in after.items())
    loaded, report = AutoModel.from_pretrained(out / "encoder", add_pooling_layer=False, output_loading_info=True)
    assert not report["missing_keys"]
    assert torch.float32 == loaded.dtype
    assert json.loads((out / "backbone.json").read_text()) == {
        "name": "tiny-bert",
        "architecture": "bert",
        "layers": 2,
        "hidden_size": 32,
        "max_length": 48,
        "prefix": [],
        "pooling": "mean",
        "summary": "first",
    }


def test_the_published_mlm_head_predicts_as_before(run_stage: Any, published: Path, toy: Any) -> None:
    out = run_stage(convert, spec(toy), {"source": published})
    checkpoint = load_checkpoint(out)
    head = load_mlm_head(out, checkpoint.config)
    assert head is not None
    ids = torch.arange(5, 21).reshape(2, 8)
    rows, columns = torch.arange(2).repeat_interleave(8), torch.arange(8).repeat(2)
    batch = MaskedBlocks(input_ids=ids, rows=rows, columns=columns, targets=ids.flatten())
    theirs = AutoModelForMaskedLM.from_pretrained(published / "model", dtype=torch.float32).eval()
    with torch.no_grad():
        expected = theirs(input_ids=ids).logits.flatten(0, 1)
        ours = MaskedLanguageModel(checkpoint.encoder, head).eval()(batch)

    torch.testing.assert_close(ours, expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"layers": 3}, "the spec says layers 3, its config.json 2"),
        ({"hidden_size": 64}, "the spec says hidden_size 64, its config.json 32"),
        ({"max_length": 512}, "the spec says max_length 512, its config.json 48"),
        ({"architecture": "roberta"}, "the spec says architecture roberta, its config.json bert"),
        ({"path": "nowhere"}, "no such folder"),
        ({"prefix": ["<encoder-only>"]}, "'<encoder-only>' is not in the vocabulary"),
        ({"pooling": "max"}, "unknown pooling 'max'"),
        ({"kind": "hub"}, "unknown kind 'hub'"),
    ],
)
def test_a_spec_that_disagrees_is_refused(
    run_stage: Any, published: Path, toy: Any, changes: dict[str, Any], message: str
) -> None:
    with pytest.raises(UserError, match=message):
        run_stage(convert, spec(toy, **changes), {"source": published})


def test_missing_and_foreign_tensors_are_refused_by_name(run_stage: Any, published: Path, toy: Any) -> None:
    file = published / "model/model.safetensors"
    weights = load_file(file)
    taken = weights.pop("bert.embeddings.LayerNorm.weight")
    save_file(weights, file)
    with pytest.raises(DataError, match=r"1 tensors of the encoder are missing: embeddings.LayerNorm.weight"):
        run_stage(convert, spec(toy), {"source": published})
    save_file({**weights, "bert.embeddings.LayerNorm.gamma": taken, "adapter.up": taken.clone()}, file)
    with pytest.raises(DataError, match=r"belong to no part of the model: adapter.up"):
        run_stage(convert, spec(toy), {"source": published})
    save_file({**weights, "bert.embeddings.LayerNorm.gamma": taken}, file)
    out = run_stage(convert, spec(toy), {"source": published})

    assert torch.equal(taken.float(), load_file(out / "encoder/model.safetensors")["embeddings.LayerNorm.weight"])


def test_bin_weights_are_read_as_tensors_alone(run_stage: Any, published: Path, toy: Any) -> None:
    """The same weights as ``.bin`` give the same bytes; a pickle with code in it is refused."""
    expected = toy.files(run_stage(convert, spec(toy), {"source": published}))
    file = published / "model/model.safetensors"
    weights = load_file(file)
    file.unlink()
    torch.save(weights, published / "model/pytorch_model.bin")

    assert expected == toy.files(run_stage(convert, spec(toy), {"source": published}))
    torch.save({**weights, "danger": Path("x")}, published / "model/pytorch_model.bin")
    with pytest.raises(DataError, match="not a readable file of tensors"):
        run_stage(convert, spec(toy), {"source": published})


def test_sharded_weights_are_put_together(run_stage: Any, published: Path, toy: Any) -> None:
    expected = toy.files(run_stage(convert, spec(toy), {"source": published}))
    file = published / "model/model.safetensors"
    weights = load_file(file)
    file.unlink()
    names = {name: f"part-{number % 2}.safetensors" for number, name in enumerate(sorted(weights))}
    for part in sorted(set(names.values())):
        save_file({name: weights[name] for name in names if names[name] == part}, file.with_name(part))
    file.with_name("model.safetensors.index.json").write_text(json.dumps({"weight_map": names}))

    assert expected == toy.files(run_stage(convert, spec(toy), {"source": published}))


def test_a_truncation_of_the_published_tokenizer_is_taken_off(run_stage: Any, published: Path, toy: Any) -> None:
    file = published / "model/tokenizer.json"
    fields = json.loads(file.read_text())
    cut = {"max_length": 4, "stride": 0, "strategy": "LongestFirst", "direction": "Right"}
    file.write_text(json.dumps({**fields, "truncation": cut}))
    out = run_stage(convert, spec(toy), {"source": published})

    assert json.loads((out / "tokenizer/tokenizer.json").read_text())["truncation"] is None


@pytest.mark.parametrize("architecture", ["bert", "roberta"])
def test_scratch_is_reproducible_and_seeded(run_stage: Any, corpus: Path, toy: Any, architecture: str) -> None:
    params = {"backbone": toy.spec(architecture)}
    first, again = (run_stage(convert, params, {"corpus": corpus}) for _ in range(2))
    other = run_stage(convert, params, {"corpus": corpus}, seed=2)

    assert toy.files(first) == toy.files(again)
    changed = {name for name, data in toy.files(first).items() if toy.files(other)[name] != data}
    assert {"encoder/model.safetensors"} == changed


def test_scratch_takes_an_input_of_full_length(tiny_roberta: Path) -> None:
    """RoBERTa's positions begin after the padding id: there must be enough of them."""
    checkpoint = load_checkpoint(tiny_roberta)
    with torch.no_grad():
        output = checkpoint.encoder(input_ids=torch.full((1, 48), 9))

    assert (1, 48, 32) == tuple(output.last_hidden_state.shape)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"vocab_size": 20}, "a vocabulary of 20 pieces cannot hold"),
        ({"architecture": "t5"}, "cannot build 't5' from scratch"),
        ({"tokenizer": "unigram"}, "unknown tokenizer 'unigram'"),
        ({"config": {"num_hidden_layers": 5}}, "num_hidden_layers is 5 in the config options but 2 by the spec"),
    ],
)
def test_an_impossible_scratch_spec_is_refused(
    run_stage: Any, corpus: Path, toy: Any, changes: dict[str, Any], message: str
) -> None:
    with pytest.raises(UserError, match=message):
        run_stage(convert, {"backbone": toy.spec(**changes)}, {"corpus": corpus})
