"""Rows that one training has encoded are what the next one reads, and nothing else is."""

from __future__ import annotations

import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from harness.context import ENCODED
from harness.files import file_digest
from harness.phases import finetune
from harness.store.encodings import Encodings
from harness.training import encoded


@pytest.fixture
def params(toy: Any) -> dict[str, Any]:
    return {"task": toy.task("sentence_pair"), "hyper": toy.hyper}


@pytest.fixture
def encodings(tmp_path: Path) -> Encodings:
    return Encodings(tmp_path)


@pytest.fixture
def count(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What was encoded for training, not found."""
    found: list[str] = []
    real = encoded.encode_rows

    def counted(*arguments: Any, where: str, **options: Any) -> Any:
        found.append(where)
        return real(*arguments, where=where, **options)

    monkeypatch.setattr(encoded, "encode_rows", counted)
    return found


def weights(out: Path) -> str:
    return file_digest(out / "encoder" / "model.safetensors")


def test_the_next_training_maps_the_rows_into_memory_and_ends_with_the_same_weights(
    run_stage: Any, tiny: Path, toy_artifact: Any, params: Any, encodings: Encodings, count: list[str]
) -> None:
    inputs = {"checkpoint": tiny, "rows:toy": toy_artifact("sentence_pair", train=24, validation=8)}
    first = run_stage(finetune, params, inputs)
    encodings.take(first)
    (kept,) = encodings
    assert not (first / ENCODED).exists()

    second = run_stage(finetune, params, inputs | {ENCODED: encodings.folder()})

    assert ["toy, train.jsonl"] == count
    assert weights(first) == weights(second)
    assert (first / "training.json").read_bytes() == (second / "training.json").read_bytes()
    assert not (second / ENCODED).exists()
    assert {"ids.npy", "encoded.json"} < {path.name for path in kept.iterdir()}


def test_a_further_training_of_the_checkpoint_finds_them_since_the_tokenizer_is_the_same(
    run_stage: Any, tiny: Path, toy_artifact: Any, params: Any, encodings: Encodings, count: list[str]
) -> None:
    """As recipes do: the checkpoint is another one, its tokenizer's files are not."""
    rows = toy_artifact("sentence_pair", train=24, validation=8)
    first = run_stage(finetune, params, {"checkpoint": tiny, "rows:toy": rows})
    encodings.take(first)

    run_stage(finetune, params, {"checkpoint": first, "rows:toy": rows, ENCODED: encodings.folder()})

    assert 1 == len(count)


def test_other_rows_another_tokenizer_or_another_length_are_encoded_anew(
    run_stage: Any, tiny: Path, toy_artifact: Any, toy: Any, params: Any, encodings: Encodings, tmp_path: Path
) -> None:
    rows = toy_artifact("sentence_pair", train=24, validation=8)
    other_tokenizer = tmp_path / "checkpoint"
    shutil.copytree(tiny, other_tokenizer)
    file = other_tokenizer / "tokenizer" / "tokenizer.json"
    file.write_text(file.read_text(encoding="utf-8") + "\n", encoding="utf-8")
    changes: list[tuple[dict[str, Any], dict[str, Path]]] = [
        (params, {"checkpoint": tiny, "rows:toy": rows}),
        (params, {"checkpoint": tiny, "rows:toy": toy_artifact("sentence_pair", train=25, validation=8)}),
        (params, {"checkpoint": other_tokenizer, "rows:toy": rows}),
        (params | {"task": params["task"] | {"max_length": 20}}, {"checkpoint": tiny, "rows:toy": rows}),
    ]
    for number, (changed, inputs) in enumerate(changes):
        encodings.take(run_stage(finetune, changed, inputs | {ENCODED: encodings.folder()}))
        assert number + 1 == len(list(encodings))


def test_damaged_ones_are_not_read(
    run_stage: Any, tiny: Path, toy_artifact: Any, params: Any, encodings: Encodings, count: list[str]
) -> None:
    inputs = {"checkpoint": tiny, "rows:toy": toy_artifact("sentence_pair", train=24, validation=8)}
    first = run_stage(finetune, params, inputs)
    encodings.take(first)
    (kept,) = encodings
    damaged = bytearray((kept / "ids.npy").read_bytes())
    damaged[-1] ^= 1
    (kept / "ids.npy").write_bytes(damaged)

    second = run_stage(finetune, params, inputs | {ENCODED: encodings.folder()})

    assert 2 == len(count)
    assert weights(first) == weights(second)
    encodings.take(second)
    run_stage(finetune, params, inputs | {ENCODED: encodings.folder()})
    assert 2 == len(count)


def test_only_folders_of_plain_files_under_a_digest_are_taken(encodings: Encodings, tmp_path: Path) -> None:
    out = tmp_path / "out"
    secret = tmp_path / "secret"
    secret.write_text("x", encoding="utf-8")
    for name in ("a" * 64, "b" * 64, "not-a-digest"):
        (out / ENCODED / name).mkdir(parents=True)
        (out / ENCODED / name / "encoded.json").write_text("{}", encoding="utf-8")
    (out / ENCODED / ("b" * 64) / "ids.npy").symlink_to(secret)
    (out / ENCODED / ("c" * 64)).symlink_to(tmp_path)

    encodings.take(out)

    assert ["a" * 64] == [folder.name for folder in encodings]
    assert not (out / ENCODED).exists()
    assert secret.exists()


def test_stages_that_end_at_once_with_the_same_rows_do_not_fail_of_each_other(
    encodings: Encodings, tmp_path: Path
) -> None:
    outs = [tmp_path / f"out{number}" for number in range(64)]
    for out in outs:
        (out / ENCODED / ("a" * 64)).mkdir(parents=True)
        (out / ENCODED / ("a" * 64) / "encoded.json").write_text("{}", encoding="utf-8")

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(encodings.take, outs))

    assert ["a" * 64] == [folder.name for folder in encodings]
    assert ["encoded.json"] == [path.name for folder in encodings for path in folder.iterdir()]


def test_what_cannot_be_kept_fails_no_stage(encodings: Encodings, tmp_path: Path) -> None:
    out = tmp_path / "out"
    (out / ENCODED / ("a" * 64)).mkdir(parents=True)
    (tmp_path / "encoded").write_text("in the way", encoding="utf-8")

    encodings.take(out)

    assert not (out / ENCODED).exists()
