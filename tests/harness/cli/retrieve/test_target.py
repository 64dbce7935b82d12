"""``codestilts retrieve tatoeba`` and ``retrieve bucc`` from outside, on files of the releases' layouts."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from harness.cli import main
from tests import snapshots
from tests.harness.retrieval.conftest import WORDS, MakeCheckpoint


def sentences(count: int, seed: int) -> list[str]:
    draw = np.random.default_rng(seed)
    return [" ".join(draw.choice(WORDS, size=draw.integers(3, 9))) for _ in range(count)]


def write_tatoeba(folder: Path, code: str, lines: Sequence[str], english: Sequence[str]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for side, text in ((code, lines), ("eng", english)):
        (folder / f"tatoeba.{code}-eng.{side}").write_text("".join(f"{line}\n" for line in text), encoding="utf-8")


def write_bucc(folder: Path, part: str, seed: int, *, pairs: int = 8) -> None:
    """Two corpora of which the first ``pairs`` sentences are the same on both sides."""
    folder.mkdir(parents=True, exist_ok=True)
    common = sentences(pairs, seed)
    for side, text in (("de", [*common, *sentences(10, seed + 1)]), ("en", [*common, *sentences(12, seed + 2)])):
        lines = [f"{side}-{number}\t{line}\n" for number, line in enumerate(text)]
        (folder / f"de-en.{part}.{side}").write_text("".join(lines), encoding="utf-8")
    gold = "".join(f"de-{number}\ten-{number}\n" for number in range(pairs))
    (folder / f"de-en.{part}.gold").write_text(gold, encoding="utf-8")


def call(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, str, str]:
    code = main(["retrieve", *(str(argument) for argument in arguments)])
    captured = capsys.readouterr()
    return code, captured.out, captured.err


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """German and French of the scored languages, Catalan of the others. French is shuffled words: order is lost."""
    folder = tmp_path / "data" / "tatoeba"
    draw = np.random.default_rng(5)
    for seed, code in enumerate(("deu", "fra", "cat")):
        english = sentences(12, seed)
        mixed = [" ".join(draw.permutation(line.split())) for line in english]
        write_tatoeba(folder, code, english if code == "deu" else mixed, english)
    return tmp_path / "data"


def test_tatoeba_chooses_on_one_language_and_scores_the_others(
    make_checkpoint: MakeCheckpoint, data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    checkpoint = make_checkpoint("bert")
    code, said, _ = call(capsys, "tatoeba", "--data", data, "--backbone", checkpoint, "--json")
    found: dict[str, Any] = json.loads(said)

    assert 0 == code
    assert ["de", "fr"] == list(found["languages"])
    assert 34 == len(found["without_files"])
    assert found["mean"] is None  # of 2 languages of 36
    assert {"cat"} == set(found["curves"])
    assert "dev" == found["details"]["rule"]
    metrics = found["languages"]["de"]["metrics"]
    assert {"accuracy", "accuracy_strict", "accuracy_foreign_to_english", "accuracy_depth_scaled"} == set(metrics)
    assert 1.0 == metrics["accuracy"] == metrics["accuracy_strict"]
    curve = found["curves"]["cat"]
    assert max(max(scores) for scores in curve.values()) == found["details"]["chosen_on"]["score"]


def test_the_folder_of_the_files_will_do_and_named_languages_have_a_mean(
    make_checkpoint: MakeCheckpoint, data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "kept"
    arguments = ["--data", data / "tatoeba", "--backbone", make_checkpoint("bert"), "--languages", "fr,de"]
    code, said, _ = call(capsys, "tatoeba", *arguments, "--out", out)
    rows = {line.split()[0]: line.split() for line in said.splitlines() if line}

    assert 0 == code
    assert said.startswith("Read from layer ")
    assert "on unscored samples in 1 language (" in said
    assert ["Tatoeba", "rows", "accuracy", "depth_scaled", "foreign_to_english", "strict"] == rows["Tatoeba"]
    mean = (float(rows["de"][2]) + float(rows["fr"][2])) / 2
    assert pytest.approx(mean, abs=0.1) == float(rows["mean"][1])
    assert 12 == len((out / "retrieved/predictions/tatoeba/test-de.tsv").read_text().splitlines())
    code, _, err = call(capsys, "tatoeba", *arguments, "--out", out)
    assert (2, True) == (code, "it is there already" in err)


def test_without_other_languages_nothing_is_chosen(
    make_checkpoint: MakeCheckpoint, data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for path in (data / "tatoeba").glob("tatoeba.cat-*"):
        path.unlink()
    code, said, _ = call(capsys, "tatoeba", "--data", data, "--backbone", make_checkpoint("bert"), "--limit", 10)

    assert 0 == code
    assert "the depth-scaled rule, because no unscored sample is available" in said
    assert "No mean: there are no files of ar," in said
    assert ["5"] == [line.split()[1] for line in said.splitlines() if line.startswith("de ")]


def test_bucc_tunes_on_the_sample(
    make_checkpoint: MakeCheckpoint, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_bucc(tmp_path, "dev", 1)
    write_bucc(tmp_path, "test", 11)
    arguments = ["bucc", "--data", tmp_path, "--backbone", make_checkpoint("bert"), "--languages", "de"]
    code, said, _ = call(capsys, *arguments, "--json")
    found = json.loads(said)

    assert 0 == code
    assert "dev" == found["details"]["rule"]
    assert "oracle_threshold" not in found["details"]
    assert 0.8 < found["mean"] == found["languages"]["de"]["metrics"]["f1"]
    assert 8 == found["details"]["languages"]["de"]["dev"]["gold"]


def test_the_organisers_own_files_give_the_same_as_those_of_xtreme(
    make_checkpoint: MakeCheckpoint, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for part, theirs, seed in (("dev", "sample", 1), ("test", "training", 11)):
        write_bucc(tmp_path / "xtreme" / "bucc2018", part, seed)
        write_bucc(tmp_path / "organisers" / "bucc2018" / "de-en", theirs, seed)
    checkpoint = make_checkpoint("bert")
    found = []
    for release in ("xtreme", "organisers"):
        arguments = ["bucc", "--data", tmp_path / release, "--backbone", checkpoint, "--languages", "de"]
        code, said, _ = call(capsys, *arguments, "--json")
        assert 0 == code
        found.append(json.loads(said))
    assert found[0] == found[1]
    assert "dev" == found[0]["details"]["rule"]


@pytest.mark.parametrize("part", ["dev", "test"])
def test_with_files_of_one_set_alone_the_threshold_is_an_oracles(
    make_checkpoint: MakeCheckpoint, tmp_path: Path, capsys: pytest.CaptureFixture[str], part: str
) -> None:
    write_bucc(tmp_path, part, 1)
    arguments = ["bucc", "--data", tmp_path, "--backbone", make_checkpoint("bert")]
    code, said, _ = call(capsys, *arguments)

    assert 0 == code
    assert "Oracle threshold" in said
    assert "the depth-scaled rule" in said
    assert "No mean: there are no files of fr, ru, zh." in said
    found = json.loads(call(capsys, *arguments, "--json")[1])
    tuned = found["details"]["languages"]["de"]
    # The number is the very best that any threshold gives on these pairs.
    assert pytest.approx(tuned["dev_oracle"]["f1"]) == found["languages"]["de"]["score"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--data", "nowhere"], "nowhere: no such folder"),
        (["--languages", "xx"], "--languages: 'xx' is no language of tatoeba"),
        (["--languages", "nl"], "there are no files of 'nl'; they are named like tatoeba/tatoeba"),
        (["--device", "cuda"], "field 'device': asks for a CUDA GPU, and "),
        (["--backbone", "nobody"], "nobody"),
        (["--backbone", "minilm+text"], "backbone minilm+text: it is trained on text of release files (squad_v1"),
    ],
)
def test_bad_input(
    make_checkpoint: MakeCheckpoint,
    data: Path,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    message: str,
) -> None:
    code, _, err = call(capsys, "tatoeba", "--data", data, "--backbone", make_checkpoint("bert"), *arguments)

    assert (3 if "cuda" in arguments else 2) == code
    assert message in err
    assert "Traceback" not in err


def test_a_gold_id_that_is_not_in_the_text_is_named(
    make_checkpoint: MakeCheckpoint, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_bucc(tmp_path, "dev", 1)
    with (tmp_path / "de-en.dev.gold").open("a") as gold:
        gold.write("de-99\ten-1\n")
    code, _, err = call(capsys, "bucc", "--data", tmp_path, "--backbone", make_checkpoint("bert"))

    assert 2 == code
    assert "de-en.dev.gold, line 9" in err
    assert "there is no foreign sentence 'de-99'" in err


@pytest.mark.docker
@pytest.mark.images
def test_in_containers_the_same_is_found(
    make_checkpoint: MakeCheckpoint, data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Named by the folder of its files, too, which a link then leads to that no container could follow."""
    arguments = ["tatoeba", "--backbone", make_checkpoint("bert"), "--threads", 1, "--json"]
    here = call(capsys, *arguments, "--data", data, "--out", tmp_path / "here")
    inside = call(capsys, *arguments, "--data", data / "tatoeba", "--out", tmp_path / "inside", "--runner", "docker")

    assert (0, 0) == (here[0], inside[0]), inside[2]
    assert json.loads(here[1]) == json.loads(inside[1])
    name = "retrieved/predictions/tatoeba/test-fr.tsv"
    assert (tmp_path / "here" / name).read_bytes() == (tmp_path / "inside" / name).read_bytes()
    assert (tmp_path / "here" / name).stat().st_uid == (tmp_path / "inside" / name).stat().st_uid


@pytest.mark.docker
@pytest.mark.images
def test_bad_input_is_said_the_same_in_a_container(
    make_checkpoint: MakeCheckpoint, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_bucc(tmp_path, "dev", 1)
    with (tmp_path / "de-en.dev.gold").open("a") as gold:
        gold.write("de-99\ten-1\n")
    arguments = ["bucc", "--data", tmp_path, "--backbone", make_checkpoint("bert")]
    here = call(capsys, *arguments)
    inside = call(capsys, *arguments, "--runner", "docker")

    assert (2, 2) == (here[0], inside[0])
    assert "there is no foreign sentence 'de-99'" in inside[2]
    assert "Traceback" not in inside[2]


def test_what_a_backbone_needs_is_asked_for_and_can_be_allowed(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = snapshots.write(snapshots.snapshot("qwen2"), tmp_path / "model")
    (tmp_path / "images" / "backbones").mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    spec = {
        "name": "causal", "title": "A decoder", "family": "mixed", "source": {"kind": "folder", "path": str(folder)},
        "architecture": "qwen2", "layers": snapshots.LAYERS, "hidden_size": snapshots.HIDDEN, "max_length": 64,
        "pooling": "last", "needs": [{"flag": "decoder", "why": "It is causal."}],
    }  # fmt: skip
    (tmp_path / "images/backbones/causal.yaml").write_text(json.dumps(spec))
    texts = ["--source", data / "tatoeba/tatoeba.deu-eng.deu", "--target", data / "tatoeba/tatoeba.deu-eng.eng"]
    for arguments in (["tatoeba", "--data", data], ["bitext", *texts]):
        code, _, err = call(capsys, *arguments, "--backbone", "causal")
        assert (2, True) == (code, "it needs your word (decoder): It is causal" in err)

        code, said, _ = call(capsys, *arguments, "--backbone", "causal", "--allow", "decoder")
        assert 0 == code
        assert said
