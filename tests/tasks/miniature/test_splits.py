"""Splits share no sentence, whatever their seeds, and text for pretraining holds none of a validation or test split."""

import re
from collections.abc import Iterator

import pytest

from tasks.miniature import LANGUAGES, generate, parallel, text
from tasks.miniature.generators import task_generators
from tasks.rows import BitextSentence, MultipleChoice, Row, SentencePair, SpanQuestion, TaggedSentence

TARGETS = [
    ("mini-mnli", "mini-xnli"),
    ("mini-squad", "mini-xquad"),
    ("mini-squad", "mini-mlqa"),
    ("mini-udpos", "mini-udpos"),
    ("mini-panx", "mini-panx"),
    ("mini-pawsx", "mini-pawsx"),
    ("mini-tydiqa", "mini-tydiqa"),
]
GENERATORS = sorted(task_generators().items())
ENDS = re.compile(r"(?<=[.?。？])\s*")  # noqa: RUF001


def sentences(passage: str) -> list[str]:
    return [sentence for sentence in ENDS.split(passage) if sentence]


def passages(row: Row) -> Iterator[str]:
    match row:
        case SentencePair():
            yield from (row.text_a, row.text_b)
        case SpanQuestion():
            yield from (row.context, row.question)
        case MultipleChoice():
            *whole, last = sentences(row.prompt)
            yield from whole
            if last[-1] in ".?。？":  # noqa: RUF001
                yield last
                yield from (choice for choice in row.choices if choice[-1] in ".。")
            else:  # a sentence that the choices end
                space = " " if " " in row.choices[0] else ""
                yield from (last + space + choice for choice in row.choices)
        case TaggedSentence():
            yield " ".join(row.tokens[:-1]) + row.tokens[-1]
        case BitextSentence():
            yield row.text
        case _:
            raise AssertionError(row)


def all_sentences(rows: list[Row]) -> set[str]:
    return {sentence for row in rows for passage in passages(row) for sentence in sentences(passage)}


def scored(language: str, split: str, seed: int) -> set[str]:
    """All sentences of all tasks of a validation or test split in a language."""
    found: set[str] = set()
    for name, task in task_generators().items():
        if split in task.splits and language in task.languages_of(split):
            found |= all_sentences(generate(name, split, language, rows=300, seed=seed))
    return found


def hidden_sentences(language: str) -> set[str]:
    """Those of validation and test splits in another language than English."""
    return scored(language, "test", 0) | scored(language, "validation", 0)


@pytest.fixture(scope="module")
def english() -> dict[str, set[str]]:
    """English sentences of every split, of two seeds."""
    names = task_generators()
    train = [
        generate(name, "train", "en", rows=600, seed=seed)
        for name, task in names.items()
        if "train" in task.splits
        for seed in (0, 3)
    ]
    return {
        "train": set().union(*(all_sentences(rows) for rows in train)),
        "validation": scored("en", "validation", 0) | scored("en", "validation", 5),
        "test": scored("en", "test", 0) | scored("en", "test", 6),
    }


def test_splits_share_no_sentence(english: dict[str, set[str]]) -> None:
    assert all(len(found) > 700 for found in english.values())
    assert set() == english["train"] & english["validation"]
    assert set() == english["train"] & english["test"]
    assert set() == english["validation"] & english["test"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_text_holds_no_scored_sentence(language: str, english: dict[str, set[str]]) -> None:
    """As a substring too: a test sentence may not come up in the middle of another."""
    hidden = english["validation"] | english["test"] if language == "en" else hidden_sentences(language)
    assert 500 < len(hidden)
    corpus = "\n".join(text(language, lines=1500) + text(language, lines=1500, seed=4)).lower()
    assert [] == sorted(sentence for sentence in hidden if sentence[:-1].lower() in corpus)


@pytest.mark.parametrize("language", LANGUAGES[1:])
def test_parallel_text_holds_no_scored_sentence(language: str, english: dict[str, set[str]]) -> None:
    pairs = parallel(language, lines=2000)
    ours, foreign = ("\n".join(side).lower() for side in zip(*pairs, strict=True))
    assert [] == sorted(each for each in english["validation"] | english["test"] if each[:-1].lower() in ours)
    assert [] == sorted(each for each in hidden_sentences(language) if each[:-1].lower() in foreign)


@pytest.mark.parametrize("language", LANGUAGES[1:])
def test_translated_training_rows_hold_no_scored_sentence(language: str) -> None:
    train = set().union(
        *(all_sentences(generate(name, "train", language, rows=600)) for name, task in GENERATORS if task.translated)
    )
    assert 700 < len(train)
    assert set() == train & hidden_sentences(language)
    assert set() == scored(language, "validation", 0) & scored(language, "test", 0)


@pytest.mark.parametrize(("source", "target"), TARGETS)
def test_no_test_item_is_a_training_item(source: str, target: str) -> None:
    train = {row.texts() for row in generate(source, "train", "en", rows=1200)}
    test = {row.texts() for row in generate(target, "test", "en", rows=600)}
    assert set() == train & test


@pytest.mark.parametrize("name", [name for name, task in GENERATORS if task.corpus is None])
def test_ids_and_items_are_unique(name: str) -> None:
    task = task_generators()[name]
    for split in task.splits:
        rows = generate(name, split, task.languages_of(split)[-1], rows=600)
        assert 600 == len({row.id for row in rows})
        items = {str({key: value for key, value in row.inputs().items() if key not in {"id", "unit"}}) for row in rows}
        assert 600 == len(items)
