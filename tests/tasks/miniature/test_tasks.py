"""Rows of each task: answers exact, labels balanced, parallel where they should be."""

from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import yaml

from tasks.miniature import LANGUAGES, generate
from tasks.miniature.clauses import Tag
from tasks.miniature.generators import task_generators
from tasks.miniature.languages import grammar
from tasks.types import task_type

SPECS = {
    path.stem: yaml.safe_load(path.read_text(encoding="utf-8"))
    for path in sorted((Path(__file__).resolve().parents[3] / "tasks").glob("*/mini-*.yaml"))
    if path.parent.name in {"intermediate", "target"}
}
NLI = ("entailment", "neutral", "contradiction")


def test_every_generator_has_a_spec_and_the_other_way_round() -> None:
    assert sorted(task_generators()) == sorted(SPECS)


@pytest.mark.parametrize("spec", SPECS.values(), ids=SPECS)
def test_spec_and_generator_agree(spec: dict[str, Any]) -> None:
    task = task_generators()[spec["name"]]
    rows_of_type = task_type(spec["type"]).row_class
    assert set(spec["splits"]) == set(task.splits)
    assert all(split["generator"] == "miniature" for split in spec["splits"].values())
    assert spec["parallel"] is task.parallel
    assert spec["languages"] == (list(task.languages) if "test" in task.splits else ["en"])
    for name, split in spec["splits"].items():
        rows = generate(spec["name"], name, spec["languages"][0], rows=split["rows"])
        assert {rows_of_type} == {type(row) for row in rows}
        assert split["rows"] == len(rows)


@pytest.mark.parametrize(
    ("name", "split"), [("mini-mnli", "train"), ("mini-mnli", "validation"), ("mini-xnli", "test")]
)
def test_nli_labels_are_balanced(name: str, split: str) -> None:
    rows = generate(name, split, "en", rows=600)
    assert dict.fromkeys(NLI, 200) == Counter(row.label for row in rows)
    units = Counter(row.unit for row in rows)
    assert {3} == set(units.values())


def test_nli_places_are_balanced() -> None:
    """No label is always first among the rows of a premise."""
    rows = generate("mini-mnli", "train", "en", rows=1200)
    first = Counter(row.label for row in rows[::3])
    assert all(100 < first[label] < 170 for label in NLI)


@pytest.mark.parametrize("split", ["train", "validation"])
def test_right_choice_is_at_every_place_equally_often(split: str) -> None:
    rows = generate("mini-commonsenseqa", split, "en", rows=500)
    assert dict.fromkeys(range(5), 100) == Counter(row.label for row in rows)
    assert all(5 == len(set(row.choices)) for row in rows)


@pytest.mark.parametrize("language", LANGUAGES)
def test_answers_are_where_they_say(language: str) -> None:
    rows = generate("mini-xquad", "test", language, rows=400)
    for row in rows:
        assert row.answers
        for answer in row.answers:
            assert answer.text == row.context[answer.start : answer.start + len(answer.text)]
            assert answer.text == answer.text.strip()
        whole, *bare = (answer.text for answer in row.answers)
        assert all(part in whole for part in bare)


@pytest.mark.parametrize("language", LANGUAGES)
def test_answers_are_whole_words(language: str) -> None:
    """Of languages that leave spaces; an article or preposition is no part of the answer."""
    space = grammar(language).space
    for row in generate("mini-xquad", "test", language, rows=400):
        answer = row.answers[0]
        if space:
            around = f" {row.context} "
            assert " " == around[answer.start]
            assert around[answer.start + len(answer.text) + 1] in " ."
        assert not answer.text.startswith(("a ", "the ", "in "))


@pytest.mark.parametrize("split", ["train", "validation"])
def test_training_answers_are_single(split: str) -> None:
    assert {1} == {len(row.answers) for row in generate("mini-squad", split, "en", rows=300)}


@pytest.mark.parametrize("language", LANGUAGES)
def test_tags_align(language: str) -> None:
    rows = generate("mini-udpos", "test", language, rows=300)
    labels = SPECS["mini-udpos"]["labels"]
    for row in rows:
        assert len(row.tokens) == len(row.tags)
        assert set(row.tags) <= set(labels)
        assert all(token and not any(letter.isspace() for letter in token) for token in row.tokens)
        assert "PUNCT" == row.tags[-1]


def test_labels_are_those_of_the_training_rows() -> None:
    rows = generate("mini-udpos", "train", "en", rows=1200)
    assert SPECS["mini-udpos"]["labels"] == sorted({tag for row in rows for tag in row.tags})
    assert {*SPECS["mini-udpos"]["labels"], "INTJ"} == set(Tag)


@pytest.mark.parametrize("name", [name for name, task in task_generators().items() if task.parallel])
def test_parallel_targets_have_the_same_items(name: str) -> None:
    rows = {language: generate(name, "test", language, rows=150) for language in LANGUAGES}
    items = {language: [(row.id, row.unit) for row in found] for language, found in rows.items()}
    assert all(items["en"] == found for found in items.values())
    assert len(LANGUAGES) == len({found[0].texts() for found in rows.values()})


def test_parallel_nli_has_the_same_labels() -> None:
    labels = [[row.label for row in generate("mini-xnli", "test", language, rows=150)] for language in LANGUAGES]
    assert all(labels[0] == found for found in labels)


@pytest.mark.parametrize("language", LANGUAGES[1:])
def test_bitext_pairs_are_one_to_one(language: str) -> None:
    rows = generate("mini-tatoeba", "test", language, rows=400)
    sides = {side: [row for row in rows if row.side == side] for side in ("foreign", "english")}
    for side, other in (("foreign", "english"), ("english", "foreign")):
        assert 200 == len(sides[side])
        assert 200 == len({row.text for row in sides[side]})
        partners = {row.id: row for row in sides[other]}
        assert all((row.id,) == partners[row.partners[0]].partners for row in sides[side])
        assert all(row.unit == partners[row.partners[0]].unit for row in sides[side])


@pytest.mark.parametrize("language", LANGUAGES[1:])
def test_bitext_pairs_translate_each_other(language: str) -> None:
    """Names and figures are the same on both sides."""
    for foreign, english in zip(*[iter(generate("mini-tatoeba", "test", language, rows=200))] * 2, strict=True):
        numbers = {word for word in english.text.split() if word.isdigit()}
        assert all(number in foreign.text for number in numbers)
        names = {word.strip(".?") for word in english.text.split()[1:] if word[0].isupper()}
        assert all(name in foreign.text for name in names)


@pytest.mark.parametrize("language", LANGUAGES)
def test_texts_are_short(language: str) -> None:
    """In words, or characters where there are no spaces: pairs and paragraphs stay a few dozen pieces long."""
    unit = len if not grammar(language).space else (lambda text: len(text.split()))
    pairs = generate("mini-xnli", "test", language, rows=300)
    assert all(unit(row.text_a) + unit(row.text_b) < 60 for row in pairs)
    assert all(
        unit(row.context) + unit(row.question) < 100 for row in generate("mini-xquad", "test", language, rows=300)
    )
