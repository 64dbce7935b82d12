"""UDPOS from treebanks: what is written as one word is one token, tagged as XTREME's conversion tags it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tasks.errors import DataError
from tasks.readers import read_split
from tasks.readers.base import ReadResult
from tests.samples import UPOS

#: Number, form, tag, head, and what the enhanced graph says.
Word = tuple[str, str, str, str, str]


def treebank(tmp_path: Path, *sentences: list[Word], language: str = "xx") -> ReadResult:
    text = ""
    for sentence in sentences:
        for number, form, tag, head, enhanced in sentence:
            text += f"{number}\t{form}\t_\t{tag}\t_\t_\t{head}\t_\t{enhanced}\t_\n"
        text += "\n"
    path = tmp_path / f"{language}_x-ud-train.conllu"
    path.write_text(text, encoding="utf-8")
    return read_split("conllu", [path], language=language, labels=UPOS)


def only(result: ReadResult) -> list[tuple[str, str]]:
    (row,) = result.rows
    return list(zip(row.tokens, row.tags, strict=True))  # type: ignore[attr-defined]


def span(form: str, first: int = 1, last: int = 2) -> Word:
    return (f"{first}-{last}", form, "_", "_", "_")


@pytest.mark.parametrize(
    ("heads", "tag"),
    [
        (("2", "3"), "DET"),  # the second stands above the first
        (("3", "1"), "ADP"),
        (("3", "3"), "ADP"),  # as high as each other: ADP comes before DET
    ],
)
def test_the_highest_part_gives_the_tag(tmp_path: Path, heads: tuple[str, str], tag: str) -> None:
    words = [span("della"), ("1", "di", "ADP", heads[0], "_"), ("2", "la", "DET", heads[1], "_")]
    found = treebank(tmp_path, [*words, ("3", "casa", "NOUN", "0", "_")])
    assert [("della", tag), ("casa", "NOUN")] == only(found)
    assert {"words_fused": 1} == found.mended


def test_the_enhanced_graph_counts_with_the_basic_one(tmp_path: Path) -> None:
    """The verb of the first two is as high as its pronoun in the basic graph; an enhanced edge puts it lower."""
    verb: Word = ("1", "dar", "VERB", "3", "3:xcomp|4:conj")
    rest: list[Word] = [("2", "se", "PRON", "3", "3:obj"), ("3", "quiere", "VERB", "0", "_"), ("4", "y", "X", "3", "_")]
    assert ("darse", "PRON") == only(treebank(tmp_path, [span("darse"), verb, *rest]))[0]
    basic: Word = ("1", "dar", "VERB", "3", "_")
    assert ("darse", "VERB") == only(treebank(tmp_path, [span("darse"), basic, *rest]))[0]


@pytest.mark.parametrize(("language", "tag"), [("xx", "NOUN"), ("es", "ADP"), ("fr", "NOUN"), ("it", "ADP")])
def test_languages_have_an_order_of_tags_of_their_own(tmp_path: Path, language: str, tag: str) -> None:
    """It is the file's name that says the language, whatever language is asked for."""
    words: list[Word] = [("1", "a", "NOUN", "3", "_"), ("2", "b", "ADP", "3", "_"), ("3", "c", "VERB", "0", "_")]
    assert ("ab", tag) == only(treebank(tmp_path, [span("ab"), *words], language=language))[0]


def test_empty_nodes_spaces_and_joiners_go(tmp_path: Path) -> None:
    words: list[Word] = [
        ("1", "20 000", "NUM", "2", "_"),
        ("1.1", "ghost", "VERB", "_", "_"),
        ("2", "ab\u200ccd", "NOUN", "0", "_"),
    ]
    assert [("20000", "NUM"), ("abcd", "NOUN")] == only(treebank(tmp_path, words))


def test_sentences_of_unknown_words_are_left_out_and_counted(tmp_path: Path) -> None:
    known: list[Word] = [("1", "cat", "NOUN", "2", "_"), ("2", "sat", "VERB", "0", "_")]
    unknown: list[Word] = [("1", "_", "X", "2", "_"), ("2", "sat", "VERB", "0", "_")]
    found = treebank(tmp_path, known, unknown)
    assert [("cat", "NOUN"), ("sat", "VERB")] == only(found)
    assert {"sentences_of_unknown_words": 1} == found.mended


@pytest.mark.parametrize(
    ("word", "message"),
    [
        (("one", "cat", "NOUN", "0", "_"), "line 3: 'one' is no number of a word"),
        (("2-x", "cat", "_", "_", "_"), "line 3: '2-x' is no number of a word"),
        (("1", "cat", "NOON", "0", "_"), "line 3: unknown label 'NOON'; use one of .*mean 'NOUN'"),
        (span("cats", 1, 2), "line 3: 'cats' is written for words 1 to 2, which are not all there"),
        (("1", "dog", "NOUN", "0", "_"), "line 2: word 1 has come before in its sentence"),
        (span("cats", 2, 1), "line 3: 'cats' is written for words 2 to 1, which are not all there"),
    ],
)
def test_broken_treebanks_are_refused_with_their_line(tmp_path: Path, word: Word, message: str) -> None:
    first: list[Word] = [("1", "cat", "NOUN", "0", "_")]
    with pytest.raises(DataError, match=message):
        treebank(tmp_path, *([[*first, word]] if "line 2" in message else [first, [word]]))
