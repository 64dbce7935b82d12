"""Every task can be solved from its surface, and by nothing less than what it is meant to need.

Cheap heuristics stand in for a tiny model. If one of these fails, miniature scores no longer tell backbones apart.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict

import pytest

from tasks.miniature import generate
from tasks.miniature.vocabulary import (
    ADVERBS,
    AGES,
    ANIMALS,
    COLOURS,
    FOODS,
    INSTRUMENTS,
    JOBS,
    MOODS,
    PEOPLE,
    PLACES,
    THINGS,
)
from tasks.rows import MultipleChoice, SentencePair, SpanQuestion, TaggedSentence

LITTLE = frozenset(
    "a an the in to as of than is can does do and who what where he she food pet instrument still now".split()  # noqa: SIM905
)


NAMES = frozenset(name.lower() for name in PEOPLE)
ADVERBIAL = frozenset(ADVERBS)


def words(text: str) -> list[str]:
    return [word.strip(".?").lower() for word in text.split()]


def stems(text: str) -> set[str]:
    return {word.removesuffix("s") for word in words(text)} - LITTLE


class NaiveBayes:
    """Guesses a label from the words of a text."""

    def __init__(self, texts: list[str], labels: list[object]) -> None:
        self._counts: dict[object, Counter[str]] = defaultdict(Counter)
        for text, label in zip(texts, labels, strict=True):
            self._counts[label].update(words(text))
        self._totals = {label: sum(found.values()) for label, found in self._counts.items()}

    def __call__(self, text: str) -> object:
        return max(
            sorted(self._counts, key=str),
            key=lambda label: sum(
                math.log((self._counts[label][word] + 1) / self._totals[label]) for word in words(text)
            ),
        )


@pytest.mark.parametrize(
    ("source", "target", "split", "chance"),
    [
        ("mini-mnli", "mini-xnli", "test", 1 / 3),
        ("mini-anli", "mini-anli", "validation", 1 / 3),
        ("mini-qqp", "mini-qqp", "validation", 1 / 2),
        ("mini-pawsx", "mini-pawsx", "test", 1 / 2),
    ],
)
@pytest.mark.parametrize("side", ["text_a", "text_b"])
def test_one_text_of_a_pair_gives_nothing_away(source: str, target: str, split: str, chance: float, side: str) -> None:
    """Naive Bayes over its words: near chance."""
    train = generate(source, "train", "en", rows=3000)
    guess = NaiveBayes([getattr(row, side) for row in train], [row.label for row in train])
    rows = generate(target, split, "en", rows=900)
    assert abs(share(guess(getattr(row, side)) == row.label for row in rows) - chance) < 0.08


def test_a_bag_of_words_tells_no_paraphrase() -> None:
    """Swapped people leave the words of a pair as they are."""
    train = generate("mini-pawsx", "train", "en", rows=3000)
    guess = NaiveBayes([f"{row.text_a} {row.text_b}" for row in train], [row.label for row in train])
    rows = generate("mini-pawsx", "test", "en", rows=900)
    assert share(guess(f"{row.text_a} {row.text_b}") == row.label for row in rows) < 0.62


def test_common_things_tell_most_paraphrases() -> None:
    """An easy start for a small model, and not all of it: where people change places, all words are common."""
    things = frozenset((*FOODS, *THINGS, *COLOURS, *ANIMALS, *INSTRUMENTS, *JOBS, *MOODS, *AGES, *PLACES))

    def named(text: str) -> set[str]:
        return {word for each in text.replace(".", "").split() if (word := each.removesuffix("s")) in things}

    rows = generate("mini-pawsx", "train", "en", rows=1200)
    hits = share((named(row.text_a) == named(row.text_b)) == (row.label == "1") for row in rows)
    assert 0.85 < hits < 0.99


def test_the_wording_tells_no_paraphrase() -> None:
    """A fact alone is said in two ways in both kinds of pairs."""
    rows = [row for row in generate("mini-pawsx", "train", "en", rows=1200) if " and " not in row.text_a]
    both = [frozenset((row.text_a.count(" of "), row.text_b.count(" of "))) for row in rows]
    paraphrases = share(frozenset({0, 1}) == each for each, row in zip(both, rows, strict=True) if row.label == "1")
    others = share(frozenset({0, 1}) == each for each, row in zip(both, rows, strict=True) if row.label == "0")
    assert abs(paraphrases - others) < 0.12


def test_same_names_and_relation_tell_duplicates() -> None:
    """What is asked of whom: the name that both questions give, and words that training duplicates share."""
    seen: Counter[tuple[str, str]] = Counter()

    def kinds(row: SentencePair) -> list[tuple[str, str]]:
        first, second = ({*words(text)} - LITTLE - ADVERBIAL - NAMES for text in (row.text_a, row.text_b))
        return [(one, other) for one in first or {""} for other in second or {""}]

    for row in generate("mini-qqp", "train", "en", rows=1200):
        if row.label == "duplicate":
            seen.update(kinds(row))
    rows = generate("mini-qqp", "validation", "en", rows=400)
    hits = share(
        ({*words(row.text_a)} & NAMES == {*words(row.text_b)} & NAMES and all(seen[kind] for kind in kinds(row)))
        == (row.label == "duplicate")
        for row in rows
    )
    names_alone = share(
        ({*words(row.text_a)} & NAMES == {*words(row.text_b)} & NAMES) == (row.label == "duplicate") for row in rows
    )
    assert 0.85 < hits
    assert 0.5 < names_alone < 0.8


def test_a_question_alone_does_not_tell_whether_it_has_an_answer() -> None:
    train = generate("mini-squad_v2", "train", "en", rows=3000)
    guess = NaiveBayes([row.question for row in train], [bool(row.answers) for row in train])
    rows = generate("mini-squad_v2", "validation", "en", rows=900)
    assert share(guess(row.question) == bool(row.answers) for row in rows) < 0.7
    lengths = {
        answered: share(len(words(row.question)) for row in rows if bool(row.answers) is answered)
        for answered in (True, False)
    }
    assert abs(lengths[True] - lengths[False]) < 0.3


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
    assert 0.8 < share(matcher(row) == row.label for row in rows)


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


@pytest.mark.parametrize("name", ["mini-xquad", "mini-mlqa", "mini-tydiqa"])
def test_overlap_answers_questions(name: str) -> None:
    rows = generate(name, "test", "en", rows=600)
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


def ending_by_overlap(row: MultipleChoice) -> int:
    """The ending whose last word is in a sentence about the one whom the prompt ends with."""
    *told, person = row.prompt.split(". ")
    mine = {word for each in told if person in each for word in stems(each)}
    return max(range(len(row.choices)), key=lambda place: len(stems(row.choices[place]) & mine))


def answer_sentence_by_overlap(row: MultipleChoice) -> int:
    """The answer of which one sentence of the prompt has most, and which has the question's name or object."""
    *told, question = row.prompt.split(". ")

    def fit(choice: str) -> float:
        return max(len(stems(each) & stems(choice)) for each in told) + 1.1 * len(stems(question) & stems(choice))

    return max(range(len(row.choices)), key=lambda place: fit(row.choices[place]))


def test_overlap_finds_endings_and_answers() -> None:
    endings = generate("mini-hellaswag", "validation", "en", rows=400)
    answers = generate("mini-cosmosqa", "validation", "en", rows=400)
    assert 0.85 < share(ending_by_overlap(row) == row.label for row in endings)
    assert 0.8 < share(answer_sentence_by_overlap(row) == row.label for row in answers)


@pytest.mark.parametrize(("name", "chance"), [("mini-hellaswag", 0.25), ("mini-cosmosqa", 0.25)])
def test_endings_and_answers_alone_make_no_right_choice(name: str, chance: float) -> None:
    """Naive Bayes over the words of right and wrong choices; and a bag of words of the prompt leaves two of four."""
    train = generate(name, "train", "en", rows=1200)
    right: Counter[str] = Counter()
    offered: Counter[str] = Counter()
    for row in train:
        right.update(words(row.choices[row.label]))
        offered.update(word for choice in row.choices for word in words(choice))

    def odds(choice: str) -> float:
        return sum(math.log((right[word] + 1) / (offered[word] + 4)) for word in words(choice)) / len(words(choice))

    rows = generate(name, "validation", "en", rows=600)
    best = share(max(range(4), key=lambda place: odds(row.choices[place])) == row.label for row in rows)
    longest = share(max(range(4), key=lambda place: len(row.choices[place])) == row.label for row in rows)
    assert abs(best - chance) < 0.07
    assert abs(longest - chance) < 0.07


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


@pytest.mark.parametrize("language", ["qaa", "qab", "qac", "qad"])
def test_near_misses_share_names_with_pairs(language: str) -> None:
    """So names alone mine more than the pairs: for most paired sentences, another one names the same people."""
    rows = generate("mini-bucc", "test", language, rows=400)
    english = [row for row in rows if row.side == "english"]

    def named(text: str) -> frozenset[str]:
        return frozenset(name for name in PEOPLE if name in text)

    count = Counter(named(row.text) for row in english)
    assert 0.3 < share(count[named(row.text)] > 1 for row in english if row.partners)


def test_a_word_alone_does_not_tell_its_category() -> None:
    found: dict[str, Counter[str]] = defaultdict(Counter)
    for row in generate("mini-ccg", "train", "en", rows=1200):
        for word, tag in zip(row.tokens, row.tags, strict=True):
            found[word.lower()][tag] += 1
    rows = generate("mini-ccg", "validation", "en", rows=200)
    pairs = [(word.lower(), tag) for row in rows for word, tag in zip(row.tokens, row.tags, strict=True)]
    assert 0.85 < share(found[word].most_common(1)[0][0] == tag for word, tag in pairs) < 0.97


def test_nobody_named_in_training_is_named_in_another_split() -> None:
    """So that entities are found by how they stand in a sentence, not by a list of those seen."""
    people = frozenset(PEOPLE)

    def named(split: str) -> frozenset[str]:
        rows = generate("mini-panx", split, "en", rows=200)
        return people & {token for row in rows for token in row.tokens}

    assert len(named("train")) > 10
    assert not named("train") & (named("validation") | named("test"))


def test_a_word_alone_does_not_tell_its_entity() -> None:
    """Places are part of organisations' names as well."""
    found: dict[str, Counter[str]] = defaultdict(Counter)
    for row in generate("mini-panx", "train", "en", rows=1200):
        for word, tag in zip(row.tokens, row.tags, strict=True):
            found[word.lower()][tag] += 1
    assert {"B-LOC", "I-ORG"} == set(found["arbon"])
    assert {"O", "B-ORG"} == set(found["clock"])
    assert {"O", "I-ORG"} == set(found["of"])
