from pathlib import Path

import pytest

from tasks.errors import DataError
from tasks.readers import read_split

LABELS = ("entailment", "neutral", "contradiction")
GLUE = "index\tpromptID\tpairID\tsentence1\tsentence2\tgold_label"
XNLI = "language\tgold_label\tsentence1\tsentence2\tpromptID\tpairID"


def write(path: Path, *lines: str) -> Path:
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def test_glue_columns_are_found_by_name_and_quotes_are_text(tmp_path: Path) -> None:
    """Ids are row numbers, and the unit is the first row with the same premise: all that GLUE and the hub share."""
    path = write(
        tmp_path / "1",
        GLUE,
        '0\t7\t7n\t"Quoted," he said.\t"open\tneutral',
        "1\t7\t7e\ta\tb\tentailment",
        '2\t7\t7c\t"Quoted," he said.\tc\tcontradiction',
    )
    rows = read_split("glue_mnli_tsv", [path], language="en", labels=LABELS).rows
    assert [
        ("0", "0", '"Quoted," he said.', '"open', "neutral"),
        ("1", "1", "a", "b", "entailment"),
        ("2", "0", '"Quoted," he said.', "c", "contradiction"),
    ] == [(row.id, row.unit, row.text_a, row.text_b, row.label) for row in rows]


def test_pairs_without_a_gold_label_are_left_out_and_counted(tmp_path: Path) -> None:
    path = write(tmp_path / "1", GLUE, "0\t7\t7n\ta\tb\t-", "1\t8\t8e\ta\tb\tentailment")
    result = read_split("glue_mnli_tsv", [path], language="en", labels=LABELS)
    assert ["1"] == [row.id for row in result.rows]
    assert {"rows_without_gold_label": 1} == result.mended


def test_numbers_go_on_over_the_files_of_a_split(tmp_path: Path) -> None:
    path = write(tmp_path / "1", GLUE, "0\t7\t7n\ta\tb\tneutral")
    other = write(tmp_path / "2", GLUE, "0\t7\t7n\tc\td\tneutral")
    result = read_split("glue_mnli_tsv", [path, other], language="en", labels=LABELS)
    assert ["0", "1"] == [row.id for row in result.rows]


def test_pair_ids_that_two_splits_share_are_made_unique(tmp_path: Path) -> None:
    path = write(tmp_path / "1", "prem\thyp\tlabel\tpairID", "a\tb\tneutral\t7n", "c\td\tneutral\t7n")
    result = read_split("taxinli_tsv", [path], language="en", labels=LABELS)
    assert ["7n", "7n-2"] == [row.id for row in result.rows]
    assert {"ids_made_unique": 1} == result.mended


def test_a_missing_column_is_named(tmp_path: Path) -> None:
    path = write(tmp_path / "1", GLUE.replace("gold_label", "label"), "0\t7\t7n\ta\tb\tneutral")
    with pytest.raises(DataError, match="line 2: no 'gold_label' among index, promptID"):
        read_split("glue_mnli_tsv", [path], language="en", labels=LABELS)


def test_taxinli_takes_multinlis_label_and_unquotes(tmp_path: Path) -> None:
    header = "prem\thyp\tlabel\tannotated_label\tpairID"
    path = write(tmp_path / "1", header, '"""Yes,"" he said."\tb\tneutral\tentailment\t7n')
    (row,) = read_split("taxinli_tsv", [path], language="en", labels=LABELS).rows
    assert ('"Yes," he said.', "neutral", "7n", "7n") == (row.text_a, row.label, row.id, row.unit)


def test_the_xnli_release_is_parted_by_language(tmp_path: Path) -> None:
    path = write(
        tmp_path / "1", XNLI, "en\tneutral\ta\tb\t1\t1", "de\tneutral\tc\td\t1\t1", "de\tentailment\tc\te\t1\t2"
    )
    rows = read_split("xnli_release_tsv", [path], language="de", labels=LABELS).rows
    assert [("0", "0", "c"), ("1", "0", "c")] == [(row.id, row.unit, row.text_a) for row in rows]
    with pytest.raises(DataError, match="no labelled pair in language 'sw'"):
        read_split("xnli_release_tsv", [path], language="sw", labels=LABELS)
