"""Where the labels come from that submissions are scored against: release files, a store, XTREME's folders."""

from __future__ import annotations

import json
import random
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.harness.results.conftest import Call, Made, make

LABELS = ("entailment", "neutral", "contradiction")
SUITE: dict[str, Any] = {
    "name": "real",
    "title": "Real",
    "description": "A target that is read from release files.",
    "backbones": ["mini-xlmr"],
    "recipes": ["none"],
    "targets": ["xnli"],
    "seeds": [1],
    "training": "mini",
    "task_limits": {"xnli": {"languages": ["en", "de"]}},
    "stand_ins": {
        "mnli": {
            name: {"split": {"format": "xtreme_pairs", "files": [f"mnli/{name}.tsv"]}, "why": "a few rows of our own"}
            for name in ("train", "validation")
        }
    },
}


@dataclass(frozen=True, kw_only=True)
class Real:
    """A row of it, packed, with the files that it was scored on."""

    made: Made
    data: Path
    labels: Path
    archive: Path

    def verify(self, call: Call, *arguments: object) -> tuple[int, Any]:
        code, out, err = call("verify", self.archive, "--suite", self.made.suite, "--json", *arguments)
        return code, json.loads(out) if out else err


@pytest.fixture
def real(tmp_path: Path, call: Call) -> Real:
    draw = random.Random(3)
    data, labels = tmp_path / "data", tmp_path / "labels"
    for folder in (data / "xnli", data / "mnli", labels / "xnli"):
        folder.mkdir(parents=True)
    gold = [draw.choice(LABELS) for _ in range(12)]
    for language in ("en", "de"):
        rows = "".join(f"{language} {n // 3}\tso {n} {language}\t{label}\n" for n, label in enumerate(gold))
        (data / "xnli" / f"test-{language}.tsv").write_text(rows, encoding="utf-8")
        (labels / "xnli" / f"test-{language}.tsv").write_text("".join(f"{label}\n" for label in gold), encoding="utf-8")
    for name in ("train", "validation"):
        rows = "".join(f"{name} {n}\tthus {name} {n}\t{draw.choice(LABELS)}\n" for n in range(9))
        (data / "mnli" / f"{name}.tsv").write_text(rows, encoding="utf-8")
    made = make(tmp_path, SUITE, data=data)
    archive = tmp_path / "row.zip"
    row = ("--suite", "real", "--backbone", "mini-xlmr", "--recipe", "none", "--store", made.store)
    assert 0 == call("submit", "pack", *row, "--out", archive)[0]
    return Real(made=made, data=data, labels=labels, archive=archive)


def test_nothing_to_score_against_is_one_sentence_and_no_verdict(real: Real, call: Call) -> None:
    code, said = real.verify(call)
    assert 2 == code
    assert "the labels of xnli are not at hand (XNLI-1.0/xnli.test.tsv and more)" in said
    assert "--data, a store with --store, or XTREME's label folders with --labels" in said


def test_labels_from_release_files(real: Real, call: Call) -> None:
    code, report = real.verify(call, "--data", real.data)
    assert (0, [], 1) == (code, report["findings"], report["rescored_from_predictions"])
    assert f"prepared from {real.data}" == report["references"]["xnli"]
    assert "baseline" not in str(report["unchecked"])


def test_labels_from_a_store(real: Real, call: Call) -> None:
    code, report = real.verify(call, "--store", real.made.store)
    assert (0, 1) == (code, report["rescored_from_predictions"])
    assert f"of store {real.made.store}" == report["references"]["xnli"]
    assert "the baseline of xnli" in str(report["unchecked"])


def test_labels_from_the_folders_of_xtreme(real: Real, call: Call) -> None:
    code, report = real.verify(call, "--labels", real.labels)
    assert (0, 1) == (code, report["rescored_from_predictions"])
    assert f"label files of {real.labels}" == report["references"]["xnli"]
    path = real.labels / "xnli" / "test-de.tsv"
    lines = path.read_text(encoding="utf-8").splitlines()
    path.write_text("".join(f"{label}\n" for label in lines[1:] + lines[:1]), encoding="utf-8")
    code, report = real.verify(call, "--labels", real.labels)
    assert 1 == code
    assert {"languages.de.score", "languages.de.metrics.accuracy"} == {one["field"] for one in report["findings"]}


def test_counts_where_labels_are_not_at_hand(real: Real, call: Call) -> None:
    code, report = real.verify(call, "--counts")
    assert (0, 1, 0) == (code, report["results"], report["rescored_from_predictions"])
    assert "scores of xnli against predictions: its labels are not at hand" in report["unchecked"]


def test_other_release_files_than_were_scored_on_are_named(real: Real, call: Call) -> None:
    path = real.data / "xnli" / "test-de.tsv"
    before = path.read_text(encoding="utf-8")
    path.write_text(before.replace("neutral", "entailment"), encoding="utf-8")
    code, report = real.verify(call, "--data", real.data)
    assert 1 == code
    fields = {one["field"] for one in report["findings"]}
    assert "provenance: labels of xnli, test-de.jsonl" in fields
    assert any("sha256" in field for field in fields)
    path.write_text("broken\n", encoding="utf-8")  # ours, so no claim of the submission fails
    code, said = real.verify(call, "--data", real.data)
    assert 2 == code
    assert "test-de.tsv" in said
