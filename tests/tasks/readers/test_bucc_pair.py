"""BUCC's three files."""

from pathlib import Path

import pytest

from tasks.errors import DataError
from tasks.readers import read_split
from tasks.rows import BitextSentence
from tasks.types.bitext_mining import gold_pairs

GERMAN = "de-1\tdie Katze\nde-2\tder Hund\nde-3\twer\n"
ENGLISH = "en-1\ta dog\r\nen-2\t the\u2028cat \r\nen-3\twhat\r\n"
GOLD = "de-1\ten-2\nde-2\ten-1\n"


def read(folder: Path, german: str = GERMAN, english: str = ENGLISH, gold: str = GOLD) -> list[BitextSentence]:
    paths = []
    for end, text in (("de", german), ("en", english), ("gold", gold)):
        paths.append(folder / f"de-en.sample.{end}")
        paths[-1].write_text(text, encoding="utf-8", newline="")
    return read_split("bucc_files", paths, language="de", labels=()).rows


def test_sentences_of_both_sides_with_their_partners(tmp_path: Path) -> None:
    assert [
        ("de-1", "de-1", "foreign", "die Katze", ("en-2",)),
        ("de-2", "de-2", "foreign", "der Hund", ("en-1",)),
        ("de-3", "de-3", "foreign", "wer", ()),
        ("en-1", "de-2", "english", "a dog", ("de-2",)),
        ("en-2", "de-1", "english", "the\u2028cat", ("de-1",)),
        ("en-3", "en-3", "english", "what", ()),
    ] == [(row.id, row.unit, row.side, row.text, row.partners) for row in read(tmp_path)]


def test_sentences_linked_by_pairs_share_the_first_foreign_ones_unit(tmp_path: Path) -> None:
    """Taking a part of the corpus takes whole units: no pair may be torn."""
    rows = read(tmp_path, gold="de-3\ten-1\nde-2\ten-3\nde-2\ten-1\n")
    units = {row.id: row.unit for row in rows}
    assert {"de-1": "de-1", "de-2": "de-2", "de-3": "de-2", "en-1": "de-2", "en-2": "en-2", "en-3": "de-2"} == units
    assert {("de-3", "en-1"), ("de-2", "en-3"), ("de-2", "en-1")} == gold_pairs(rows)


def test_a_repeated_gold_pair_counts_once_and_is_told(tmp_path: Path) -> None:
    read(tmp_path, gold=GOLD + "de-1\ten-2\n")
    paths = [tmp_path / f"de-en.sample.{end}" for end in ("de", "en", "gold")]
    result = read_split("bucc_files", paths, language="de", labels=())
    assert {"gold_pairs_repeated": 1} == result.mended
    assert 2 == len(gold_pairs(result.rows))


@pytest.mark.parametrize(
    ("message", "files"),
    [
        (r"sample\.de, line 2: not an id, a tab and a sentence", {"german": "de-1\twer\nde-2 was\n"}),
        (r"sample\.en, line 2: not an id, a tab and a sentence", {"english": "en-1\twho\n\nen-2\twhat\n"}),
        (r"sample\.en, line 1: not an id, a tab and a sentence", {"english": "en-1\t \n"}),
        (r"sample\.de, line 2: the id 'de-1' has come before", {"german": "de-1\twer\nde-1\twas\n"}),
        (r"sample\.gold, line 2: there is no English sentence 'en-9'", {"gold": "de-1\ten-1\nde-2\ten-9\n"}),
        (r"sample\.gold, line 1: there is no foreign sentence 'en-1'", {"gold": "en-1\tde-1\n"}),
        (r"sample\.gold, line 1: 1 column where 2 belong", {"gold": "de-1 en-1\n"}),
        (r"sample\.gold, line 1: 3 columns where 2 belong", {"gold": "de-1\ten-1\t1\n"}),
        (r"sample\.gold: the file is empty", {"gold": ""}),
        ("1 ids repeat, the first 'de-1'", {"english": "de-1\twho\n", "gold": "de-2\tde-1\n"}),
    ],
)
def test_broken_files_are_refused(tmp_path: Path, message: str, files: dict[str, str]) -> None:
    with pytest.raises(DataError, match=message):
        read(tmp_path, **files)


def test_three_files_are_needed(tmp_path: Path) -> None:
    read(tmp_path)
    with pytest.raises(DataError, match="2 files where 3 belong; name the foreign file, then the English one, then"):
        read_split("bucc_files", sorted(tmp_path.iterdir())[:2], language="de", labels=())
