import json
from pathlib import Path
from typing import Any

import pytest

from tasks.errors import DataError
from tasks.readers import read_split
from tasks.readers.squad import anchor
from tasks.rows import Answer

CONTEXT = "the cat sat, the dog sat"


def question(name: str, *answers: tuple[str, int], **extra: Any) -> dict[str, Any]:
    found = [{"text": text, "answer_start": start} for text, start in answers]
    return {"id": name, "question": "who", "answers": found, **extra}


def write(path: Path, *paragraphs: list[dict[str, Any]]) -> Path:
    articles = [{"paragraphs": [{"context": CONTEXT, "qas": questions}]} for questions in paragraphs]
    path.write_text(json.dumps({"version": "1.1", "data": articles}))
    return path


@pytest.mark.parametrize(
    ("start", "text", "offset"),
    [
        (4, "cat", 4),
        (4, "cat", 5),
        (8, "sat", 12),
        (21, "sat", 16),
        (21, "sat", 90),
        (4, "cat", -3),
        (None, "cow", 4),
        (8, "sat", 14),
    ],
)
def test_answers_are_anchored_at_the_nearest_occurrence(start: int | None, text: str, offset: int) -> None:
    assert start == anchor(CONTEXT, Answer(text=text, start=offset))


def test_units_are_paragraphs_numbered_over_articles_and_files(tmp_path: Path) -> None:
    """By their text: the same paragraph is one unit wherever it stands."""
    paths = []
    for number, names in enumerate(("ab", "c", "d")):
        paths.append(write(tmp_path / str(number), [question(name, ("cat", 4)) for name in names]))
        paths[-1].write_text(paths[-1].read_text().replace("dog", ("dog", "cow", "dog")[number]))
    rows = read_split("squad_json", paths, language="en", labels=()).rows
    assert [("a", "0"), ("b", "0"), ("c", "1"), ("d", "0")] == [(row.id, row.unit) for row in rows]


def test_answers_off_their_place_are_moved_or_dropped_and_counted(tmp_path: Path) -> None:
    path = write(
        tmp_path / "1", [question("a", ("cat", 3), ("cow", 0)), question("b", ("cow", 0)), question("c", ("dog", 17))]
    )
    result = read_split("squad_translated_json", [path], language="en", labels=())
    assert {"answers_moved": 1, "answers_dropped": 2, "rows_dropped": 1} == result.mended
    assert [("a", (Answer(text="cat", start=4),)), ("c", (Answer(text="dog", start=17),))] == [
        (row.id, row.answers) for row in result.rows
    ]


def test_an_answer_that_stands_nowhere_is_refused_where_none_is_known_to_be_lost(tmp_path: Path) -> None:
    path = write(tmp_path / "1", [question("a", ("cow", 4))])
    with pytest.raises(DataError, match=r"1, question 'a': the answer 'cow' does not stand in its context"):
        read_split("squad_json", [path], language="en", labels=())


def test_unanswerable_questions_need_no_answers_and_others_do(tmp_path: Path) -> None:
    path = write(tmp_path / "1", [question("a", is_impossible=True)])
    assert [()] == [row.answers for row in read_split("squad_json", [path], language="en", labels=()).rows]
    path = write(tmp_path / "1", [question("a", is_impossible=True), {"id": "b", "question": "who"}])
    with pytest.raises(DataError, match=r"'answers' is missing \(beside id 'b'\)"):
        read_split("squad_json", [path], language="en", labels=())


def test_repeated_ids_are_refused_but_for_tydiqa(tmp_path: Path) -> None:
    path = write(tmp_path / "1", [question("a", ("cat", 4)), question("a", ("dog", 17))])
    with pytest.raises(DataError, match="1 ids repeat, the first 'a'"):
        read_split("squad_json", [path], language="en", labels=())
    result = read_split("tydiqa_json", [path], language="en", labels=())
    assert (["a", "a-2"], {"ids_made_unique": 1}) == ([row.id for row in result.rows], result.mended)


def test_blanked_answers_are_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "1", [question("a", ("", 0))])
    with pytest.raises(DataError, match="question 'a': an empty answer; XTREME's scripts blank"):
        read_split("squad_json", [path], language="en", labels=())


def test_a_file_cut_short_is_refused_with_its_line(tmp_path: Path) -> None:
    path = write(tmp_path / "1", [question("a", ("cat", 4))])
    path.write_text(path.read_text().replace(", ", ",\n")[:-9])
    with pytest.raises(DataError, match=r"line \d+: not JSON .*; the file may be cut short"):
        read_split("squad_json", [path], language="en", labels=())


@pytest.mark.parametrize(
    ("message", "value"),
    [
        ("no 'data' list", []),
        ("no 'data' list", {"q0": "an answer"}),
        ("'paragraphs' is missing", {"data": [{}]}),
        ("'question' is missing .beside id 'a'.", {"data": [{"paragraphs": [{"context": "", "qas": [{"id": "a"}]}]}]}),
        ("no question in language 'en' in the file", {"data": []}),
        (
            "question 'a': an answer is a text and a whole number, not 'x' and '3'",
            {"data": [{"paragraphs": [{"context": "x", "qas": [question("a", ("x", "3"))]}]}]},
        ),
    ],
)
def test_other_layouts_are_refused(tmp_path: Path, message: str, value: Any) -> None:
    path = tmp_path / "1"
    path.write_text(json.dumps(value))
    with pytest.raises(DataError, match=message):
        read_split("squad_json", [path], language="en", labels=())
