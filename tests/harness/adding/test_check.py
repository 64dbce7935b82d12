"""The conformance run, on a tiny published model in a folder."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

from harness.adding.conformance import sample
from harness.cli import main
from harness.languages import XTREME
from tests import snapshots


def test_every_language_of_xtreme_has_names_of_its_own() -> None:
    assert len(set(XTREME)) == 40
    assert all(len(sample(language)) > 100 for language in XTREME)
    assert len({tuple(sample(language)) for language in XTREME}) == 40


def test_what_the_spec_claims_wrongly_fails_and_the_rest_passes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = snapshots.write(snapshots.snapshot("roberta"), tmp_path / "model")
    (tmp_path / "images" / "backbones").mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    assert main(["backbones", "new", "mine", "--from", str(folder)]) == 0
    spec = tmp_path / "images/backbones/mine.yaml"
    text = spec.read_text().replace("family: FILL-IN", "family: text").replace("saw: FILL-IN", "saw: []")
    text = text.replace("licence: FILL-IN", "licence: MIT").replace("languages: FILL-IN", "languages: [en]")
    text = text.replace("pretraining: FILL-IN", "pretraining: {data: words, source: us}")
    spec.write_text(text.replace("byte-bpe", "wordpiece") + "unattested: [tokenizer]\n")
    capsys.readouterr()

    assert main(["backbones", "check", "mine", "--store", str(tmp_path / "store"), "--json"]) == 1

    found = json.loads(capsys.readouterr().out)
    checks = {entry["check"]: entry["passed"] for entry in found["checks"]}
    assert [name for name, passed in checks.items() if passed is False] == ["tokenizer"]
    facts = ("architecture", "layers", "hidden_size", "max_length", "parameters", "dtype")
    assert all(checks[f"spec {field}"] for field in facts)
    assert all(checks[f"head {kind}"] for kind in ("sentence_pair", "multiple_choice", "token_tagging", "span_qa"))
    assert checks["mlm head"]
    assert checks["embeddings"]
    assert checks["train step"]


def test_a_fact_that_nobody_attests_is_shown_and_any_other_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Facts are in no key: the same checkpoint is checked again after its spec was corrected."""
    folder = snapshots.write(snapshots.snapshot("bert", dtype=torch.bfloat16), tmp_path / "model")
    (tmp_path / "images" / "backbones").mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    spec = {
        "name": "mine", "title": "Mine", "family": "text", "source": {"kind": "folder", "path": str(folder)},
        "architecture": "bert", "layers": snapshots.LAYERS, "hidden_size": snapshots.HIDDEN, "max_length": 64,
    }  # fmt: skip
    own = tmp_path / "images/backbones/mine.yaml"
    call = ["backbones", "check", "mine", "--store", str(tmp_path / "store"), "--json"]
    own.write_text(json.dumps(spec | {"dtype": "fp32"}))
    assert main(call) == 3
    assert "the spec says dtype fp32, its weights bf16" in capsys.readouterr().err

    own.write_text(json.dumps(spec | {"dtype": "fp32", "unattested": ["dtype"]}))
    main(call)
    found = {entry["check"]: entry for entry in json.loads(capsys.readouterr().out)["checks"]}
    assert found["spec dtype"]["passed"] is None
    assert "says dtype fp32, its weights bf16; the spec calls its own value unattested" in found["spec dtype"]["found"]

    own.write_text(json.dumps(spec | {"dtype": "bf16", "parameters": 12}))
    assert main(call) == 1
    found = {entry["check"]: entry for entry in json.loads(capsys.readouterr().out)["checks"]}
    assert found["spec dtype"]["passed"] is True
    assert "the spec says parameters 12, its weights" in found["spec parameters"]["found"]
