"""Rows of each task: answers exact, labels balanced, parallel where they should be."""

from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

import pytest
import yaml

from tasks.miniature import LANGUAGES, generate
from tasks.miniature.clauses import Tag
from tasks.miniature.generators import task_generators
from tasks.miniature.languages import grammar
from tasks.miniature.morphology import words
from tasks.miniature.vocabulary import CONCEPTS, FAMILIES, FIRMS, PEOPLE, PLACES
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
    translated = spec.get("translated")
    assert (translated is not None) is task.translated
    if translated:
        assert translated == {"languages": list(LANGUAGES[1:]), "split": spec["splits"]["train"]}
    for name, split in spec["splits"].items():
        rows = generate(spec["name"], name, spec["languages"][0], rows=split["rows"])
        assert {rows_of_type} == {type(row) for row in rows}
        assert split["rows"] == len(rows)


@pytest.mark.parametrize(
    ("name", "split"),
    [
        ("mini-anli", "train"),
        ("mini-anli", "validation"),
        ("mini-mnli", "train"),
        ("mini-mnli", "validation"),
        ("mini-xnli", "test"),
    ],
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
@pytest.mark.parametrize(("name", "size"), [("mini-commonsenseqa", 5), ("mini-cosmosqa", 4), ("mini-hellaswag", 4)])
def test_right_choice_is_at_every_place_equally_often(name: str, size: int, split: str) -> None:
    rows = generate(name, split, "en", rows=100 * size)
    assert dict.fromkeys(range(size), 100) == Counter(row.label for row in rows)
    assert all(size == len(set(row.choices)) for row in rows)


@pytest.mark.parametrize(
    ("name", "split", "labels"),
    [
        ("mini-qqp", "train", ("not_duplicate", "duplicate")),
        ("mini-qqp", "validation", ("not_duplicate", "duplicate")),
        ("mini-pawsx", "train", ("0", "1")),
        ("mini-pawsx", "validation", ("0", "1")),
        ("mini-pawsx", "test", ("0", "1")),
    ],
)
def test_pairs_are_balanced_and_never_alike(name: str, split: str, labels: tuple[str, str]) -> None:
    rows = generate(name, split, "en", rows=400)
    assert list(labels) == SPECS[name]["labels"]
    assert dict.fromkeys(labels, 200) == Counter(row.label for row in rows)
    assert all(row.text_a != row.text_b for row in rows)


def test_paraphrases_and_others_share_their_names() -> None:
    """What differs is the wording, and where it is no paraphrase one thing, or who has which."""
    for row in generate("mini-pawsx", "train", "en", rows=600):
        names = [{word.strip(".") for word in text.split()} & {*PEOPLE} for text in (row.text_a, row.text_b)]
        assert names[0] == names[1]
        assert 1 <= len(names[0]) <= 2


@pytest.mark.parametrize("split", ["train", "validation"])
def test_a_third_of_squad_v2_has_no_answer(split: str) -> None:
    rows = generate("mini-squad_v2", split, "en", rows=300)
    assert 100 == sum(row.answers == () for row in rows)
    first = sum(row.answers == () for row in rows[::3])
    assert 20 < first < 50


def translations() -> list[tuple[str, str]]:
    return [(name, language) for name, task in task_generators().items() if task.translated for language in LANGUAGES]


@pytest.mark.parametrize(("name", "language"), translations())
def test_translated_training_rows_are_the_english_ones(name: str, language: str) -> None:
    """Row by row: ids, units, labels, and the names that are the same in all languages."""
    english = generate(name, "train", "en", rows=300)
    foreign = generate(name, "train", language, rows=300)
    assert [(row.id, row.unit) for row in english] == [(row.id, row.unit) for row in foreign]
    for ours, theirs in zip(english, foreign, strict=True):
        assert getattr(ours, "label", None) == getattr(theirs, "label", None)
        assert len(getattr(ours, "choices", ())) == len(getattr(theirs, "choices", ()))
        assert bool(getattr(ours, "answers", ())) == bool(getattr(theirs, "answers", ()))
        text, translation = (str(list(row.inputs().values())[2:]) for row in (ours, theirs))
        assert {each for each in (*PEOPLE, *PLACES) if each in text} == {
            each for each in (*PEOPLE, *PLACES) if each in translation
        }


def test_eight_tasks_are_translated() -> None:
    assert {
        "mini-anli",
        "mini-commonsenseqa",
        "mini-cosmosqa",
        "mini-hellaswag",
        "mini-mnli",
        "mini-qqp",
        "mini-squad",
        "mini-squad_v2",
    } == {name for name, task in task_generators().items() if task.translated}


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(
    ("name", "split"),
    [
        ("mini-xquad", "test"),
        ("mini-mlqa", "test"),
        ("mini-tydiqa", "test"),
        ("mini-squad", "train"),
        ("mini-squad_v2", "train"),
    ],
)
def test_answers_are_where_they_say(name: str, split: str, language: str) -> None:
    rows = [row for row in generate(name, split, language, rows=300) if row.answers or "_v2" not in name]
    assert len(rows) >= 200
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
    for name in ("mini-squad", "mini-tydiqa"):
        assert {1} == {len(row.answers) for row in generate(name, split, "en", rows=300)}
    assert {0, 1} == {len(row.answers) for row in generate("mini-squad_v2", split, "en", rows=300)}


def test_four_facts_a_paragraph() -> None:
    rows = generate("mini-mlqa", "test", "en", rows=200)
    assert {4} == {row.context.count(".") for row in rows}
    assert {2} == set(Counter(row.unit for row in rows).values())
    assert {row.context for row in rows}.isdisjoint(
        row.context for row in generate("mini-xquad", "test", "en", rows=600)
    )


@pytest.mark.parametrize("language", LANGUAGES)
def test_names_are_tagged_whole(language: str) -> None:
    """Every I- tag continues a name of its kind, every known name is in one, and two words are two tokens."""
    rows = generate("mini-panx", "test", language, rows=300)
    found = Counter()
    for row in rows:
        assert len(row.tokens) == len(row.tags)
        assert all(token and not any(letter.isspace() for letter in token) for token in row.tokens)
        for before, tag in zip(("O", *row.tags), row.tags, strict=False):
            assert not tag.startswith("I-") or before in {f"B-{tag[2:]}", tag}
        for token, tag in zip(row.tokens, row.tags, strict=True):
            named = [name for name in (*PEOPLE, *FAMILIES) if name in token]
            assert bool(named) == tag.endswith("PER")
            assert not any(name in token for name in FIRMS) or tag == "B-ORG"
            assert not any(name in token for name in PLACES) or tag.endswith(("LOC", "ORG"))
        found.update(row.tags)
    assert {*SPECS["mini-panx"]["labels"]} - {"I-LOC"} == set(found)
    assert all(40 < found[tag] for tag in ("B-PER", "I-PER", "B-ORG", "I-ORG", "B-LOC"))


def test_names_of_entities_are_no_words() -> None:
    known = {word for language in LANGUAGES[1:] for word in words(language).values()} | {*CONCEPTS}
    assert {*FAMILIES, *FIRMS}.isdisjoint({*PEOPLE, *PLACES})
    assert {name.lower() for name in (*FAMILIES, *FIRMS)}.isdisjoint(known)


def test_categories_are_those_of_the_spec() -> None:
    for split in ("train", "validation"):
        rows = generate("mini-ccg", split, "en", rows=1200)
        assert set(SPECS["mini-ccg"]["labels"]) == {tag for row in rows for tag in row.tags}
        assert all(len(row.tokens) == len(row.tags) for row in rows)


@pytest.mark.parametrize("split", ["validation", "test"])
@pytest.mark.parametrize("language", LANGUAGES[1:])
def test_comparable_corpora(language: str, split: str) -> None:
    """Partners name each other; a minority has any; some sentences come twice; ids are numbered in file order."""
    rows = generate("mini-bucc", split, language, rows=400)
    sides = {side: [row for row in rows if row.side == side] for side in ("foreign", "english")}
    for side, code in (("foreign", language), ("english", "en")):
        assert [f"{code}-{number:09d}" for number in range(1, 201)] == [row.id for row in sides[side]]
        assert all(row.unit == row.id for row in sides[side])
        assert 0.2 < sum(bool(row.partners) for row in sides[side]) / 200 < 1 / 3
        assert 195 == len({row.text for row in sides[side]})
    by_id = {row.id: row for row in rows}
    assert all(row.id in by_id[partner].partners for row in rows for partner in row.partners)
    texts: dict[tuple[str, str], set[tuple[str, ...]]] = defaultdict(set)
    for row in rows:
        texts[row.side, row.text].add(row.partners)
    assert all(1 == len(found) for found in texts.values())
    places = [(int(row.id[-9:]), int(partner[-9:])) for row in sides["foreign"] for partner in row.partners]
    assert sum(abs(here - there) < 20 for here, there in places) < len(places) / 3


@pytest.mark.parametrize("language", LANGUAGES[1:])
def test_mined_pairs_translate_each_other(language: str) -> None:
    """Names and figures are the same on both sides."""
    rows = generate("mini-bucc", "test", language, rows=400)
    by_id = {row.id: row for row in rows}
    pairs = [(row, by_id[partner].text) for row in rows if row.side == "foreign" for partner in row.partners]
    assert pairs
    for row, english in pairs:
        marks = [name for name in (*PEOPLE, *PLACES) if name in english]
        marks += [word.strip(".") for word in english.split() if word.strip(".").isdigit()]
        assert marks
        assert all(mark in row.text for mark in marks)


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
    assert {*NLI} == set(labels[0])
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
    marks = 0
    for foreign, english in zip(*[iter(generate("mini-tatoeba", "test", language, rows=200))] * 2, strict=True):
        numbers = {word for word in english.text.split() if word.isdigit()}
        assert all(number in foreign.text for number in numbers)
        names = {word.strip(".?") for word in english.text.split()[1:] if word[0].isupper()}
        assert all(name in foreign.text for name in names)
        marks += len(numbers) + len(names)
    assert marks > 100


@pytest.mark.parametrize("language", LANGUAGES)
def test_texts_are_short(language: str) -> None:
    """In words, or characters where there are no spaces: pairs and paragraphs stay a few dozen pieces long."""
    unit = len if not grammar(language).space else (lambda text: len(text.split()))
    for name in ("mini-xnli", "mini-pawsx"):
        assert all(unit(row.text_a) + unit(row.text_b) < 80 for row in generate(name, "test", language, rows=300))
    for name in ("mini-xquad", "mini-mlqa", "mini-tydiqa"):
        assert all(unit(row.context) + unit(row.question) < 100 for row in generate(name, "test", language, rows=300))
    for name in ("mini-anli", "mini-qqp"):
        assert all(unit(row.text_a) + unit(row.text_b) < 80 for row in generate(name, "train", language, rows=300))
    for name in ("mini-hellaswag", "mini-cosmosqa", "mini-commonsenseqa"):
        rows = generate(name, "train", language, rows=300)
        assert all(unit(row.prompt) + max(map(unit, row.choices)) < 80 for row in rows)
