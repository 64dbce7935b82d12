"""The conformance run, on a tiny published model in a folder."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from harness.adding.conformance import LANGUAGES, sample
from harness.cli import main
from tests import snapshots


def test_every_language_of_xtreme_has_names_of_its_own() -> None:
    assert len(set(LANGUAGES)) == 40
    assert all(len(sample(language)) > 100 for language in LANGUAGES)
    assert len({tuple(sample(language)) for language in LANGUAGES}) == 40


def test_what_the_spec_claims_wrongly_fails_and_the_rest_passes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = snapshots.write(snapshots.snapshot("roberta"), tmp_path / "model")
    (tmp_path / "images" / "backbones").mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    assert main(["backbones", "new", "mine", "--from", str(folder)]) == 0
    spec = tmp_path / "images/backbones/mine.yaml"
    text = spec.read_text().replace("family: FILL-IN", "family: text").replace("saw: FILL-IN", "saw: []")
    spec.write_text(text.replace("licence: FILL-IN", "licence: MIT").replace("byte-bpe", "wordpiece"))
    capsys.readouterr()

    assert main(["backbones", "check", "mine", "--store", str(tmp_path / "store"), "--json"]) == 1

    found = json.loads(capsys.readouterr().out)
    checks = {entry["check"]: entry["passed"] for entry in found["checks"]}
    assert [name for name, passed in checks.items() if passed is False] == ["tokenizer"]
    assert all(checks[f"head {kind}"] for kind in ("sentence_pair", "multiple_choice", "token_tagging", "span_qa"))
    assert checks["mlm head"]
    assert checks["embeddings"]
    assert checks["train step"]
