"""From release files to a submission, scored again against labels made as XTREME makes them."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest
import yaml

from harness.cli import main
from harness.results.xtreme.export import submission_file
from harness.results.xtreme.layout import xtreme_tasks
from tasks.types import task_type
from tests.end_to_end.conftest import run

TATOEBA = Path(__file__).parents[2] / "tasks" / "target" / "tatoeba.yaml"
WORDS = ("apple", "river", "stone", "cloud", "green", "seven", "north", "table", "where", "is", "it", "bread")

SUITE = """\
name: handed-in
title: Handed in
description: For tests.
backbones: [mini-xlmr]
recipes: [none]
targets: [tatoeba, mini-xnli]
training: mini
task_limits:
  tatoeba: {languages: [de, fr]}
  mini-xnli: {languages: [en]}
"""


def write_release(data: Path) -> dict[str, list[str]]:
    """Tatoeba's files in all languages that the suite reads, a few sentences each; the English ones of scored ones."""
    spec = yaml.safe_load(TATOEBA.read_text(encoding="utf-8"))
    folder = data / "tatoeba"
    folder.mkdir(parents=True)
    draw = random.Random(3)
    english: dict[str, list[str]] = {}
    for code in ("deu", "fra", *spec["splits"]["validation"]["languages"]):
        lines = [" ".join(draw.sample(WORDS, 4)) for _ in range(6)]
        for side, text in ((code, [line.upper() for line in lines]), ("eng", lines)):
            (folder / f"tatoeba.{code}-eng.{side}").write_text("".join(f"{line}\n" for line in text), encoding="utf-8")
        english[code] = lines
    return {"de": english["deu"], "fr": english["fra"]}


def test_what_is_handed_in_has_the_score_on_the_board(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    english = write_release(tmp_path / "data")
    suite = tmp_path / "handed-in.yaml"
    suite.write_text(SUITE, encoding="utf-8")
    store = tmp_path / "store"
    run(suite, store, "--data", str(tmp_path / "data"), "--workers", "2")
    row = ["--suite", "handed-in-smoke", "--backbone", "mini-xlmr", "--recipe", "none", "--store", str(store)]
    out = tmp_path / "submission"

    assert 2 == main(["export", "xtreme", *row, "--out", str(out)])
    said = capsys.readouterr().err
    assert "this is no whole submission: pawsx: not in the suite" in said
    assert "tatoeba: without ar, he" in said
    assert not out.exists()
    assert 2 == main(["export", "xtreme", *row[:-4], "--recipe", "all", *row[-2:], "--out", str(out)])
    assert "there is no recipe 'all' in it; it has none" in capsys.readouterr().err

    assert 0 == main(["export", "xtreme", *row, "--out", str(out), "--partial", "--json"])
    assert {"tatoeba": ["de", "fr"]} == {
        name: sorted(found) for name, found in json.loads(capsys.readouterr().out)["languages"].items()
    }
    assert [out / "tatoeba" / f"test-{language}.tsv" for language in ("de", "fr")] == sorted(out.rglob("*.*"))
    for language, lines in english.items():
        labels = sorted(range(len(lines)), key=lambda place: lines[place])
        path = tmp_path / "labels" / "tatoeba" / f"test-{language}.tsv"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("".join(f"{label}\n" for label in labels), encoding="utf-8")
    arguments = ["--predictions", str(out), "--labels", str(tmp_path / "labels"), "--partial", "--json"]
    assert 0 == main(["score", *arguments])
    again = json.loads(capsys.readouterr().out)["tatoeba"]["accuracy"]
    board = json.loads((store / "results/handed-in-smoke/mini-xlmr/none/tatoeba-s1.json").read_text())["languages"]
    assert {language: pytest.approx(100 * board[language]["score"]) for language in board} == again


def test_a_repeated_id_of_tydiqa_is_handed_in_once(tmp_path: Path) -> None:
    path = tmp_path / "predictions" / "tydiqa" / "test-ko.json"
    path.parent.mkdir(parents=True)
    given = {"7": "one", "7-2": "two", "8": "three", "9-2": "four"}
    path.write_text(json.dumps(given), encoding="utf-8")

    assert {"7": "one", "8": "three", "9-2": "four"} == json.loads(
        submission_file(xtreme_tasks()["tydiqa"], "ko", tmp_path, tmp_path)
    )


def test_other_files_are_handed_in_as_they_are_kept(tmp_path: Path) -> None:
    kind = task_type("token_tagging")
    assert xtreme_tasks()["udpos"].suffix == kind.suffix
    path = tmp_path / "predictions" / "udpos" / "test-de.tsv"
    path.parent.mkdir(parents=True)
    path.write_text("NOUN\nVERB\n\nX\n", encoding="utf-8")

    assert path.read_text() == submission_file(xtreme_tasks()["udpos"], "de", tmp_path, tmp_path)
