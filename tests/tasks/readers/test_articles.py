"""Articles from text files and from the hub's tables, and which of them are taken."""

from __future__ import annotations

import random
from itertools import accumulate
from pathlib import Path

import pytest

from tasks.errors import DataError
from tasks.readers.articles import Article, choose, file_articles, hub_articles, text_articles
from tests.samples import write_table


def test_blank_lines_separate_articles_and_files_follow_one_another(tmp_path: Path) -> None:
    first, second = tmp_path / "1.txt", tmp_path / "2.txt"
    first.write_bytes("\ufeff\r\nEins.\r\nNoch eins.\r\n \t\r\n\r\nZwei.".encode())
    second.write_text("Drei: ein\u2028Trenner.\n", encoding="utf-8")

    found = list(text_articles([first, second]))

    assert ["Eins.\nNoch eins.", "Zwei.", "Drei: ein\u2028Trenner."] == [article.text for article in found]
    assert ["1.txt#1", "1.txt#2", "2.txt#1"] == [article.id for article in found]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "de.txt: the file is empty"),
        (b"\xef\xbb\xbf \n\n", "de.txt: the file is empty"),
        (b"gut\n\nsch\xf6n\n", "de.txt, line 3: byte 0xf6 is not UTF-8; save the file as UTF-8"),
        ("früh".encode("utf-16"), "de.txt, line 1: byte 0xff is not UTF-8"),
        (None, "de.txt: cannot be read"),
    ],
)
def test_bad_text_is_one_sentence_with_file_and_line(tmp_path: Path, content: bytes | None, message: str) -> None:
    path = tmp_path / "de.txt"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(DataError) as caught:
        list(text_articles([path]))
    assert message in str(caught.value)


def test_tables_of_the_hub_have_ids_and_texts(tmp_path: Path) -> None:
    rows = [{"id": "12", "url": "u", "title": "A", "text": " A is a letter.\n\nIt is. "}, {"id": "13", "text": " "}]
    path = write_table(tmp_path / "0.parquet", [{"id": row["id"], "text": row["text"]} for row in rows])

    assert [Article(id="12", text="A is a letter.\n\nIt is.")] == list(hub_articles([path]))
    bad = write_table(tmp_path / "1.parquet", [{"id": "1", "body": "x"}])
    with pytest.raises(DataError, match=r"1.parquet, row 1: no 'text' among id, body"):
        list(hub_articles([bad]))


def test_tables_may_call_ids_and_texts_otherwise(tmp_path: Path) -> None:
    path = write_table(tmp_path / "0.parquet", [{"url": "u1", "code": "def f():\n  pass", "tokens": "x", "text": "no"}])

    assert [Article(id="u1", text="def f():\n  pass")] == list(hub_articles([path], "url", "code"))
    with pytest.raises(DataError, match=r"0.parquet, row 1: no 'body' among url, code, tokens, text"):
        list(hub_articles([path], "url", "body"))


def test_files_are_documents_as_they_are_wherever_they_lie(tmp_path: Path) -> None:
    text = "def f():\n\n    return 1\n"
    found = []
    for place in ("here", "there"):
        folder = tmp_path / place
        folder.mkdir()
        (folder / "a.py").write_text(text)
        (folder / "empty.py").write_text("\n")
        found.append(list(file_articles([folder / "a.py", folder / "empty.py"])))

    assert found[0] == found[1]
    (article,) = found[0]
    assert text.rstrip("\n") == article.text
    (tmp_path / "bad.py").write_bytes(b"x\n\xff")
    with pytest.raises(DataError, match=r"bad.py, line 2: byte 0xff is not UTF-8"):
        list(file_articles([tmp_path / "bad.py"]))


def test_the_first_by_a_hash_are_taken_whatever_order_they_come_in() -> None:
    draw = random.Random(3)
    articles = [Article(id=str(number), text="x" * draw.randint(1, 40)) for number in range(200)]
    whole = choose(articles, None, where="x")
    order = [article.id for article in whole.articles]
    assert order != [article.id for article in articles]

    for most in (60, 500, 1500):
        chosen = choose(draw.sample(articles, len(articles)), most, where="x").articles
        fits = sum(total <= most for total in accumulate(len(article.text) for article in whole.articles))
        assert order[:fits] == [article.id for article in chosen]

    assert (200, sum(len(article.text) for article in articles)) == (whole.read, whole.characters_read)


def test_one_article_is_taken_however_long_it_is() -> None:
    articles = [Article(id=str(number), text="x" * 50) for number in range(9)]
    assert 1 == len(choose(articles, 10, where="x").articles)
    with pytest.raises(DataError, match="there is no article"):
        choose([], 10, where="x")
