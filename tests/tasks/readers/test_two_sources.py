"""What the hub's tables and other forms have otherwise than the release: it is mended, counted, or told apart."""

from __future__ import annotations

from pathlib import Path

import pytest

from tasks.errors import DataError
from tasks.readers import read_split
from tests.samples import FOREIGN, read_table, write, write_table


def test_ids_of_translated_pairs_are_those_of_the_english_ones(tmp_path: Path) -> None:
    labels = ("entailment", "neutral", "contradiction")
    english = tmp_path / "en.tsv"
    english.write_text("sentence1\tsentence2\tgold_label\na\tb\tneutral\nc\td\tentailment\na\te\tcontradiction\n")
    forms = {
        "xtreme_translated_pairs": "a\tb\tA\tB\tneutral\nc\td\tC\tD\tentailment\na\te\tA\tE\tcontradictory\n",
        "xnli_mt_tsv": "premise\thypo\tlabel\nA\tB\tneutral\nC\tD\tentailment\nA\tE\tcontradictory\n",
        "xtreme_nli_train": "A\tB\tneutral\nC\tD\tentailment\nA\tE\tcontradiction\n",
    }
    wanted = [
        (row.id, row.unit, row.label)
        for row in read_split("glue_mnli_tsv", [english], language="en", labels=labels).rows
    ]
    for form, text in forms.items():
        path = tmp_path / form
        path.write_text(text)
        rows = read_split(form, [path], language="de", labels=labels).rows
        assert wanted == [(row.id, row.unit, row.label) for row in rows]
        assert ["A", "C", "A"] == [row.text_a for row in rows]
    table = [
        {"premise": a, "hypothesis": b, "label": label} for a, b, label in (("A", "B", 1), ("C", "D", 0), ("A", "E", 2))
    ]
    rows = read_split("hub_xnli_train", [write_table(tmp_path / "t.parquet", table)], language="de", labels=labels).rows
    assert wanted == [(row.id, row.unit, row.label) for row in rows]


@pytest.mark.parametrize(
    ("form", "counted"),
    [
        ("glue_mnli_tsv", {"rows_without_gold_label": 1}),
        ("hub_nli", {"rows_without_gold_label": 1}),
        ("nli_jsonl", {"rows_without_gold_label": 1}),
        ("glue_qqp_tsv", {"rows_without_gold_label": 1}),
        ("xtreme_pairs", {"rows_unquoted": 1}),
        ("hub_tatoeba", {"line_ends_removed": 6}),
        ("hub_squad", {"answers_moved": 3}),
        ("hub_tydiqa", {"answers_moved": 3}),
        ("conllu", {"words_fused": 1}),
        ("xtreme_paraphrases", {"rows_unquoted": 1}),
        ("squad_json", {}),
    ],
)
def test_what_is_mended_is_counted(tmp_path: Path, form: str, counted: dict[str, int]) -> None:
    assert counted == read_split(form, write(form, tmp_path), language="en", labels=()).mended


@pytest.mark.parametrize(
    ("form", "column", "hidden"),
    [
        ("hub_hellaswag", "label", ""),
        ("hub_commonsenseqa", "answerKey", ""),
        ("hub_cosmosqa", "label", -1),
    ],
)
def test_hidden_answers_are_known_as_such(tmp_path: Path, form: str, column: str, hidden: object) -> None:
    """As the hub's test splits have them; ``prepare`` leaves such rows out of what trains, and counts them."""
    (path,) = write(form, tmp_path)
    rows, classes = read_table(path)
    write_table(path, [rows[0], rows[1] | {column: hidden}], classes)
    found = read_split(form, [path], language="en", labels=()).rows
    assert [2, None] == [row.label for row in found]  # type: ignore[attr-defined]
    write_table(path, [row | {column: hidden} for row in rows], classes)
    assert [None, None] == [row.label for row in read_split(form, [path], language="en", labels=()).rows]  # type: ignore[attr-defined]


def test_numbers_of_classes_count_in_the_tables_own_order(tmp_path: Path) -> None:
    """Where the table names its classes; otherwise they count in the order of the task's labels."""
    rows = [{"premise": "a", "hypothesis": "b", "label": 0}]
    labels = ("entailment", "neutral", "contradiction")
    named = write_table(tmp_path / "named.parquet", rows, {"label": ["contradiction", "neutral", "entailment"]})
    bare = write_table(tmp_path / "bare.parquet", rows)
    found = [read_split("hub_nli", [path], language="en", labels=labels).rows[0].label for path in (named, bare)]
    assert ["contradiction", "entailment"] == found


@pytest.mark.parametrize("place", [0, len(FOREIGN) + 1])
def test_buccs_gold_pairs_of_the_hub_count_from_one(tmp_path: Path, place: int) -> None:
    row = {"sentence1": FOREIGN, "sentence2": ["the dog"], "gold": [[place, 1]]}
    path = write_table(tmp_path / "0.parquet", [row])
    with pytest.raises(DataError, match=r"row 1: the gold pair \[\d, 1\] names no sentence; places count from 1"):
        read_split("hub_bucc", [path], language="de", labels=())


def test_short_ids_of_tydiqas_training_rows_are_made_unique_in_the_same_way(tmp_path: Path) -> None:
    rows = read_split("tydiqa_train_json", write("tydiqa_train_json", tmp_path), language="en", labels=()).rows
    assert ["a", "b", "c"] == [row.id for row in rows]
    assert ["0", "0", "1"] == [row.unit for row in rows]


def test_tydiqa_rows_of_other_languages_are_passed_over(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no question in language 'en'"):
        read_split("tydiqa_train_json", write("tydiqa_train_json", tmp_path, "ko"), language="en", labels=())
