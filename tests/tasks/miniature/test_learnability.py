"""Every task can be solved from its surface, and by nothing less than what it is meant to need.

Cheap heuristics stand in for a tiny model. If one of these fails, miniature scores no longer tell backbones apart.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict

import pytest

from tasks.miniature import generate
from tasks.miniature.vocabulary import PEOPLE
from tasks.rows import MultipleChoice, SentencePair, SpanQuestion, TaggedSentence

LITTLE = frozenset(
    "a an the in to as of than is can does do and who what where he she food pet instrument still now".split()  # noqa: SIM905
)


def words(text: str) -> list[str]:
    return [word.strip(".?").lower() for word in text.split()]


def stems(text: str) -> set[str]:
    return {word.removesuffix("s") for word in words(text)} - LITTLE


def test_a_hypothesis_alone_gives_nothing_away() -> None:
    """Naive Bayes over the words of the hypothesis: near a third."""
    train = generate("mini-mnli", "train", "en", rows=3000)
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for row in train:
        counts[row.label].update(words(row.text_b))
    totals = {label: sum(found.values()) for label, found in counts.items()}

    def guess(text: str) -> str:
        return max(
            sorted(counts),
            key=lambda label: sum(math.log((counts[label][word] + 1) / totals[label]) for word in words(text)),
        )

    rows = generate("mini-xnli", "test", "en", rows=3000)
    assert abs(share(guess(row.text_b) == row.label for row in rows) - 1 / 3) < 0.04


def test_no_word_of_a_hypothesis_gives_its_label_away() -> None:
    rows = generate("mini-mnli", "train", "en", rows=3000)
    labels: dict[str, Counter[str]] = defaultdict(Counter)
    for row in rows:
        for word in set(words(row.text_b)):
            labels[word][row.label] += 1
    frequent = {word: found for word, found in labels.items() if sum(found.values()) >= 60}
    assert 25 < len(frequent)
    assert max(max(found.values()) / sum(found.values()) for found in frequent.values()) < 0.48


def share(hits: object) -> float:
    found = list(hits)  # type: ignore[call-overload]
    return sum(found) / len(found)


class FactMatcher:
    """Entailment: the person and the object are in the premise. Contradiction: another object is that in training rows
    contradicted this one. Else neutral.
    """

    def __init__(self, rows: list[SentencePair]) -> None:
        self.rivals: Counter[tuple[str, str]] = Counter()
        for row in rows:
            if row.label == "contradiction":
                self.rivals.update(self.pairs(row))

    @staticmethod
    def pairs(row: SentencePair) -> list[tuple[str, str]]:
        first, second = stems(row.text_a), stems(row.text_b)
        return [(old, new) for old in first - second for new in second - first]

    def __call__(self, row: SentencePair) -> str:
        people = {name.lower() for name in PEOPLE}
        first, second = set(words(row.text_a)), set(words(row.text_b))
        if not (second & people) <= first:
            return "neutral"
        if words(row.text_b)[-1] in first:
            return "entailment"
        last = words(row.text_b)[-1].removesuffix("s")
        rivals = {old for (old, new), count in self.rivals.items() if new == last and count >= 3}
        return "contradiction" if rivals & stems(row.text_a) else "neutral"


def test_matching_facts_solves_nli() -> None:
    matcher = FactMatcher(generate("mini-mnli", "train", "en", rows=1200))
    rows = generate("mini-xnli", "test", "en", rows=600)
    assert 0.85 < share(matcher(row) == row.label for row in rows)


def answer_by_overlap(row: SpanQuestion) -> str:
    """In the sentence that has most of the question's words, the first word that the question has not: a name if the
    question asks "who", else the last one.
    """
    asked = stems(row.question)
    sentence = max(row.context.rstrip(".").split(". "), key=lambda each: len(stems(each) & asked))
    left = [word for word in sentence.split() if word.lower().removesuffix("s") not in asked | LITTLE]
    names = [word for word in left if word in PEOPLE]
    if row.question.startswith("Who"):
        return names[0] if names else ""
    others = [word for word in left if word not in names]
    return others[-1] if others else ""


def test_overlap_answers_questions() -> None:
    rows = generate("mini-xquad", "test", "en", rows=600)
    by_overlap = share(answer_by_overlap(row) in row.answers[0].text.split() for row in rows)
    first_word = share(row.context.split()[0] == row.answers[0].text for row in rows)
    first_name = share(
        next(word for word in words(row.context) if word.capitalize() in PEOPLE) == row.answers[0].text.lower()
        for row in rows
    )
    assert 0.7 < by_overlap
    assert first_word < 0.3
    assert first_name < 0.35


def choice_by_overlap(row: MultipleChoice) -> int:
    """Of the choices that the prompt states, the one whose sentence has most of the question's words."""
    *sentences, question = row.prompt.rstrip("?").split(". ")
    asked = stems(question)

    def fit(choice: str) -> int:
        return max((1 + len(stems(each) & asked) for each in sentences if stems(choice) <= stems(each)), default=0)

    return max(range(len(row.choices)), key=lambda place: fit(row.choices[place]))


def test_overlap_makes_the_right_choice() -> None:
    rows = generate("mini-commonsenseqa", "validation", "en", rows=500)
    assert 0.8 < share(choice_by_overlap(row) == row.label for row in rows)


def test_choices_alone_make_no_right_choice() -> None:
    """The choice that is most often right in training rows."""
    right: Counter[str] = Counter()
    offered: Counter[str] = Counter()
    for row in generate("mini-commonsenseqa", "train", "en", rows=1200):
        right[row.choices[row.label]] += 1
        offered.update(row.choices)
    rows = generate("mini-commonsenseqa", "validation", "en", rows=500)
    best = share(
        max(range(5), key=lambda place: right[row.choices[place]] / (offered[row.choices[place]] + 1)) == row.label
        for row in rows
    )
    assert best < 0.45


@pytest.fixture(scope="module")
def tag_by_word() -> dict[str, Counter[str]]:
    found: dict[str, Counter[str]] = defaultdict(Counter)
    for row in generate("mini-udpos", "train", "en", rows=1200):
        for word, tag in zip(row.tokens, row.tags, strict=True):
            found[word.lower()][tag] += 1
    return found


def test_words_tell_their_tags(tag_by_word: dict[str, Counter[str]]) -> None:
    """But not quite: some words are nouns here and verbs there, and only their neighbours tell."""
    rows: list[TaggedSentence] = generate("mini-udpos", "test", "en", rows=400)
    pairs = [(word.lower(), tag) for row in rows for word, tag in zip(row.tokens, row.tags, strict=True)]
    hits = share(bool(tag_by_word[word]) and tag_by_word[word].most_common(1)[0][0] == tag for word, tag in pairs)
    assert 0.95 < hits < 1
    assert {"NOUN", "VERB"} == set(tag_by_word["cook"])


@pytest.mark.parametrize("language", ["qaa", "qab", "qac", "qad"])
def test_tags_of_other_languages_take_more_than_the_word_list(
    language: str, tag_by_word: dict[str, Counter[str]]
) -> None:
    rows = generate("mini-udpos", "test", language, rows=200)
    pairs = [(word.lower(), tag) for row in rows for word, tag in zip(row.tokens, row.tags, strict=True)]
    hits = share(word in tag_by_word and tag_by_word[word].most_common(1)[0][0] == tag for word, tag in pairs)
    assert 0.1 < hits < 0.7


def test_names_alone_do_not_find_translations() -> None:
    """Sentences share names and figures, so retrieval has a start, but many sentences share the same ones."""
    rows = generate("mini-tatoeba", "test", "qac", rows=400)
    foreign = [row for row in rows if row.side == "foreign"]
    english = [row for row in rows if row.side == "english"]
    keys = [{word.strip(".?") for word in row.text.split() if word[0].isupper() or word.isdigit()} for row in english]
    unique = Counter(frozenset(key & {*PEOPLE}) for key in keys)
    assert len(foreign) == len(english) == 200
    assert 0.1 < share(unique[frozenset(key & {*PEOPLE})] == 1 for key in keys) < 0.9
