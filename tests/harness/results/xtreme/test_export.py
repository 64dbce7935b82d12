"""A whole submission: nine tasks in all of their languages, from release files to what XTREME's evaluate.py reads."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from harness.cli import main
from harness.plan.suite import plan_suite
from harness.results.xtreme.layout import XtremeTask, xtreme_tasks
from harness.specs.catalog import Catalog
from harness.specs.task import TaskSpec
from harness.store.artifacts import Store
from tasks.rows import read_json_lines
from tests.harness.results.conftest import Made, make
from tests.samples import place

SUITE: dict[str, Any] = {
    "name": "whole",
    "title": "All nine tasks",
    "description": "Of a few rows each.",
    "backbones": ["mini-xlmr"],
    "recipes": ["none"],
    "targets": list(xtreme_tasks()),
    "training": "mini",
}

#: The sample has the same sentences in every split; nothing may be trained on that is scored. Words of equal length.
OTHERS = {
    word: {"train": first, "validation": second}
    for word, first, second in (
        ("cat", "cow", "hen"),
        ("dog", "pig", "fox"),
        ("said", "felt", "told"),
        ("Ann", "Bob", "Tom"),
        ("rained", "snowed", "hailed"),
        ("can", "may", "had"),
        ("Katze", "Maus!", "Hase!"),
        ("Hund", "Wolf", "Igel"),
    )
}


def write_release(data: Path) -> None:
    """Every split of the nine tasks, and of those they are trained on, in a form with a file a language."""
    catalog = Catalog()
    for name in xtreme_tasks():
        task = catalog.task(name)
        assert isinstance(task, TaskSpec)
        _write(task, data)
        if task.trained_on not in (None, name):
            trained = catalog.task(str(task.trained_on))
            assert isinstance(trained, TaskSpec)
            _write(trained, data)


def _write(task: TaskSpec, data: Path) -> None:
    for split, spec in task.splits.items():
        if not spec.files:
            continue
        languages = spec.languages or (task.languages if split != "train" else ("en",))
        sources = [source for source in spec.sources() if source.hub is None]
        source = next((one for one in sources if "{" in one.files[0]), sources[0])
        for language in languages:
            for name in place(source, data, language, task.codes):
                text = (data / name).read_text(encoding="utf-8")
                for word, others in OTHERS.items():
                    text = text.replace(word, others.get(split, word))
                if split == "train" and name.endswith(".json"):
                    text = many_paragraphs(text)
                (data / name).write_text(text, encoding="utf-8")


def many_paragraphs(text: str) -> str:
    """So many that a hashed tenth of them, which selects, is not empty."""
    articles = []
    for number in range(100, 160):
        for article in json.loads(text.replace("cow", str(number)))["data"]:
            for paragraph in article["paragraphs"]:
                for question in paragraph["qas"]:
                    numbered = question["id"].replace("-12-", f"-{number}-")
                    question["id"] = numbered if numbered != question["id"] else f"{numbered}{number}"
            articles.append(article)
    return json.dumps({"version": "1.1", "data": articles})


def label_file(task: XtremeTask, labels: list[dict[str, Any]], inputs: list[dict[str, Any]]) -> str:
    """One language's labels as XTREME has them; of Tatoeba in the order of the English sentences' texts."""
    if task.kind == "answers":
        qas = [{"id": one["id"], "answers": [{"text": gold["text"]} for gold in one["answers"]]} for one in labels]
        return json.dumps({"data": [{"paragraphs": [{"qas": qas}]}]})
    if task.kind == "tags":
        return "\n".join("".join(f"{tag}\n" for tag in one["tags"]) for one in labels)
    foreign = [one for one in labels if one.get("side") == "foreign"]
    if task.kind == "pairs":
        return "".join(f"{one['id']}\t{partner}\n" for one in foreign for partner in one["partners"])
    if task.name == "tatoeba":
        place = {one["partners"][0]: number for number, one in enumerate(foreign)}
        english = sorted((one for one in inputs if one["side"] == "english"), key=lambda one: one["text"])
        return "".join(f"{place[one['id']]}\n" for one in english)
    return "".join(f"{one['label']}\n" for one in labels)


#: What a result calls the metrics of each kind of task.
MAIN = {
    "labels": ["accuracy"],
    "tags": ["f1", "precision", "recall"],
    "pairs": ["f1", "precision", "recall"],
    "answers": ["exact_match", "f1"],
}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    """A board of one row, with made-up answers."""
    root = tmp_path_factory.mktemp("whole")
    write_release(root / "data")
    return make(root, SUITE, data=root / "data")


def test_a_whole_submission_is_complete_and_scores_what_the_board_says(
    made: Made, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "submission"
    row = ["--suite", "whole", "--backbone", "mini-xlmr", "--recipe", "none", "--store", str(made.store)]
    assert 0 == main(["export", "xtreme", *row, "--out", str(out), "--json"])
    assert {} == json.loads(capsys.readouterr().out)["left_out"]
    files = {f"{task.name}/{task.file(language)}" for task in xtreme_tasks().values() for language in task.languages}
    assert files == {path.relative_to(out).as_posix() for path in out.rglob("*") if path.is_file()}

    folders = {
        stage.name: Store(made.store).folder(stage.key)
        for stage in plan_suite(str(made.suite), data_dir=made.suite.parent / "data").plan.stages
    }
    for task in xtreme_tasks().values():
        for language in task.languages:
            path = tmp_path / "labels" / task.name / task.file(language)
            path.parent.mkdir(parents=True, exist_ok=True)
            rows = [
                list(read_json_lines(folders[f"prepare/{side}/{task.name}"] / f"test-{language}.jsonl"))
                for side in ("labels", "inputs")
            ]
            path.write_text(label_file(task, *rows), encoding="utf-8")
    sides = ["--predictions", str(out), "--labels", str(tmp_path / "labels")]
    assert 0 == main(["score", *sides, "--json"])
    scored = json.loads(capsys.readouterr().out)

    for name, task in xtreme_tasks().items():
        board = json.loads((made.store / f"results/whole/mini-xlmr/none/{name}-s1.json").read_text())
        for metric in MAIN[task.kind]:
            found = {language: 100 * one["metrics"][metric] for language, one in board["languages"].items()}
            assert found == pytest.approx(scored[name][metric]), (name, metric)
        assert pytest.approx(100 * board["score"]) == scored[name]["avg_metric"]
    assert 0 < scored["all_task"] < 100
