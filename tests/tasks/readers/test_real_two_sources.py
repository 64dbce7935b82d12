"""Real rows in the hub's layout: its columns, numbers of classes and habits; and the same canonical rows.

The tables are made here from the release files with nothing but the standard library, as the hub's loading scripts
made them: contexts stripped while offsets stayed, line ends kept in Tatoeba, places counted from one in BUCC, texts of
labels in HellaSwag. What of it cannot be seen in a made-up sample are the oddities of real text.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from tasks.readers import read_split
from tests.samples import NER, NLI, write_table

pytestmark = pytest.mark.data

Rows = list[dict[str, Any]]
Classes = dict[str, Sequence[str]]


def lines(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8").split("\n")[:-1]


def records(path: Path) -> Rows:
    return [json.loads(line) for line in lines(path)]


def questions(path: Path, prefix: str = "") -> Rows:
    found = []
    for article in json.loads(path.read_text(encoding="utf-8"))["data"]:
        for paragraph in article["paragraphs"]:
            for question in paragraph["qas"]:
                answers = question.get("answers", [])
                told = {name: [answer[name] for answer in answers] for name in ("text", "answer_start")}
                row = {"id": f"{prefix}{question['id']}", "title": article.get("title", ""), "answers": told}
                found.append(row | {"context": paragraph["context"].strip(), "question": question["question"]})
    return found


def pairs(path: Path, names: tuple[str, str], labels: Sequence[str]) -> Rows:
    with path.open(encoding="utf-8", newline="") as file:
        return [
            {names[0]: first, names[1]: second, "label": labels.index(label)}
            for first, second, label in csv.reader(file, delimiter="\t")
        ]


def tagged(path: Path) -> Rows:
    found: Rows = []
    for sentence in path.read_text(encoding="utf-8").replace("\r", "").strip("\n").split("\n\n"):
        words = [line.split("\t") for line in sentence.strip("\n").split("\n")]
        found.append({"tokens": [word for word, _ in words], "ner_tags": [NER.index(tag) for _, tag in words]})
    return found


def choices(path: Path) -> Rows:
    rows = []
    for record in records(path):
        told = record["question"]["choices"]
        both = {name: [one[name] for one in told] for name in ("label", "text")}
        question = {"question": record["question"]["stem"], "question_concept": "x", "choices": both}
        rows.append({"id": record["id"], "answerKey": record["answerKey"], **question})
    return rows


def passages(path: Path) -> Rows:
    with path.open(encoding="utf-8", newline="") as file:
        return [{**row, "label": int(row["label"])} for row in csv.DictReader(file)]


def endings(path: Path) -> Rows:
    return [{**row, "label": str(row["label"])} for row in records(path)]


def bucc(foreign: Path, english: Path, gold: Path) -> Rows:
    """The hub has no ids: a sentence is known by its place, which is the number in its id."""
    sides = [[line.partition("\t")[2] for line in lines(path)] for path in (foreign, english)]
    places = [[int(name.rpartition("-")[2]) for name in line.split("\t")] for line in lines(gold)]
    return [{"sentence1": sides[0], "sentence2": sides[1], "gold": places}]


def compare(
    tmp_path: Path,
    release: tuple[str, list[Path]],
    hub: str,
    rows: Rows,
    classes: Classes | None = None,
    *,
    labels: Sequence[str] = (),
    language: str = "en",
) -> int:
    """The rows of a table are those of release files; how many there are."""
    table = write_table(tmp_path / "t.parquet", rows, classes)
    form, paths = release
    mine = read_split(form, paths, language=language, labels=labels).rows
    assert mine == read_split(hub, [table], language=language, labels=labels).rows, paths
    return len(mine)


@pytest.mark.parametrize(
    ("pattern", "files", "count"),
    [
        ("squad/train-v*.json", 2, 6_190),
        ("squad/dev-v*.json", 2, 10_708),
        ("xquad/xquad.*.json", 8, 9_520),
        ("mlqa/dev-context-*.json", 9, None),
    ],
)
def test_questions(tmp_path: Path, shared_data: Path, pattern: str, files: int, count: int | None) -> None:
    """Offsets count in the context as it was, of which the table has lost the white space at both ends."""
    paths = sorted(shared_data.glob(pattern))
    found = sum(compare(tmp_path, ("squad_json", [path]), "hub_squad", questions(path)) for path in paths)
    assert files == len(paths)
    assert count in (None, found)


@pytest.mark.parametrize(("language", "prefix"), [("en", "english"), ("ko", "korean")])
def test_tydiqas_training_rows(tmp_path: Path, shared_data: Path, language: str, prefix: str) -> None:
    path = shared_data / f"tydiqa/tydiqa.goldp.{language}.train.json"
    rows = questions(path, f"{prefix}-12-")
    strangers = questions(path, "finnish-12-")[:3]
    release = ("tydiqa_train_json", [path])
    assert len(rows) == compare(tmp_path, release, "hub_tydiqa_train", [*strangers, *rows], language=language)


@pytest.mark.parametrize(
    ("form", "hub", "pattern", "names", "labels"),
    [
        ("xtreme_pairs", "hub_xnli", "xnli/dev-*.tsv", ("premise", "hypothesis"), NLI),
        ("xtreme_paraphrases", "hub_pawsx", "pawsx/dev-*.tsv", ("sentence1", "sentence2"), ("0", "1")),
    ],
)
def test_pairs(
    tmp_path: Path,
    shared_data: Path,
    form: str,
    hub: str,
    pattern: str,
    names: tuple[str, str],
    labels: tuple[str, ...],
) -> None:
    paths = sorted(shared_data.glob(pattern))
    assert paths
    for path in paths:
        rows = pairs(path, names, labels)
        assert len(rows) == compare(tmp_path, (form, [path]), hub, rows, {"label": labels}, labels=labels)


def test_names(tmp_path: Path, shared_data: Path) -> None:
    paths = sorted(shared_data.glob("panx/dev-*.tsv"))
    assert paths
    for path in paths:
        rows = tagged(path)
        found = compare(tmp_path, ("panx_tsv", [path]), "hub_tags", rows, {"ner_tags": NER}, labels=NER)
        assert len(rows) == found


@pytest.mark.parametrize(
    ("form", "hub", "name", "make"),
    [
        ("commonsenseqa_jsonl", "hub_commonsenseqa", "commonsenseqa/train_rand_split.jsonl", choices),
        ("cosmosqa_csv", "hub_cosmosqa", "cosmosqa/valid.csv", passages),
        ("hellaswag_jsonl", "hub_hellaswag", "hellaswag/hellaswag_val.jsonl", endings),
    ],
)
def test_choices(
    tmp_path: Path, shared_data: Path, form: str, hub: str, name: str, make: Callable[[Path], Rows]
) -> None:
    rows = make(shared_data / name)
    assert len(rows) == compare(tmp_path, (form, [shared_data / name]), hub, rows)


def test_tatoeba(tmp_path: Path, shared_data: Path) -> None:
    files = [path for path in sorted(shared_data.glob("tatoeba/tatoeba.*-eng.*")) if path.suffix != ".eng"]
    assert files
    for foreign in files:
        code = foreign.suffix[1:]
        sides = foreign, foreign.with_suffix(".eng")
        texts = list(zip(*map(lines, sides), strict=True))
        for form, names, end in (
            ("hub_tatoeba", ("source_sentence", "target_sentence"), "\n"),
            ("hub_tatoeba_mteb", ("sentence1", "sentence2"), ""),
        ):
            rows = [{names[0]: a + end, names[1]: b + end} for a, b in texts]
            assert 2 * len(rows) == compare(tmp_path, ("tatoeba_pair", [*sides]), form, rows, language=code)


def test_bucc(tmp_path: Path, shared_data: Path) -> None:
    files = [shared_data / f"bucc2018/zh-en.dev.{part}" for part in ("zh", "en", "gold")]
    foreign, english, gold = files
    assert compare(tmp_path, ("bucc_files", files), "hub_bucc", bucc(foreign, english, gold), language="zh") > 2 * 257
