"""``export eee`` and ``export model-index``: what the pools they go to ask for, and the numbers of the results."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from leaderboard.read import read_results
from leaderboard.site import build_site
from tests.harness.results.conftest import Call, Made

EEE = ("--organization", "Our <lab>", "--timestamp", "1700000000", "--allow-miniature")

#: What eval.schema.json of evaleval/every_eval_ever 0.3.0 asks of the parts that are written here, in our own words:
#: required fields, and for each field its type; no others at the top.
TOP = {
    "schema_version": str,
    "evaluation_id": str,
    "retrieved_timestamp": str,
    "source_metadata": dict,
    "model_info": dict,
    "eval_library": dict,
    "evaluation_results": list,
}
RESULT = {
    "evaluation_result_id": str,
    "evaluation_name": str,
    "source_data": dict,
    "metric_config": dict,
    "score_details": dict,
}


def check(record: dict[str, Any]) -> None:
    assert {name: type(value) for name, value in record.items()} == TOP
    assert record["retrieved_timestamp"].isdecimal()
    source, model = record["source_metadata"], record["model_info"]
    assert source["source_type"] in ("documentation", "evaluation_run")
    assert source["evaluator_relationship"] in ("first_party", "third_party", "collaborative", "other")
    assert {"name", "version"} <= record["eval_library"].keys()
    assert 2 == len(model["id"].split("/"))
    assert model["additional_details"]["deployment_type"] in ("self_deployed", "externally_managed", "unknown")
    assert model["additional_details"]["model_availability"] in ("open_weights", "closed_weights", "unknown")
    for result in record["evaluation_results"]:
        assert {name: type(value) for name, value in result.items()} == RESULT
        assert {"dataset_name", "source_type", "additional_details"} == result["source_data"].keys()
        assert "other" == result["source_data"]["source_type"]
        config, details = result["metric_config"], result["score_details"]
        assert False is config["lower_is_better"]
        assert config["min_score"] <= details["score"] <= config["max_score"]
        interval = details.get("uncertainty", {}).get("confidence_interval")
        assert interval is None or interval["lower"] <= details["score"] <= interval["upper"]
    for holder in (source, model, *(result["source_data"] for result in record["evaluation_results"])):
        assert all(isinstance(value, str) for value in holder["additional_details"].values())


def test_a_record_a_row_with_the_numbers_of_its_results(original: Made, tmp_path: Path, call: Call) -> None:
    code, out, err = call("export", "eee", "--results", original.results, *EEE, "--out", tmp_path, "--json")
    assert (0, "") == (code, err)
    files = [Path(path) for path in json.loads(out)]
    assert 4 == len(files)
    assert {("data", "codestilts-tiny", "codestilts")} == {path.relative_to(tmp_path).parts[:3] for path in files}
    folder = read_results(original.results)
    for path in files:
        record = json.loads(path.read_text(encoding="utf-8"))
        check(record)
        details = record["model_info"]["additional_details"]
        found = {
            result["evaluation_result_id"]: result["score_details"]["score"] for result in record["evaluation_results"]
        }
        for key, result in folder.results.items():
            if (key.backbone, key.recipe) == (details["backbone"], details["recipe"]):
                assert result.score == found[f"{key.target}/score"]
                for language, one in result.languages.items():
                    assert one.score == found[f"{key.target}/{language}/score"]
                    assert one.metrics == {name: found[f"{key.target}/{language}/{name}"] for name in one.metrics}


def test_intervals_come_with_statistics(original: Made, tmp_path: Path, call: Call) -> None:
    assert 0 == call("site", "join", "--results", original.results, "--out", tmp_path / "board")[0]
    row = ("--backbone", "mini-xlmr", "--recipe", "none")
    call("export", "eee", "--results", tmp_path / "board", *EEE, *row, "--out", tmp_path / "pool")
    (path,) = (tmp_path / "pool").rglob("*.json")
    record = json.loads(path.read_text(encoding="utf-8"))
    check(record)
    with_interval = [result for result in record["evaluation_results"] if "uncertainty" in result["score_details"]]
    assert with_interval
    assert all(result["evaluation_name"].endswith("mean over languages") for result in with_interval)


def test_the_same_row_has_the_same_place_and_bytes(original: Made, tmp_path: Path, call: Call) -> None:
    for name in ("a", "b"):
        call("export", "eee", "--results", original.results, *EEE, "--out", tmp_path / name)
    trees = [
        {path.relative_to(tmp_path / name).as_posix(): path.read_bytes() for path in (tmp_path / name).rglob("*.json")}
        for name in ("a", "b")
    ]
    assert trees[0] == trees[1]
    call("export", "eee", "--results", original.results, *EEE[:3], "1800000000", EEE[4], "--out", tmp_path / "c")
    assert trees[0].keys() == {path.relative_to(tmp_path / "c").as_posix() for path in (tmp_path / "c").rglob("*.json")}


def test_a_model_card_shows_the_row(original: Made, call: Call) -> None:
    row = ("--backbone", "mini-xlmr", "--recipe", "mini-mnli", "--allow-miniature", "--name", "me/model")
    code, out, _ = call("export", "model-index", "--results", original.results, *row)
    assert 0 == code
    (model,) = yaml.safe_load(out)["model-index"]
    assert "me/model" == model["name"]
    assert "&id" not in out  # every entry stands for itself
    folder = read_results(original.results)
    for key, result in folder.results.items():
        if (key.backbone, key.recipe) != ("mini-xlmr", "mini-mnli"):
            continue
        entries = [entry for entry in model["results"] if entry["dataset"]["type"] == key.target]
        assert ["default", *result.languages] == [entry["dataset"]["config"] for entry in entries]
        assert round(100 * result.score, 2) == entries[0]["metrics"][0]["value"]
    kinds = {entry["task"]["type"] for entry in model["results"]}
    assert {"text-classification", "token-classification", "question-answering", "sentence-similarity"} == kinds


def test_the_hub_reads_the_block(original: Made, call: Call) -> None:
    repocard = pytest.importorskip("huggingface_hub.repocard_data")
    row = ("--backbone", "mini-xlmr", "--recipe", "none", "--allow-miniature")
    block = json.loads(call("export", "model-index", "--results", original.results, *row, "--json")[1])
    name, results = repocard.model_index_to_eval_results(block["model-index"])
    assert "mini-xlmr-none" == name
    assert len(results) >= 5


def test_tables_are_those_of_the_pages(original: Made, tmp_path: Path, call: Call) -> None:
    build_site(original.results, tmp_path / "site")
    beside = {path.name: path.read_bytes() for path in (tmp_path / "site").glob("*.csv")}
    assert "scores.csv" in beside
    code, out, _ = call("export", "csv", "--results", original.results, "--out", tmp_path / "tables", "--json")
    assert 0 == code
    assert sorted(beside) == [Path(path).name for path in json.loads(out)]
    assert beside == {path.name: path.read_bytes() for path in (tmp_path / "tables").iterdir()}
    code, out, _ = call("export", "csv", "--results", original.results, "--table", "scores")
    assert beside["scores.csv"].decode() == out


@pytest.mark.parametrize(
    ("command", "said"),
    [
        (("csv", "--table", "score"), "unknown table 'score'; did you mean 'scores'?"),
        (("eee", *EEE[:4], "--out", "pool"), "say --allow-miniature"),
        (
            ("eee", *EEE, "--backbone", "bert", "--out", "pool"),
            "there is no backbone 'bert'; it has mini-xlmr, mini-roberta",
        ),
        (("model-index", "--backbone", "mini-xlmr", "--recipe", "none"), "say --allow-miniature"),
        (
            ("model-index", "--backbone", "mini-xlmr", "--recipe", "all", "--allow-miniature"),
            "there is no recipe 'all'",
        ),
    ],
)
def test_what_cannot_be_exported_is_one_sentence(
    original: Made, tmp_path: Path, call: Call, monkeypatch: pytest.MonkeyPatch, command: tuple[str, ...], said: str
) -> None:
    monkeypatch.chdir(tmp_path)
    code, _, err = call("export", *command, "--results", original.results)
    assert 2 == code
    assert said in err
    assert 1 == len(err.splitlines())
    assert not (tmp_path / "pool").exists()
