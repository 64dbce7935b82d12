"""``codestilts retrieve bitext`` from outside: any two texts, any checkpoint, and what is kept when it is killed."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from harness.cli import main
from harness.retrieval.readings import Reading
from harness.retrieval.texts import TextEmbedder
from harness.training.checkpoint import load_checkpoint
from tests.harness.retrieval.conftest import WORDS, MakeCheckpoint


def sentences(count: int, seed: int) -> list[str]:
    draw = np.random.default_rng(seed)
    return [" ".join(draw.choice(WORDS, size=draw.integers(3, 9))) for _ in range(count)]


@pytest.fixture
def sides(tmp_path: Path) -> tuple[Path, Path]:
    """Two texts with twenty lines in common, some of them repeated."""
    common = sentences(20, 0)
    found = tmp_path / "source.txt", tmp_path / "target.txt"
    found[0].write_text("\n".join([*common, *sentences(15, 1), *common[:3]]) + "\n", encoding="utf-8")
    found[1].write_text("\n".join([*sentences(10, 2), *common]), encoding="utf-8")
    return found


def call(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, str, str]:
    code = main(["retrieve", "bitext", *(str(argument) for argument in arguments)])
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def test_what_is_the_same_on_both_sides_is_found(
    make_checkpoint: MakeCheckpoint, sides: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "pairs.tsv"
    arguments = ["--source", sides[0], "--target", sides[1], "--backbone", make_checkpoint("bert"), "--out", out]
    code, said, _ = call(capsys, *arguments, "--layer", 1, "--json")

    facts = json.loads(said)
    assert (0, 1, 1.04) == (code, facts["layer"], facts["threshold"])
    assert "not tuned" in facts["threshold_from"]
    assert [{"rows": 38, "different": 35}, {"rows": 30, "different": 30}] == facts["sides"]
    assert all(float(line.split("\t")[0]) >= 1.04 for line in out.read_text(encoding="utf-8").splitlines())
    code, said, _ = call(capsys, *arguments, "--layer", 1, "--threshold", 1, "--json")
    assert (0, "given", 1.0) == (code, json.loads(said)["threshold_from"], json.loads(said)["threshold"])
    rows = [line.split("\t") for line in out.read_text(encoding="utf-8").splitlines()]
    assert len(rows) == json.loads(said)["pairs"]
    lines = [path.read_text(encoding="utf-8").splitlines() for path in sides]
    assert all((lines[0][int(row[1])], lines[1][int(row[2])]) == (row[3], row[4]) for row in rows)
    same = [row for row in rows if row[3] == row[4]]
    assert {str(n) for n in range(20)} == {row[1] for row in same}
    assert [] == [path for path in tmp_path.iterdir() if path.name.endswith(".work")]


def test_without_a_file_the_pairs_go_to_standard_output(
    make_checkpoint: MakeCheckpoint, sides: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    given = ["--source", sides[0], "--target", sides[1], "--backbone", make_checkpoint("bert"), "--threshold", 1]
    out = tmp_path / "pairs.tsv"
    assert 0 == call(capsys, *given, "--out", out, "--pooling", "first")[0]
    code, said, err = call(capsys, *given, "--pooling", "first")

    assert 0 == code
    assert out.read_text(encoding="utf-8") == said
    assert "pairs. Read from layer 2, first; threshold 1.0." in err
    assert {"bert-3", "pairs.tsv", "source.txt", "target.txt"} == {path.name for path in tmp_path.iterdir()}
    code, said, err = call(capsys, *given, "--json")
    assert (2, "") == (code, said)
    assert "--json: pairs and facts cannot both go to standard output; give --out" in err


def test_a_published_model_is_converted_and_gives_the_same(
    make_checkpoint: MakeCheckpoint, sides: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    checkpoint = make_checkpoint("bert")
    published = tmp_path / "published"
    shutil.copytree(checkpoint / "encoder", published)
    shutil.copytree(checkpoint / "tokenizer", published, dirs_exist_ok=True)
    written = []
    for folder in (checkpoint, published):
        out = tmp_path / f"{folder.name}.tsv"
        common = ["--source", sides[0], "--target", sides[1], "--out", out, "--layer", 2, "--threshold", 0.5]
        code, _, err = call(capsys, *common, "--backbone", folder)
        assert 0 == code, err
        written.append(out.read_bytes())
    assert written[0] == written[1]


def test_parts_are_kept_and_used_again_only_for_the_same_thing(make_checkpoint: MakeCheckpoint, tmp_path: Path) -> None:
    checkpoint, work, lines = make_checkpoint("bert"), tmp_path / "work", sentences(35, 3)

    def embedded(**changes: Any) -> tuple[TextEmbedder, Any]:
        embedder = TextEmbedder(
            checkpoint, **({"reading": Reading(layer=2), "work": work, "threads": 1, "part": 10} | changes)
        )
        return embedder, embedder.embed(lines, lambda _fraction, _note: None)

    first, vectors = embedded()
    assert (0, 4) == (first.reused, len(list(work.glob("*.npy"))))
    assert (35, load_checkpoint(checkpoint).backbone.hidden_size) == vectors.shape
    cut = min(work.glob("*.npy"))
    cut.write_bytes(cut.read_bytes()[:100])  # as a full disk might leave it
    again, same = embedded()
    np.testing.assert_array_equal(vectors, same)
    assert again.reused in (25, 30)
    other = ({"reading": Reading(layer=1)}, {"reading": Reading(layer=2, pooling="first")})
    changes: tuple[dict[str, Any], ...] = (*other, {"threads": 2}, {"max_length": 8})
    assert [0] * 4 == [embedded(**change)[0].reused for change in changes]


def test_a_kill_in_the_middle_loses_nothing(make_checkpoint: MakeCheckpoint, tmp_path: Path) -> None:
    """Killed for real, again and again until it is done, it writes what it writes undisturbed."""
    checkpoint = make_checkpoint("bert", layers=6)
    sides = [tmp_path / "source.txt", tmp_path / "target.txt"]
    for seed, path in enumerate(sides):
        path.write_text("".join(f"{line} {seed}{n}\n" for n, line in enumerate(sentences(13_000, seed))), "utf-8")

    def command(name: str) -> list[str]:
        texts = ["--source", str(sides[0]), "--target", str(sides[1]), "--backbone", str(checkpoint)]
        out = ["--out", str(tmp_path / f"{name}.tsv"), "--work", str(tmp_path / name), "--threads", "1", "--json"]
        return [sys.executable, "-m", "harness.cli", "retrieve", "bitext", *texts, *out]

    subprocess.run(command("undisturbed"), check=True, capture_output=True)
    process = subprocess.Popen(command("killed"), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    until = time.monotonic() + 120
    while not list((tmp_path / "killed").glob("*.npy")) and process.poll() is None and time.monotonic() < until:
        time.sleep(0.002)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    assert not (tmp_path / "killed.tsv").exists()
    kept = {path.name: path.stat().st_mtime_ns for path in (tmp_path / "killed").glob("*.npy")}
    assert 0 < len(kept)
    done = subprocess.run(command("killed"), check=True, capture_output=True, text=True)
    assert 0 < json.loads(done.stdout)["reused"]
    assert kept == {name: (tmp_path / "killed" / name).stat().st_mtime_ns for name in kept}
    assert (tmp_path / "undisturbed.tsv").read_bytes() == (tmp_path / "killed.tsv").read_bytes()


def test_code_that_a_checkpoint_brings_is_not_run(
    make_checkpoint: MakeCheckpoint, sides: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    foreign = tmp_path / "foreign"
    shutil.copytree(make_checkpoint("bert"), foreign)
    told = json.loads((foreign / "backbone.json").read_text(encoding="utf-8"))
    (foreign / "backbone.json").write_text(json.dumps({**told, "remote_code": True}), encoding="utf-8")
    code, out, err = call(capsys, "--source", sides[0], "--target", sides[1], "--backbone", foreign)
    assert (2, "") == (code, out)
    assert "backbone.json: this checkpoint brings Python code of its own" in err
    assert 1 == len(err.splitlines())


BAD: list[tuple[list[str], str]] = [
    (["--backbone", "minilmm"], "unknown backbone 'minilmm'; did you mean 'minilm'"),
    (["--backbone", "{empty}"], "neither a checkpoint .* nor a published model"),
    (["--source", "nowhere.txt"], "nowhere.txt: no such file"),
    (["--layer", "9"], "--layer: there is no hidden state 9 in 3 layers"),
    (["--k", "31"], "--k: 31 neighbours .* target side has 30 different sentences"),
    (["--out", "{empty}"], "this is a folder"),
    (["--memory", "1KB"], "--memory: the source embeddings need"),
]


@pytest.mark.parametrize(("more", "message"), BAD, ids=[message for _, message in BAD])
def test_bad_input_is_one_sentence(
    make_checkpoint: MakeCheckpoint,
    sides: tuple[Path, Path],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    more: list[str],
    message: str,
) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    backbone = make_checkpoint("bert")
    given = ["--source", sides[0], "--target", sides[1], "--backbone", backbone, "--out", tmp_path / "p.tsv"]
    code, out, err = call(capsys, *given, *(word.format(empty=empty) for word in more))

    assert (2, "") == (code, out)
    said = [line for line in err.splitlines() if line.startswith("codestilts:")]
    assert 1 == len(said)
    assert re.search(message, said[0]), err


def test_a_threshold_is_a_number_or_auto(sides: tuple[Path, Path], capsys: pytest.CaptureFixture[str]) -> None:
    given = ["--source", sides[0], "--target", sides[1], "--backbone", "minilm", "--out", "p", "--threshold", "some"]
    code, _, err = call(capsys, *given)
    assert 2 == code
    assert "'some' is neither a number nor auto" in err
