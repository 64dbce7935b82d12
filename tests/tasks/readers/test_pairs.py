from pathlib import Path

import pytest

from tasks.errors import DataError
from tasks.readers import read_split
from tasks.readers.pairs import premise_units

LABELS = ("entailment", "neutral", "contradiction")


def write(path: Path, *lines: str) -> Path:
    path.write_text("".join(f"{line}\r\n" for line in lines), encoding="utf-8", newline="")
    return path


@pytest.mark.parametrize(
    ("units", "premises"),
    [
        ([0, 0, 0, 1, 1, 1], "aaabbb"),
        ([0, 0, 0, 1, 1, 1], "aaaaaa"),
        ([0, 0, 1, 1, 1], "aabbb"),
        ([0, 1, 2], "aba"),
        ([0, 0, 0, 0, 1], "aaaab"),
    ],
    ids=["threes", "two premises translated alike", "no threes", "no premise twice in a row", "four of one"],
)
def test_premises_are_numbered(units: list[int], premises: str) -> None:
    assert units == premise_units(premises)


def test_ids_are_row_numbers_over_all_files(tmp_path: Path) -> None:
    first = write(tmp_path / "1", "p\th\tneutral", "p\ti\tentailment")
    second = write(tmp_path / "2", "q\tj\tneutral")
    rows = read_split("xtreme_pairs", [first, second], language="en", labels=LABELS).rows
    assert [("0", "0"), ("1", "0"), ("2", "1")] == [(row.id, row.unit) for row in rows]


def test_quoted_fields_are_unquoted_and_other_quotes_kept(tmp_path: Path) -> None:
    path = write(tmp_path / "1", '"He said ""no"" ."\tshe "left"\t1', "a\u2028b\tc\x85d\t0")
    rows = read_split("xtreme_paraphrases", [path], language="en", labels=("0", "1")).rows
    assert [('He said "no" .', 'she "left"'), ("a\u2028b", "c\x85d")] == [(row.text_a, row.text_b) for row in rows]


def test_each_paraphrase_is_its_own_unit(tmp_path: Path) -> None:
    path = write(tmp_path / "1", "same\ta\t1", "same\tb\t0")
    rows = read_split("xtreme_paraphrases", [path], language="en", labels=("0", "1")).rows
    assert ["0", "1"] == [row.unit for row in rows]


def test_a_quote_that_is_never_closed_is_refused(tmp_path: Path) -> None:
    """It would swallow the rest of the file as one field."""
    path = write(tmp_path / "1", "a\tb\tneutral", '"c\td\tneutral', "e\tf\tneutral")
    with pytest.raises(DataError, match="the CSV quoting is broken"):
        read_split("xtreme_pairs", [path], language="en", labels=LABELS)


def test_xtremes_own_test_files_are_refused_for_their_lack_of_labels(tmp_path: Path) -> None:
    path = write(tmp_path / "1", "premise\thypothesis")
    with pytest.raises(DataError, match="line 1: 2 columns where 3 belong; XTREME's scripts strip the labels"):
        read_split("xtreme_pairs", [path], language="en", labels=LABELS)
