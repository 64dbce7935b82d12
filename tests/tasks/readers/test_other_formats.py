"""CommonsenseQA, tagged sentences, Tatoeba."""

import csv
import json
from pathlib import Path

import pytest

from tasks.errors import DataError
from tasks.readers import read_split

UPOS = ("NOUN", "VERB", "SYM", "X")


def choice_line(name: str = "q", **extra: str) -> str:
    choices = [{"label": letter, "text": text} for letter, text in (("A", "dog"), ("B", "cat"))]
    return json.dumps({"id": name, "question": {"stem": "who", "choices": choices}, **extra})


def write(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8", newline="")
    return path


def test_commonsenseqa_letters_become_indices(tmp_path: Path) -> None:
    path = write(tmp_path / "1", choice_line("a", answerKey="B") + "\n" + choice_line("b", answerKey="") + "\n")
    rows = read_split("commonsenseqa_jsonl", [path], language="en", labels=()).rows
    assert [("a", "who", ("dog", "cat"), 1), ("b", "who", ("dog", "cat"), None)] == [
        (row.id, row.prompt, row.choices, row.label) for row in rows
    ]


@pytest.mark.parametrize(
    ("message", "text"),
    [
        ("line 1: no 'answerKey' among id, question; files of a test split have no answers", choice_line("a")),
        ("line 2: not JSON", choice_line("a", answerKey="A") + "\n" + choice_line("b")[:-5]),
        ("line 1: unknown label 'F'; use one of 'A', 'B'", choice_line(answerKey="F")),
        ("line 1: no 'question' among id", '{"id": "a"}'),
        ("line 1: not a JSON object", "[1]"),
        ("line 1: not a CommonsenseQA record: 'choices' is missing", '{"id": "a", "question": {"stem": "who"}}'),
        ("1 ids repeat, the first 'q'", "\n".join([choice_line(answerKey="A")] * 2)),
    ],
)
def test_broken_commonsenseqa_files_are_refused(tmp_path: Path, message: str, text: str) -> None:
    with pytest.raises(DataError, match=message):
        read_split("commonsenseqa_jsonl", [write(tmp_path / "1", text)], language="en", labels=())


def test_odd_tokens_are_kept(tmp_path: Path) -> None:
    """A lone underscore, a token with spaces, one of nothing but a space, several blank lines, no last line end."""
    path = write(tmp_path / "1", "\n_\tSYM\n10 000\tX\r\n\n\n\u00a0\tX\ncat\tNOUN")
    rows = read_split("udpos_tsv", [path], language="en", labels=UPOS).rows
    assert [(("_", "10 000"), ("SYM", "X")), (("\u00a0", "cat"), ("X", "NOUN"))] == [
        (row.tokens, row.tags) for row in rows
    ]
    assert ["0", "1"] == [row.unit for row in rows]


def test_sentences_do_not_run_over_the_end_of_a_file(tmp_path: Path) -> None:
    paths = [write(tmp_path / "1", "cat\tNOUN"), write(tmp_path / "2", "sat\tVERB")]
    assert 2 == len(read_split("udpos_tsv", paths, language="en", labels=UPOS).rows)


def test_files_without_tags_are_refused(tmp_path: Path) -> None:
    """A file with a broken line is another thing."""
    with pytest.raises(DataError, match="line 1: 1 column where 2 belong; XTREME's scripts strip the tags"):
        read_split("panx_tsv", [write(tmp_path / "1", "a\nb\n")], language="en", labels=("O",))
    with pytest.raises(DataError, match=r"line 2: 1 column where 2 belong\.$"):
        read_split("panx_tsv", [write(tmp_path / "1", "a\tO\nb\n")], language="en", labels=("O",))


def test_tatoeba_files_are_aligned_by_line(tmp_path: Path) -> None:
    paths = [write(tmp_path / "1", "die Katze\nder\u2028Hund\n"), write(tmp_path / "2", "the cat\r\nthe dog\r\n")]
    rows = read_split("tatoeba_pair", paths, language="de", labels=()).rows
    assert [
        ("foreign-0", "0", "foreign", "die Katze", ("english-0",)),
        ("foreign-1", "1", "foreign", "der\u2028Hund", ("english-1",)),
        ("english-0", "0", "english", "the cat", ("foreign-0",)),
        ("english-1", "1", "english", "the dog", ("foreign-1",)),
    ] == [(row.id, row.unit, row.side, row.text, row.partners) for row in rows]


def test_tatoeba_files_of_different_length_are_refused(tmp_path: Path) -> None:
    paths = [write(tmp_path / "1", "a\nb\n"), write(tmp_path / "2", "c\n")]
    with pytest.raises(DataError, match=r"1: 2 sentences, but 1 in .*2; the files must be aligned"):
        read_split("tatoeba_pair", paths, language="de", labels=())


def test_an_empty_line_of_tatoeba_is_named(tmp_path: Path) -> None:
    foreign, english = tmp_path / "tatoeba.deu-eng.deu", tmp_path / "tatoeba.deu-eng.eng"
    foreign.write_text("eins\n \nzwei\n", encoding="utf-8")
    english.write_text("one\n\ntwo\n", encoding="utf-8")
    with pytest.raises(DataError, match=r"tatoeba\.deu-eng\.deu, line 2: the line is empty"):
        read_split("tatoeba_pair", [foreign, english], language="de", labels=[])


def test_tatoeba_needs_two_files(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="1 files where 2 belong; name the foreign file, then the English one"):
        read_split("tatoeba_pair", [write(tmp_path / "1", "a\n")], language="de", labels=())


def test_a_passage_longer_than_the_csv_modules_own_limit_is_read(tmp_path: Path) -> None:
    path = tmp_path / "valid.csv"
    passage = "long, " * 30_000
    path.write_text(
        "id,context,question,answer0,answer1,answer2,answer3,label\n" + f'one,"{passage}",what?,a,b,c,d,2\n',
        encoding="utf-8",
    )
    before = csv.field_size_limit(131_072)  # what another reader set must not be what this one lives on
    try:
        (row,) = read_split("cosmosqa_csv", [path], language="en", labels=()).rows
    finally:
        csv.field_size_limit(before)
    assert passage.strip() in row.prompt


def test_a_hub_table_is_read_as_datasets_reads_it(tmp_path: Path) -> None:
    """Names of classes come from what the library leaves in the file, in columns of lists too."""
    datasets = pytest.importorskip("datasets")
    from tasks.readers.records import parquet

    classes = datasets.ClassLabel(names=list(UPOS))
    features = datasets.Features(
        {"words": datasets.List(datasets.Value("string")), "tags": datasets.List(classes), "kind": classes}
    )
    columns = {"words": [["a", "b"], ["c"], []], "tags": [[0, 3], [1], []], "kind": [2, 0, None]}
    path = tmp_path / "table.parquet"
    table = datasets.Dataset.from_dict(columns, features=features)
    table.to_parquet(path)
    expected = [
        {**row, "tags": classes.int2str(row["tags"]), "kind": None if row["kind"] is None else UPOS[row["kind"]]}
        for row in table
    ]

    assert expected == [record.fields for record in parquet(path)]
