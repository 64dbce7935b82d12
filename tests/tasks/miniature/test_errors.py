"""What cannot be made is refused in one sentence."""

import pytest

from tasks.errors import UserError
from tasks.miniature import generate, parallel, text


@pytest.mark.parametrize(
    ("task", "split", "language", "rows", "where"),
    [
        ("mini-nothing", "train", "en", 10, "task"),
        ("mini-mnli", "test", "en", 10, "split"),
        ("mini-xnli", "train", "en", 10, "split"),
        ("mini-udpos", "train", "qaa", 10, "language"),
        ("mini-mnli", "validation", "qaa", 10, "language"),
        ("mini-bucc", "validation", "en", 10, "language"),
        ("mini-bucc", "train", "qaa", 10, "split"),
        ("mini-bucc", "test", "qaa", 11, "rows"),
        ("mini-xnli", "test", "de", 10, "language"),
        ("mini-tatoeba", "test", "en", 10, "language"),
        ("mini-tatoeba", "test", "qaa", 11, "rows"),
        ("mini-mnli", "train", "en", -1, "rows"),
    ],
)
def test_rows_that_do_not_exist(task: str, split: str, language: str, rows: int, where: str) -> None:
    with pytest.raises(UserError) as caught:
        generate(task, split, language, rows=rows)
    assert where == caught.value.where
    assert caught.value.remedy


def test_a_world_that_is_used_up() -> None:
    """The validation split's part of the world has some 1,700 different rows."""
    with pytest.raises(UserError, match=r"no more than 1\d{3} different rows in validation"):
        generate("mini-mnli", "validation", "en", rows=3000)


def test_corpora_of_a_world_that_is_used_up() -> None:
    assert 400 == len(generate("mini-bucc", "test", "qaa", rows=400))
    with pytest.raises(UserError, match="has not so many rows in test"):
        generate("mini-bucc", "test", "qaa", rows=400, patience=1)


def test_no_rows_and_no_lines() -> None:
    assert [] == generate("mini-mnli", "train", "en", rows=0)
    assert [] == generate("mini-bucc", "test", "qaa", rows=0)
    assert [] == text("en", lines=0)
    assert [] == parallel("qaa", lines=0)


def test_text_that_does_not_exist() -> None:
    with pytest.raises(UserError, match="no language 'xx'"):
        text("xx", lines=1)
    with pytest.raises(UserError, match="into itself"):
        parallel("en", lines=1)
    with pytest.raises(UserError, match="-1 lines"):
        text("en", lines=-1)
    with pytest.raises(UserError, match="-1 lines"):
        parallel("qaa", lines=-1)
