"""The conformance run, on a tiny published model in a folder."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from transformers import RobertaForMaskedLM

from harness.cli import main
from harness.cli.display import make_display
from harness.context import RESUME, Progress
from harness.errors import Failure, FailureClass
from harness.phases.check import examine, expected
from harness.plan.params import Claims
from harness.run import session
from harness.run.backbones import check
from harness.run.backbones.check import samples
from harness.run.checkpoints import folder_checkpoint
from harness.runners.base import Job, JobResult
from harness.runners.preflight import Problem
from harness.specs.catalog import Catalog
from harness.specs.languages import XTREME
from tests import snapshots
from tests.harness.conftest import WritingRunner


def test_every_language_of_xtreme_has_names_of_its_own() -> None:
    names = samples()

    assert set(XTREME) == names.keys()
    assert {40} == {len(set(own)) for own in names.values()}
    assert 40 == len({tuple(own) for own in names.values()})


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
    assert main(call) == 1
    found = {entry["check"]: entry for entry in json.loads(capsys.readouterr().out)["checks"]}
    assert found["convert"]["passed"] is False
    assert "the spec says dtype fp32, its weights bf16" in found["convert"]["found"]
    assert "there is no checkpoint" in found["all that loads it"]["found"]

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
    assert found["files"]["passed"] is True

    (weights,) = (tmp_path / "store").glob("artifacts/*/*/encoder/model.safetensors")
    content = bytearray(weights.read_bytes())
    content[-1] ^= 1
    weights.write_bytes(content)
    assert main(call) == 1
    found = {entry["check"]: entry for entry in json.loads(capsys.readouterr().out)["checks"]}
    assert "convert/mine: encoder/model.safetensors does not match its SHA-256" in found["files"]["found"]


class Killing(WritingRunner):
    """Its stage has found one thing when memory runs out."""

    def run(self, job: Job, progress: Progress) -> JobResult:
        found = {"check": "tokenizer", "passed": True, "found": "wordpiece", "seconds": 1.0}
        (job.out / RESUME / "checks.json").write_text(json.dumps([found]))
        failure = Failure(kind=FailureClass.OUT_OF_MEMORY, reason="out of memory.")
        return JobResult(failure=failure, seconds=1.0)


def test_a_check_that_ends_the_process_leaves_what_the_others_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spec = Catalog().backbone("minilm")

    class Host:
        """Its stage is killed after one check; images and packages are all there."""

        def sweep(self, _store: Path) -> None: ...
        def problems(self, *_arguments: object) -> list[Problem]:
            return []

        def runner(self, _store: Path, _run: str) -> Killing:
            return Killing(slots=1)

        def close(self) -> None: ...

    monkeypatch.setattr(session, "host_for", lambda _request: Host())
    monkeypatch.setattr(check, "named_checkpoint", lambda *_arguments, **_options: tmp_path)
    monkeypatch.setattr(check, "examine_facts", lambda *_arguments: [])

    tried = check.try_out(spec, tmp_path / "store", 1, make_display(1))

    found = list(tried.results)
    assert ["spec and files", "tokenizer", "check"] == [result.check for result in found]
    assert [True, True, False] == [result.passed for result in found]
    assert "out of memory" in found[-1].found
    assert tried.machine


def test_numbers_that_are_none_are_found_where_no_head_shows_them(tmp_path: Path) -> None:
    """Attention on a CPU gives zeros for a query that is not a number."""
    encoder = RobertaForMaskedLM.from_pretrained(snapshots.write(snapshots.snapshot("roberta"), tmp_path / "model"))
    with torch.no_grad():
        encoder.roberta.encoder.layer[1].attention.self.query.weight.fill_(float("nan"))
    encoder.save_pretrained(tmp_path / "model")
    checkpoint = folder_checkpoint(tmp_path / "model", tmp_path / "checkpoint", make_display(1))

    found = {
        result.check: result for result in examine(Claims(tokenizer=None, languages=(), mlm_head=None), {}, checkpoint)
    }

    assert len(found) == expected({})
    assert found["weights"].passed is False
    assert found["weights"].found.endswith("numbers that are none, as encoder.layer.1.attention.self.query.weight")
