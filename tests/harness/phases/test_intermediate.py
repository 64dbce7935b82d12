"""Training on several tasks at once."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from harness.files import file_digest
from harness.phases import intermediate, prepare
from tasks.errors import UserError
from tasks.rows import read_json_lines, write_json_lines


def test_a_mixture_of_all_types_leaves_one_head_each(run_stage: Any, tiny: Path, toy_artifact: Any, toy: Any) -> None:
    """Every step draws one task, all steps are accounted for, and the epoch's value is the mean over the tasks."""
    tasks = [toy.task(kind, name=kind) for kind in toy.kinds]
    inputs = {f"rows:{kind}": toy_artifact(kind, train=16, validation=4) for kind in toy.kinds}
    params = {
        "tasks": tasks,
        "mixing": {"kind": "uniform", "cap": 131072, "temperature": 1.0},
        "hyper": {**toy.hyper, "max_steps": 20},
    }
    out = run_stage(intermediate, params, {"checkpoint": tiny, **inputs})

    assert sorted(toy.kinds) == sorted(file.stem for file in (out / "heads").glob("*.safetensors"))
    record = json.loads((out / "training.json").read_text())
    counts = {name: facts["steps"] for name, facts in record["tasks"].items()}
    assert 20 == sum(counts.values())
    assert min(counts.values()) > 0
    assert dict.fromkeys(toy.kinds, 0.25) == record["mixture"]
    last = record["evaluations"][-1]
    values = [entry["value"] for entry in last["validation"].values()]
    assert pytest.approx(sum(values) / 4) == last["value"]
    again = run_stage(intermediate, params, {"checkpoint": tiny, **inputs})
    assert toy.files(out) == toy.files(again)


@pytest.mark.parametrize(("names", "message"), [([], "params.tasks: "), (["a", "a"], "each once")])
def test_tasks_must_be_there_and_differ(run_stage: Any, tiny: Path, toy: Any, names: list[str], message: str) -> None:
    tasks = [toy.task("sentence_pair", name=name) for name in names]
    with pytest.raises(UserError, match=message):
        run_stage(intermediate, {"tasks": tasks, "hyper": toy.hyper}, {"checkpoint": tiny})


MLM = {"ratio": 0.5, "batch_size": 4, "block_length": 16}


def test_mlm_steps_stand_between_the_very_steps_of_the_recipe_without(
    run_stage: Any, tiny_mlm: Path, corpus: Path, toy_artifact: Any, toy: Any
) -> None:
    """As many steps on the task as without, half as many more on the corpus; both change the encoder."""
    params = {"tasks": [toy.task("sentence_pair")], "hyper": {**toy.hyper, "max_steps": 12}}
    inputs = {"checkpoint": tiny_mlm, "rows:toy": toy_artifact("sentence_pair", train=24, validation=8)}
    plain = run_stage(intermediate, params, inputs)
    added = run_stage(intermediate, {**params, "mlm": MLM}, {**inputs, "corpus": corpus})

    record = json.loads((added / "training.json").read_text())
    assert 18 == record["steps"]
    assert 6 == record["mlm"]["steps"]
    assert 6 * 4 * 16 == record["mlm"]["pieces"]
    assert 12 == record["tasks"]["toy"]["steps"]
    assert 18 == record["evaluations"][-1]["step"]  # the last step is on a task, and then it is validated
    without = json.loads((plain / "training.json").read_text())
    assert len(without["evaluations"]) == len(record["evaluations"])
    assert toy.files(plain)["encoder/model.safetensors"] != toy.files(added)["encoder/model.safetensors"]
    assert ["toy"] == [file.stem for file in (added / "heads").glob("*.safetensors")]
    again = run_stage(intermediate, {**params, "mlm": MLM}, {**inputs, "corpus": corpus})
    assert toy.files(added) == toy.files(again)


def test_a_mixture_with_mlm_in_bfloat16_gives_the_same_bytes_twice(
    run_stage: Any, tiny_mlm: Path, corpus: Path, toy_artifact: Any, toy: Any
) -> None:
    """Steps in which a head, or the masked-LM head, has no gradient."""
    kinds = ("sentence_pair", "span_qa")
    params = {
        "tasks": [toy.task(kind, name=kind) for kind in kinds],
        "mixing": {"kind": "uniform", "cap": 131072, "temperature": 1.0},
        "hyper": {**toy.hyper, "max_steps": 12},
        "mlm": MLM,
    }
    inputs = {"checkpoint": tiny_mlm, "corpus": corpus} | {f"rows:{kind}": toy_artifact(kind, 24, 8) for kind in kinds}
    outs = [run_stage(intermediate, params, inputs, precision="bf16") for _ in range(2)]

    assert toy.files(outs[0]) == toy.files(outs[1])
    record = json.loads((outs[0] / "training.json").read_text())
    assert 18 == record["steps"]


def test_mlm_without_a_head_to_go_on_with_is_refused_before_rows_are_read(
    run_stage: Any, tiny: Path, corpus: Path, toy: Any, tmp_path: Path
) -> None:
    params = {"tasks": [toy.task("sentence_pair")], "hyper": {**toy.hyper, "max_steps": 2}, "mlm": MLM}
    inputs = {"checkpoint": tiny, "rows:toy": tmp_path / "nowhere", "corpus": corpus}
    with pytest.raises(UserError, match=r"of tiny-bert has no masked-language-modelling head.*leave recipes \+mlm out"):
        run_stage(intermediate, params, inputs)


def test_translated_rows_are_trained_on_and_never_validate(
    run_stage: Any, tiny: Path, toy_artifact: Any, toy: Any, tmp_path: Path
) -> None:
    rows = [row.to_json() | {"id": f"x{row.id}"} for row in toy.rows("sentence_pair", 10, 3)]
    write_json_lines(tmp_path / "train-qaa.jsonl", rows)
    params = {
        "tasks": [toy.task("sentence_pair")],
        "hyper": {**toy.hyper, "epochs": 2.0},
        "translated": {"toy": ["qaa"]},
    }
    inputs = {"checkpoint": tiny, "rows:toy": toy_artifact("sentence_pair", train=22, validation=8)}
    out = run_stage(intermediate, params, {**inputs, "translated:toy": tmp_path})

    record = json.loads((out / "training.json").read_text())
    facts = record["tasks"]["toy"]
    assert {"qaa": 10} == facts["translated_rows"]
    assert 32 == facts["train_rows"] == record["epoch_inputs"]
    assert 8 == facts["validation_rows"]


def test_blocks_longer_than_the_backbone_are_refused(
    run_stage: Any, tiny_mlm: Path, corpus: Path, toy_artifact: Any, toy: Any
) -> None:
    params = {
        "tasks": [toy.task("sentence_pair")],
        "hyper": {**toy.hyper, "max_steps": 2},
        "mlm": {**MLM, "block_length": 512},
    }
    inputs = {"checkpoint": tiny_mlm, "corpus": corpus, "rows:toy": toy_artifact("sentence_pair", 8, 4)}
    with pytest.raises(UserError, match="blocks of 512 pieces exceed"):
        run_stage(intermediate, params, inputs)


def test_tasks_that_name_one_head_share_it(run_stage: Any, tiny: Path, toy_artifact: Any, toy: Any) -> None:
    """As all natural language inference does in ANLI+; each is drawn, scored and recorded for itself."""
    tasks = [toy.task("sentence_pair", name=name) | {"head": "nli"} for name in ("snli", "mnli")]
    tasks.append(toy.task("sentence_pair", name="qqp"))
    inputs = {f"rows:{task['name']}": toy_artifact("sentence_pair", 16, 8) for task in tasks}
    params = {"tasks": tasks, "mixing": {"kind": "uniform"}, "hyper": {**toy.hyper, "max_steps": 12}}
    out = run_stage(intermediate, params, {"checkpoint": tiny, **inputs})

    assert ["nli", "qqp"] == sorted(file.stem for file in (out / "heads").glob("*.safetensors"))
    record = json.loads((out / "training.json").read_text())
    assert {"snli", "mnli", "qqp"} == record["tasks"].keys() == record["mixture"].keys()
    assert {"snli", "mnli", "qqp"} == record["evaluations"][-1]["validation"].keys()


def test_a_shared_head_needs_the_same_labels(run_stage: Any, tiny: Path, toy_artifact: Any, toy: Any) -> None:
    tasks = [toy.task("sentence_pair", name="a", head="nli"), toy.task("token_tagging", name="b")]
    tasks = [task | {"head": "nli"} for task in tasks]
    inputs = {f"rows:{task['name']}": toy_artifact(task["type"], 8, 4) for task in tasks}
    params = {"tasks": tasks, "hyper": {**toy.hyper, "max_steps": 2}}
    with pytest.raises(UserError, match="a and b share the head 'nli' but not their type and labels"):
        run_stage(intermediate, params, {"checkpoint": tiny, **inputs})


def test_training_stops_early_and_validates_on_few_rows(
    run_stage: Any, tiny: Path, toy_artifact: Any, toy: Any
) -> None:
    """The record says how many steps were planned and taken, and what was drawn in those."""
    hyper = {**toy.hyper, "epochs": 40.0, "evaluate_every": 5, "evaluation_rows": 6, "patience": 2}
    params = {"tasks": [toy.task("sentence_pair")], "hyper": hyper}
    out = run_stage(intermediate, params, {"checkpoint": tiny, "rows:toy": toy_artifact("sentence_pair", 48, 24)})

    record = json.loads((out / "training.json").read_text())
    values = [entry["value"] for entry in record["evaluations"]]
    best = values.index(max(values))
    assert record["stopped_early"]
    assert record["steps"] < record["planned_steps"] == 240
    assert best + 2 == len(values) - 1
    assert 5 * (best + 1) == record["best_step"]
    assert {6} == {entry["validation"]["toy"]["rows"] for entry in record["evaluations"]}
    assert record["steps"] == record["tasks"]["toy"]["steps"]


def test_mlm_on_articles_draws_each_language_by_its_smoothed_size(
    run_stage: Any, tiny_mlm: Path, corpus: Path, toy_artifact: Any, toy: Any, tmp_path: Path
) -> None:
    """From plain text files to a trained encoder; German has 16 times as much text as Swahili."""
    texts = [record["text"] for record in read_json_lines(corpus / "text.jsonl")]
    for language, count in (("de", 48), ("sw", 3)):
        (tmp_path / f"{language}.txt").write_text("\n\n".join(texts[:count]), encoding="utf-8")
    names = ("de", "sw")
    source = {
        "kind": "articles",
        "format": "text_articles",
        "files": {name: [{"path": f"{name}.txt", "sha256": file_digest(tmp_path / f"{name}.txt")}] for name in names},
        "sizes": {"de": 1600, "sw": 100},
        "max_characters": None,
    }
    params = {"kind": "corpus", "sources": [source], "max_characters": None}
    articles = run_stage(prepare, params, {}, data=tmp_path)
    trained = {"tasks": [toy.task("sentence_pair")], "hyper": {**toy.hyper, "max_steps": 20}}
    inputs = {"checkpoint": tiny_mlm, "rows:toy": toy_artifact("sentence_pair", train=24, validation=8)}
    mlm = {**MLM, "smoothing": 0.5}
    out = run_stage(intermediate, {**trained, "mlm": mlm}, {**inputs, "corpus": articles})

    record = json.loads((out / "training.json").read_text())["mlm"]
    assert 10 == record["steps"]
    assert 0.5 == record["smoothing"]
    drawn = {name: facts["drawn"] for name, facts in record["languages"].items()}
    assert {"de": 32, "sw": 8} == drawn, "four to one, the root of sixteen to one, of 40 blocks"
    assert pytest.approx({"de": 0.8, "sw": 0.2}) == {
        name: facts["share"] for name, facts in record["languages"].items()
    }
    assert record["languages"]["sw"]["blocks"] < 8, "it was gone through more than once"
    again = run_stage(intermediate, {**trained, "mlm": mlm}, {**inputs, "corpus": articles})
    assert toy.files(out) == toy.files(again)
