"""Backbones from published files and from scratch."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import (
    AutoModel,
    AutoModelForMaskedLM,
    AutoTokenizer,
    BertConfig,
    BertForMaskedLM,
    BertModel,
    T5EncoderModel,
)

from harness.phases import convert
from harness.training.checkpoint import load_checkpoint, load_mlm_head
from harness.training.masked_lm import MaskedBlocks, MaskedLanguageModel
from tasks.errors import DataError, UserError
from tests import snapshots


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
    facts = {name: toy.spec()[name] for name in ("name", "architecture", "layers", "hidden_size", "max_length")}
    return {"backbone": {**facts, "kind": "checkpoint", "path": "model", **changes}}


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
        ({"pooling": "max"}, "'max'; correct the field"),
        ({"kind": "hub"}, "expected tags: 'checkpoint', 'scratch'"),
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
    with pytest.raises(DataError, match="what else it names is Python, which is never run"):
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
        ({"tokenizer": "unigram"}, "backbone.scratch.tokenizer: .* not 'unigram'"),
        ({"config": {"num_hidden_layers": 5}}, "num_hidden_layers is 5 in the config options but 2 by the spec"),
    ],
)
def test_an_impossible_scratch_spec_is_refused(
    run_stage: Any, corpus: Path, toy: Any, changes: dict[str, Any], message: str
) -> None:
    with pytest.raises(UserError, match=message):
        run_stage(convert, {"backbone": toy.spec(**changes)}, {"corpus": corpus})


def shipped(architecture: str, **changes: Any) -> dict[str, Any]:
    """What the plan says of a tiny snapshot of an architecture."""
    fields = {
        "kind": "checkpoint",
        "path": "files",
        "name": f"tiny-{architecture}",
        "architecture": architecture,
        "layers": snapshots.LAYERS,
        "hidden_size": snapshots.HIDDEN,
        "max_length": 48,
        "mlm_head": architecture not in ("t5", "qwen2"),
        "pooling": "last" if architecture == "qwen2" else "mean",
    }
    return {"backbone": fields | changes}


@pytest.mark.parametrize("weights", ["safetensors", "bin"])
@pytest.mark.parametrize("architecture", snapshots.ARCHITECTURES)
def test_every_architecture_of_the_shipped_specs_is_converted(
    run_stage: Any, tmp_path: Path, architecture: str, weights: str
) -> None:
    """Hidden states are those that transformers' own class gives, whatever the weights were kept in."""
    folder = snapshots.write(snapshots.snapshot(architecture, weights=weights), tmp_path / "files")

    checkpoint = load_checkpoint(run_stage(convert, shipped(architecture), {"source": tmp_path}))

    theirs = (T5EncoderModel if architecture == "t5" else AutoModel).from_pretrained(folder).eval()
    encoded = checkpoint.tokenizer(["bake tilo", "senra"], return_tensors="pt", padding=True)
    assert checkpoint.tokenizer.is_fast
    assert encoded["input_ids"].shape[1] > 1
    arguments = {name: encoded[name] for name in ("input_ids", "attention_mask")}
    with torch.no_grad():
        expected = theirs(**arguments).last_hidden_state
        ours = checkpoint.encoder(**arguments).last_hidden_state
    real = encoded["attention_mask"].bool()
    torch.testing.assert_close(ours[real], expected[real], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("architecture", ["bert", "roberta", "xlm-roberta", "modernbert"])
def test_the_mlm_head_of_every_architecture_predicts_as_before(
    run_stage: Any, tmp_path: Path, architecture: str
) -> None:
    folder = snapshots.write(snapshots.snapshot(architecture), tmp_path / "files")
    out = run_stage(convert, shipped(architecture), {"source": tmp_path})
    checkpoint = load_checkpoint(out)
    head = load_mlm_head(out, checkpoint.config)
    assert head is not None
    ids = torch.arange(5, 21).reshape(2, 8)
    with torch.no_grad():
        expected = AutoModelForMaskedLM.from_pretrained(folder).eval()(input_ids=ids).logits
        hidden = checkpoint.encoder(input_ids=ids).last_hidden_state
        ours = head(hidden, checkpoint.encoder.get_input_embeddings().weight)

    torch.testing.assert_close(ours, expected, rtol=1e-4, atol=1e-5)


def test_sharded_weights_of_a_causal_model(run_stage: Any, tmp_path: Path, toy: Any) -> None:
    whole = snapshots.write(snapshots.snapshot("qwen2"), tmp_path / "whole/files").parent
    parts = snapshots.write(snapshots.snapshot("qwen2", weights="sharded"), tmp_path / "parts/files").parent
    assert not (parts / "files/model.safetensors").exists()

    first, second = (run_stage(convert, shipped("qwen2"), {"source": source}) for source in (whole, parts))

    assert toy.files(first) == toy.files(second)


def test_a_claim_about_the_mlm_head_is_checked(run_stage: Any, tmp_path: Path) -> None:
    snapshots.write(snapshots.snapshot("t5"), tmp_path / "files")
    with pytest.raises(UserError, match=r"says mlm_head: true, its weights have none of ours.*write mlm_head: false"):
        run_stage(convert, shipped("t5", mlm_head=True), {"source": tmp_path})
    snapshots.write(snapshots.snapshot("bert"), tmp_path / "other/files")
    with pytest.raises(UserError, match=r"says mlm_head: false, its weights have one.*write mlm_head: true"):
        run_stage(convert, shipped("bert", mlm_head=False), {"source": tmp_path / "other"})


def test_a_template_puts_special_pieces_around_every_text(run_stage: Any, tmp_path: Path) -> None:
    """CodeSage must see an end after every text, which its tokenizer leaves out; the checkpoint keeps it."""
    snapshots.write(snapshots.snapshot("qwen2"), tmp_path / "files")
    template = {"single": "$A <|endoftext|>", "pair": "$A <|endoftext|> $B <|endoftext|>"}

    out = run_stage(convert, shipped("qwen2", template=template), {"source": tmp_path})

    tokenizer = load_checkpoint(out).tokenizer
    end = tokenizer.eos_token_id
    one, two = tokenizer("bake")["input_ids"], tokenizer("bake", "tilo")["input_ids"]
    assert end == one[-1]
    assert end not in one[:-1]
    assert 2 == two.count(end)
    template["single"] = "$A <nowhere>"
    with pytest.raises(UserError, match="'<nowhere>' of the template is not in the vocabulary"):
        run_stage(convert, shipped("qwen2", template=template), {"source": tmp_path})


CODE = """
from transformers import BertConfig, BertModel


class OwnConfig(BertConfig):
    model_type = "own"


class OwnModel(BertModel):
    config_class = OwnConfig

    def __init__(self, config):
        super().__init__(config, add_pooling_layer=False)

    def forward(self, *arguments, **options):
        output = super().forward(*arguments, **options)
        output.last_hidden_state = output.last_hidden_state * 2
        return output
"""


@pytest.fixture
def own_code(tmp_path: Path) -> Path:
    """A snapshot whose model is code of its own, which its config names by a repository, as the hub's do."""
    folder = snapshots.write(snapshots.snapshot("bert"), tmp_path / "files")
    (folder / "modeling_own.py").write_text(CODE)
    config = json.loads((folder / "config.json").read_text()) | {
        "model_type": "own",
        "auto_map": {"AutoConfig": "a/b--modeling_own.OwnConfig", "AutoModel": "a/b--modeling_own.OwnModel"},
    }
    (folder / "config.json").write_text(json.dumps(config))
    return tmp_path


def test_code_of_the_folders_own_is_never_run_unasked(run_stage: Any, own_code: Path) -> None:
    (own_code / "files/modeling_own.py").write_text("raise SystemExit('ran')")

    with pytest.raises(UserError, match=r"code of the folder's own is off.*only where the backbone's spec pins that"):
        run_stage(convert, shipped("own"), {"source": own_code})


def test_allowed_code_goes_along_with_the_checkpoint(
    run_stage: Any, own_code: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No hub is asked for it, and the checkpoint runs without the source."""
    out = run_stage(convert, shipped("own", remote_code=True, mlm_head=None), {"source": own_code})
    shutil.rmtree(own_code)

    checkpoint = load_checkpoint(out)

    with torch.no_grad():
        hidden = checkpoint.encoder(input_ids=torch.tensor([[2, 7, 3]])).last_hidden_state
        twice = BertModel.forward(checkpoint.encoder, input_ids=torch.tensor([[2, 7, 3]])).last_hidden_state * 2
    torch.testing.assert_close(hidden, twice)
    assert "OwnModel" == type(checkpoint.encoder).__name__
    assert json.loads((out / "backbone.json").read_text())["remote_code"] is True
    assert {"config.json", "model.safetensors", "modeling_own.py"} == {
        path.name for path in (out / "encoder").iterdir()
    }
    assert {"backbone.json", "encoder", "mlm_head.safetensors", "tokenizer"} >= {path.name for path in out.iterdir()}
