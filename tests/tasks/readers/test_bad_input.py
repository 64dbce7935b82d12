"""Bad input, one kind after the other, given to every reader: one sentence with file and line, and nothing else raised.

Each reader reads the sample of its format (``tests/samples.py``) in which one thing was broken. What is broken follows
from the format: named values of tables, of JSON lines and of Parquet files are taken out or made another kind one by
one, so that no column of no reader is forgotten.
"""

from __future__ import annotations

import csv
import io
import itertools
import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from pyarrow import ArrowException

from tasks.errors import DataError
from tasks.readers import READERS, ReadResult, read_split
from tasks.readers.placeholders import refuse_unanswered
from tests.samples import CATEGORIES, NER, NLI, QQP, UPOS, WRITERS, read_table, write, write_table

LABELS: dict[str, tuple[str, ...]] = {
    "xtreme_paraphrases": ("0", "1"),
    "pawsx_release_tsv": ("0", "1"),
    "hub_pawsx": ("0", "1"),
    "glue_qqp_tsv": QQP,
    "hub_qqp": QQP,
    "udpos_tsv": UPOS,
    "conllu": UPOS,
    "hub_udpos": UPOS,
    "panx_tsv": NER,
    "wikiann_files": NER,
    "hub_tags": NER,
    "ccg_tsv": CATEGORIES,
}
#: Tables with a header, and what parts their fields.
HEADED = {
    "xnli_mt_tsv": "\t",
    "xnli_release_tsv": "\t",
    "pawsx_release_tsv": "\t",
    "taxinli_tsv": "\t",
    "glue_mnli_tsv": "\t",
    "glue_qqp_tsv": "\t",
    "anli_analysis_csv": ",",
    "cosmosqa_csv": ",",
}
#: Tables without one, and how many columns.
HEADLESS = {
    "xtreme_pairs": 3,
    "xtreme_paraphrases": 3,
    "xtreme_nli_train": 3,
    "xtreme_translated_pairs": 5,
    "ccg_tsv": 2,
    "udpos_tsv": 2,
    "panx_tsv": 2,
    "wikiann_files": 2,
    "conllu": 10,
}
JSON_LINES = ("nli_jsonl", "anli_jsonl", "commonsenseqa_jsonl", "hellaswag_jsonl")
SQUAD = ("squad_json", "squad_translated_json", "tydiqa_json", "tydiqa_train_json")
ALIGNED = ("tatoeba_pair", "bucc_files")
PARQUET = tuple(sorted(name for name in WRITERS if name.startswith("hub_")))
TEXT = (*HEADED, *HEADLESS, *JSON_LINES, *SQUAD, *ALIGNED)
#: Numbers of their own that identify rows; of all other formats the row's place does.
WITH_IDS = {
    "anli_jsonl": "uid",
    "anli_analysis_csv": "uid",
    "hub_anli": "uid",
    "commonsenseqa_jsonl": "id",
    "hub_commonsenseqa": "id",
    "hellaswag_jsonl": "ind",
    "hub_hellaswag": "ind",
    "cosmosqa_csv": "id",
    "hub_cosmosqa": "id",
    "hub_squad": "id",
}
#: Values that no field, or hardly one, may have.
ODD: tuple[Any, ...] = (None, True, 7, -5, 2.5, "", "x", [], {}, [None], ["x"], [[0, 0]], {"text": ["x"]}, {"text": 0})


NOT_WRITTEN = (ArrowException, TypeError, ValueError, NotImplementedError)


def labels_of(name: str) -> tuple[str, ...]:
    return LABELS.get(name, NLI if name in READERS and "squad" not in name and "tydiqa" not in name else ())


def sample(name: str, folder: Path) -> list[Path]:
    return write(name, folder / "sample", "de" if "bucc" in name else "en")


def read(name: str, paths: list[Path]) -> ReadResult:
    form = "hub_tags" if name == "hub_udpos" else name
    return read_split(form, paths, language="de" if "bucc" in name else "en", labels=labels_of(name))


def refused(name: str, paths: list[Path], at: str | None = None) -> str:
    """The sentence in which a reader refuses files; it names one of them, and where."""
    with pytest.raises(DataError) as caught:
        read(name, paths)
    return checked(caught.value, paths, at)


def outcome(name: str, paths: list[Path]) -> ReadResult | str:
    """The rows, or the sentence of refusal."""
    try:
        return read(name, paths)
    except DataError as error:
        return checked(error, paths)


def checked(error: DataError, paths: list[Path], at: str | None = None) -> str:
    sentence = str(error)
    assert "\n" not in sentence
    assert any(str(path) in (error.where or "") for path in paths), sentence
    assert at is None or re.search(at, error.where or ""), sentence
    return sentence


def test_every_reader_is_tried_here() -> None:
    assert set(READERS) == set(WRITERS) - {"hub_udpos"}
    assert set(WRITERS) == {*TEXT, *PARQUET}


@pytest.mark.parametrize("name", sorted(WRITERS))
def test_the_sample_is_read(tmp_path: Path, name: str) -> None:
    assert read(name, sample(name, tmp_path)).rows


# -- bytes -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", TEXT)
def test_a_byte_order_mark_and_mixed_line_ends_change_nothing(tmp_path: Path, name: str) -> None:
    paths = sample(name, tmp_path)
    plain = read(name, paths)
    for path in paths:
        lines = path.read_bytes().replace(b"\r\n", b"\n").split(b"\n")
        ends = (b"\r\n", b"\n")
        mixed = b"".join(line + ends[number % 2] for number, line in enumerate(lines[:-1])) + lines[-1]
        path.write_bytes(b"\xef\xbb\xbf" + mixed.rstrip(b"\r\n"))
    assert plain == read(name, paths)


@pytest.mark.parametrize("name", TEXT)
@pytest.mark.parametrize("place", [0, -1])
def test_bytes_that_are_not_utf8_are_refused(tmp_path: Path, name: str, place: int) -> None:
    """In whichever of its files; the line is that of the byte."""
    paths = sample(name, tmp_path)
    raw = paths[place].read_bytes()
    end = raw.rstrip(b"\n").rfind(b"\n") + 1
    paths[place].write_bytes(raw[:end] + b"\xff" + raw[end:])
    line = raw[:end].count(b"\n") + 1
    assert "byte 0xff is not UTF-8" in refused(name, paths, rf"line {line}$")


@pytest.mark.parametrize("name", sorted(WRITERS))
def test_an_empty_file_is_refused(tmp_path: Path, name: str) -> None:
    empty = (b"",) if name in PARQUET else (b"", b"\n\n", b"\xef\xbb\xbf")
    files = len(sample(name, tmp_path))
    assert files
    for number, content in itertools.product(range(files), empty):
        paths = sample(name, tmp_path)
        paths[number].write_bytes(content)
        assert re.search("is empty|not a whole Parquet file", refused(name, paths))


@pytest.mark.parametrize("name", sorted(WRITERS))
def test_a_file_of_something_else_is_refused(tmp_path: Path, name: str) -> None:
    paths = sample(name, tmp_path)
    paths[0].write_text("<!DOCTYPE html>\n<p>404: not\tfound</p>\n")
    refused(name, paths)


@pytest.mark.parametrize("name", sorted(WRITERS))
def test_a_missing_file_is_refused(tmp_path: Path, name: str) -> None:
    paths = sample(name, tmp_path)
    paths[-1].unlink()
    assert "no such file" in refused(name, paths)


@pytest.mark.parametrize("name", [*SQUAD, *JSON_LINES, *PARQUET])
def test_a_file_that_is_cut_short_is_refused(tmp_path: Path, name: str) -> None:
    paths = sample(name, tmp_path)
    raw = paths[-1].read_bytes()
    paths[-1].write_bytes(raw[: len(raw) - 20])
    assert re.search("not JSON|not a whole Parquet file", refused(name, paths))


# -- named values ------------------------------------------------------------------------------------------------------

Rows = list[dict[str, Any]]


def load(name: str, path: Path) -> Rows:
    if name in PARQUET:
        return read_table(path)[0]
    if name in JSON_LINES:
        return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    if name in SQUAD:
        return [
            {"context": paragraph["context"], **question}
            for article in json.loads(path.read_text(encoding="utf-8"))["data"]
            for paragraph in article["paragraphs"]
            for question in paragraph["qas"]
        ]
    header, *rows = csv.reader(io.StringIO(path.read_text(encoding="utf-8")), **_form(name))
    return [dict(zip(header, row, strict=False)) for row in rows]


def save(name: str, path: Path, rows: Rows) -> None:
    if name in PARQUET:
        write_table(path.with_suffix(".new"), rows, read_table(path)[1]).replace(path)
    elif name in JSON_LINES:
        path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    elif name in SQUAD:
        paragraphs = [
            {**{key: row[key] for key in row if key == "context"}, "qas": [{k: row[k] for k in row if k != "context"}]}
            for row in rows
        ]
        path.write_text(json.dumps({"data": [{"title": "T", "paragraphs": paragraphs}]}), encoding="utf-8")
    else:
        out = io.StringIO()
        writer = csv.writer(out, lineterminator="\n", **_form(name))
        writer.writerow(max(rows, key=len))
        writer.writerows(row.values() for row in rows)
        path.write_text(out.getvalue(), encoding="utf-8")


def _form(name: str) -> dict[str, Any]:
    plain = HEADED[name] == "\t" and name != "taxinli_tsv"
    quoting = {"quoting": csv.QUOTE_NONE, "quotechar": None} if plain else {}
    return {"delimiter": HEADED[name], **quoting}


NAMED = (*HEADED, *JSON_LINES, *SQUAD, *PARQUET)


@pytest.mark.parametrize("name", NAMED)
def test_a_missing_column_is_named_if_it_is_read(tmp_path: Path, name: str) -> None:
    """Every column in turn. One that is passed over changes nothing."""
    paths = sample(name, tmp_path)
    good, rows = read(name, paths), load(name, paths[-1])
    needed = set()
    for column in max(rows, key=len):
        save(name, paths[-1], [{key: row[key] for key in row if key != column} for row in rows])
        found = outcome(name, paths)
        if isinstance(found, str):
            assert repr(column) in found
            needed.add(column)
        else:
            assert good == found, f"{column} can be missing, and then the rows are others"
        save(name, paths[-1], rows)
    assert len(needed) >= 2, needed


@pytest.mark.parametrize("name", [*JSON_LINES, *SQUAD, *PARQUET])
def test_values_of_another_kind_are_refused_or_counted(tmp_path: Path, name: str) -> None:
    """Every value of a row in turn is made something else. No reader raises anything but its sentence, and none makes
    a text of what is none.
    """
    paths = sample(name, tmp_path)
    rows = load(name, paths[-1])
    assert rows[-1]
    for column in rows[-1]:
        for odd in ODD:
            changed = [*rows[:-1], rows[-1] | {column: odd}]
            try:
                save(name, paths[-1], changed)
            except NOT_WRITTEN:  # no Parquet file can hold such a column
                changed = [row | {column: odd} for row in rows]
                try:
                    save(name, paths[-1], changed)
                except NOT_WRITTEN:
                    continue
            found = outcome(name, paths)
            assert isinstance(found, str) or "None" not in repr([row.texts() for row in found.rows]), (column, odd)
    save(name, paths[-1], rows)


@pytest.mark.parametrize("name", sorted(WITH_IDS))
def test_ids_that_repeat_are_refused(tmp_path: Path, name: str) -> None:
    paths = sample(name, tmp_path)
    rows = load(name, paths[-1])
    save(name, paths[-1], [*rows, rows[0]])
    assert re.search("1 ids repeat, the first '", refused(name, paths))


# -- labels ------------------------------------------------------------------------------------------------------------


def _label_column(rows: Rows) -> str | None:
    known = ("label", "gold_label", "answerKey", "is_duplicate", "ner_tags", "pos_tags")
    return next((column for column in known if column in rows[0]), None)


LABELLED = [name for name in NAMED if name not in SQUAD and not re.search("squad|tydiqa|tatoeba|bucc", name)]


@pytest.mark.parametrize("name", LABELLED)
def test_a_wrong_label_is_refused_with_its_place(tmp_path: Path, name: str) -> None:
    paths = sample(name, tmp_path)
    rows = load(name, paths[-1])
    column = _label_column(rows)
    assert column is not None
    value = rows[-1][column]
    wrong: Any = {str: "Z", int: 17}.get(type(value), [17] * len(value) if isinstance(value, list) else "Z")
    save(name, paths[-1], [*rows[:-1], rows[-1] | {column: wrong}])
    last = len(rows) + (name in HEADED) + sum(str(text).count("\n") for row in rows for text in row.values())
    sentence = refused(name, paths, rf"(line|row) ({last}|{len(rows)})$")
    assert re.search(r"unknown label '?(Z|17)", sentence)


@pytest.mark.parametrize("name", sorted(set(HEADLESS) - {"ccg_tsv"}))
def test_a_wrong_label_of_a_table_without_a_header_is_refused(tmp_path: Path, name: str) -> None:
    paths = sample(name, tmp_path)
    lines = paths[0].read_text(encoding="utf-8").splitlines()
    number = next(number for number, line in enumerate(lines) if line.count("\t") == HEADLESS[name] - 1)
    fields = lines[number].split("\t")
    place = 3 if name == "conllu" else HEADLESS[name] - 1
    fields[place] = "Z"
    lines[number] = "\t".join(fields)
    paths[0].write_text("\n".join(lines), encoding="utf-8")
    assert "unknown label 'Z'" in refused(name, paths, rf"line {number + 1}$")


@pytest.mark.parametrize("name", sorted(HEADLESS))
@pytest.mark.parametrize("more", [-1, 1])
def test_too_few_or_many_columns_are_refused(tmp_path: Path, name: str, more: int) -> None:
    paths = sample(name, tmp_path)
    lines = paths[0].read_text(encoding="utf-8").splitlines()
    number = next(number for number, line in enumerate(lines) if line.count("\t") == HEADLESS[name] - 1)
    lines[number] = lines[number] + "\tx" if more == 1 else lines[number].rpartition("\t")[0]
    paths[0].write_text("\n".join(lines), encoding="utf-8")
    found = HEADLESS[name] + more
    columns = "1 column" if found == 1 else f"{found} columns"
    assert f"{columns} where {HEADLESS[name]} belong" in refused(name, paths, rf"line {number + 1}$")


# -- answers, partners, languages ------------------------------------------------------------------------------------


def _first_answer(rows: Rows, text: str) -> Rows:
    answers = rows[0]["answers"]
    told = {"text": [text], "answer_start": [2]} if isinstance(answers, dict) else [{"text": text, "answer_start": 2}]
    return [rows[0] | {"answers": told}, *rows[1:]]


QUESTIONS = (*SQUAD, *(name for name in PARQUET if re.search("squad|tydiqa", name)))


@pytest.mark.parametrize("name", QUESTIONS)
def test_gold_without_text_is_refused(tmp_path: Path, name: str) -> None:
    paths = sample(name, tmp_path)
    for blank in ("", " \n"):
        save(name, paths[0], _first_answer(load(name, paths[0]), blank))
        assert "an empty answer" in refused(name, paths, r"question '.*a'|row 1$")


@pytest.mark.parametrize("name", QUESTIONS)
def test_a_question_without_gold_is_refused_or_dropped_and_counted(tmp_path: Path, name: str) -> None:
    """A file marks questions that have no answer; a table cannot, and only its task can say that it has none such."""
    paths = sample(name, tmp_path)
    rows = load(name, paths[0])
    empty = {"text": [], "answer_start": []} if isinstance(rows[0]["answers"], dict) else []
    save(name, paths[0], [rows[0] | {"answers": empty}, *rows[1:]])
    if name == "squad_json":
        assert "no answer, and not marked 'is_impossible'" in refused(name, paths, "question 'a'")
    elif name in SQUAD:
        assert 1 == read(name, paths).mended["rows_dropped"]
    else:
        found = read(name, paths).rows
        refuse_unanswered(found, "squad_v2", "table")
        for metric in ("squad", "mlqa"):
            with pytest.raises(DataError, match=r"table: question '\S*a' has no answer, and its task has no questions"):
                refuse_unanswered(found, metric, "table")


@pytest.mark.parametrize("name", QUESTIONS)
def test_an_answer_outside_its_context_is_refused_or_dropped_and_counted(tmp_path: Path, name: str) -> None:
    """It is counted for the sources that are known to have lost some: TyDiQA's, and translations."""
    paths = sample(name, tmp_path)
    good = read(name, paths)
    save(name, paths[0], _first_answer(load(name, paths[0]), "elsewhere"))
    if name in {"squad_json", "hub_squad"}:
        sentence = refused(name, paths, r"question 'a'|row 1$")
        assert "the answer 'elsewhere' does not stand in its context" in sentence
    else:
        result = read(name, paths)
        assert {"answers_dropped": 1, "rows_dropped": 1}.items() <= result.mended.items()
        assert len(good.rows) - 1 == len(result.rows)


BREAKS: Mapping[str, tuple[str, Callable[[list[str]], list[str]], int, str]] = {
    "a sentence fewer": ("tatoeba_pair", lambda lines: lines[:-1], 1, "3 sentences, but 2 in"),
    "an empty sentence": ("tatoeba_pair", lambda lines: [lines[0], "", lines[2]], 0, "the line is empty"),
    "no id": ("bucc_files", lambda lines: ["no tab", *lines[1:]], 1, "not an id, a tab and a sentence"),
    "an id again": ("bucc_files", lambda lines: [*lines, lines[0]], 0, "the id 'de-000000001' has come before"),
    "a pair of an unknown id": ("bucc_files", lambda _: ["de-9\ten-000000001"], 2, "no foreign sentence 'de-9'"),
    "half a pair": ("bucc_files", lambda _: ["de-000000001"], 2, "1 column where 2 belong"),
}


@pytest.mark.parametrize("what", sorted(BREAKS))
def test_ids_and_lines_that_do_not_match_are_refused(tmp_path: Path, what: str) -> None:
    name, edit, place, message = BREAKS[what]
    paths = sample(name, tmp_path)
    lines = paths[place].read_text(encoding="utf-8").splitlines()
    paths[place].write_text("\n".join(edit(lines)) + "\n", encoding="utf-8")
    assert message in refused(name, paths)


#: Formats of which one file holds several languages.
IN_ONE_FILE = ("xnli_release_tsv", "tydiqa_json", "tydiqa_train_json", "hub_tydiqa", "hub_tydiqa_train")


@pytest.mark.parametrize("name", IN_ONE_FILE)
def test_a_language_that_is_not_in_the_file_is_refused(tmp_path: Path, name: str) -> None:
    paths = sample(name, tmp_path)
    with pytest.raises(DataError, match="in language 'sw'") as caught:
        read_split(name, paths, language="sw", labels=labels_of(name))
    assert "'sw'" in checked(caught.value, paths)
