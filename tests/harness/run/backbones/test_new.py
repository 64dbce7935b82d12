"""A new backbone's spec, from a hub on loopback and from folders."""

from __future__ import annotations

import json
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from transformers import AutoModel, T5EncoderModel

from harness.cli import main
from harness.specs.catalog import Catalog
from tests import snapshots
from tests.hub_server import HubServer

KINDS = {"bert": "wordpiece", "xlm-roberta": "sentencepiece"}


@pytest.fixture(autouse=True)
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory with specs of one's own."""
    folder = tmp_path / "images" / "backbones"
    folder.mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    return folder


def fill_in(file: Path) -> None:
    text = file.read_text()
    said = {"family": "text", "saw": "[]", "licence": "MIT", "languages": "[en]", "pretraining": "{data: x, source: y}"}
    for field, value in said.items():
        text = text.replace(f"{field}: FILL-IN", f"{field}: {value}")
    file.write_text(text)


@pytest.mark.parametrize("architecture", snapshots.ARCHITECTURES)
def test_a_folder_gives_a_spec_that_fits_it(architecture: str, own: Path, tmp_path: Path) -> None:
    folder = snapshots.write(snapshots.snapshot(architecture), tmp_path / "model")

    assert main(["backbones", "new", "mine", "--from", str(folder)]) == 0

    fill_in(own / "mine.yaml")
    spec: Any = Catalog().backbone("mine")
    assert (architecture, snapshots.LAYERS, snapshots.HIDDEN) == (spec.architecture, spec.layers, spec.hidden_size)
    assert spec.tokenizer.kind == KINDS.get(architecture, "byte-bpe")
    assert spec.mlm_head is (architecture not in ("t5", "qwen2"))
    assert spec.max_length == {"t5": 512, "qwen2": 4096}.get(architecture, snapshots.POSITIONS)
    assert [need.flag for need in spec.needs] == (["decoder"] if architecture == "qwen2" else [])
    assert spec.source.path == str(folder)
    assert spec.dtype == "fp32"
    model = (T5EncoderModel if architecture == "t5" else AutoModel).from_pretrained(folder)
    pooler = sum(weight.numel() for name, weight in model.named_parameters() if name.startswith("pooler."))
    assert spec.parameters == sum(weight.numel() for weight in model.parameters()) - pooler


def test_of_the_hub_the_newest_commit_is_written_down_and_no_weights_are_fetched(hub: HubServer, own: Path) -> None:
    older = hub.model("some/bert", snapshots.snapshot("roberta"))
    commit = hub.model("some/bert", snapshots.snapshot("bert"))

    assert main(["backbones", "new", "mine", "--from", "some/bert"]) == 0
    assert main(["backbones", "new", "before", "--from", "some/bert", "--revision", older]) == 0

    for name in ("mine", "before"):
        fill_in(own / f"{name}.yaml")
    spec: Any = Catalog().backbone("mine")
    assert (spec.source.id, spec.source.revision) == ("some/bert", commit)
    assert spec.mlm_head is True
    earlier: Any = Catalog().backbone("before")
    assert (earlier.source.revision, earlier.architecture) == (older, "roberta")
    assert not [request for request in hub.asked if "safetensors" in request.path]


CARD = """---
language:
- de
- multilingual
- no
- en
license: mit
datasets: [wikipedia, c4]
base_model: some/base
---
# A model
"""


@pytest.mark.parametrize("hosted", [True, False])
def test_what_the_model_card_says_is_taken_and_marked(
    own: Path, tmp_path: Path, hub: HubServer, *, hosted: bool
) -> None:
    files = {**snapshots.snapshot("bert"), "README.md": CARD.encode()}
    hub.model("some/bert", files)
    origin = "some/bert" if hosted else str(snapshots.write(files, tmp_path / "model"))

    assert main(["backbones", "new", "mine", "--from", origin]) == 0

    lines = {line.partition(":")[0]: line for line in (own / "mine.yaml").read_text().splitlines()}
    assert lines["languages"].startswith("languages: [de, en]  # from its model card: confirm it")
    assert lines["pretraining"].startswith("pretraining: {data: 'wikipedia, c4', source: its model card}  # from its")
    assert "FILL-IN" in lines["family"]
    fill_in(own / "mine.yaml")
    spec: Any = Catalog().backbone("mine")
    assert (spec.licence, spec.initialised_from.what, spec.languages) == ("mit", "some/base", ("de", "en"))
    assert spec.dtype == "fp32"


@pytest.mark.parametrize("card", ["", "no header", "---\n- a list\n---\n", "---\na: [\n---\n", "---\nlicense:\n---\n"])
def test_a_card_that_says_nothing_leaves_everything_to_be_filled_in(own: Path, tmp_path: Path, card: str) -> None:
    folder = snapshots.write({**snapshots.snapshot("bert"), "README.md": card.encode()}, tmp_path / "model")

    assert main(["backbones", "new", "mine", "--from", str(folder)]) == 0

    assert (own / "mine.yaml").read_text().count(": FILL-IN") == 5


def test_what_a_person_must_say_is_named_in_one_sentence(
    own: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = snapshots.write(snapshots.snapshot("bert"), tmp_path / "model")
    main(["backbones", "new", "mine", "--from", str(folder)])
    capsys.readouterr()

    assert main(["backbones", "show", "mine"]) == 2

    said = capsys.readouterr().err
    assert "mine.yaml: still to be filled in: family, saw, languages, pretraining, licence" in said
    assert (own / "mine.yaml").exists()


@pytest.mark.parametrize(
    ("name", "origin", "said"),
    [
        ("minilm", "model", "there is a backbone 'minilm' already"),
        ("No Name", "model", "'No Name' is no name of a backbone"),
        ("mine", "./nowhere", "no such folder"),
        ("mine", "images", "there is no config.json"),
    ],
)
def test_what_cannot_be_is_refused_and_nothing_is_written(
    name: str, origin: str, said: str, own: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["backbones", "new", name, "--from", origin]) == 2

    assert said in capsys.readouterr().err
    assert not list(own.iterdir())


def _config(folder: Path, **changed: Any) -> None:
    file = folder / "config.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | changed))


def _cut(file: Path, size: int) -> None:
    file.write_bytes(file.read_bytes()[:size])


def _in_shards(folder: Path, index: str) -> None:
    (folder / "model.safetensors").rename(folder / "one.safetensors")
    (folder / "model.safetensors.index.json").write_text(index)


def _pickled(folder: Path, content: bytes) -> None:
    (folder / "model.safetensors").unlink()
    (folder / "pytorch_model.bin").write_bytes(content)


@pytest.mark.parametrize(
    ("architecture", "spoil", "said"),
    [
        ("roberta", lambda at: _config(at, num_hidden_layers=3), "are not those of its config.json: 16 tensors"),
        ("roberta", lambda at: _config(at, num_hidden_layers=0), "are not those of its config.json: 32 tensors belong"),
        ("roberta", lambda at: _config(at, num_hidden_layers="two"), "num_hidden_layers"),
        ("roberta", lambda at: _config(at, num_attention_heads=5), "no roberta can be built by it: The hidden size"),
        ("roberta", lambda at: _config(at, vocab_size=-5), "no roberta can be built by it"),
        ("roberta", lambda at: _config(at, model_type="frob"), "does not recognize this architecture"),
        ("roberta", lambda at: (at / "config.json").write_text("[1]"), "no usable config.json"),
        ("roberta", lambda at: (at / "config.json").write_bytes(b"\xff\xfe"), "no usable config.json"),
        ("roberta", lambda at: (at / "vocab.json").unlink(), "no usable tokenizer"),
        ("bert", lambda at: (at / "tokenizer.json").write_text("{}"), "no usable tokenizer"),
        ("bert", lambda at: _cut(at / "tokenizer.json", 300), "no usable tokenizer"),
        ("roberta", lambda at: _cut(at / "model.safetensors", 3000), "not a readable safetensors file"),
        ("roberta", lambda at: _cut(at / "model.safetensors", 0), "it may be cut off"),
        ("roberta", lambda at: (at / "model.safetensors").write_text("version https://git-lfs.github.com/spec/v1\n"),
         "git lfs pull"),
        ("roberta", lambda at: _in_shards(at, "{}"), "does not say which files hold the tensors"),
        ("roberta", lambda at: _in_shards(at, '{"weight_map": {"x": "../one.safetensors"}}'), "does not say which"),
        ("roberta", lambda at: _in_shards(at, '{"weight_map": {"x": "two.safetensors"}}'), "two.safetensors"),
        ("roberta", lambda at: _pickled(at, b"hello"), "not a readable file of tensors"),
        ("roberta", lambda at: _pickled(at, pickle.dumps({"weight": Path("x")}, protocol=2)), "which is never run"),
    ],
)  # fmt: skip
def test_a_spoilt_folder_is_refused_in_a_sentence_and_nothing_is_written(
    own: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str],
    architecture: str, spoil: Callable[[Path], object], said: str,
) -> None:  # fmt: skip
    folder = snapshots.write(snapshots.snapshot(architecture), tmp_path / "model")
    spoil(folder)

    assert main(["backbones", "new", "mine", "--from", str(folder)]) == 2

    assert said in capsys.readouterr().err
    assert not list(own.iterdir())


def test_a_half_written_spec_hides_no_other_in_the_list(
    own: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = snapshots.write(snapshots.snapshot("bert"), tmp_path / "model")
    assert main(["backbones", "new", "mine", "--from", str(folder)]) == 0
    assert capsys.readouterr().out.startswith("images/backbones/mine.yaml: written.")

    assert main(["backbones", "list"]) == 2

    said = capsys.readouterr()
    assert "still to be filled in: family" in said.err
    assert "starencoder" in said.out
    assert "mine " not in said.out
