"""Golden numbers were computed with seqeval 0.0.12 and 1.2.2 themselves."""

import random

import pytest

from tasks.metrics import Overlap, chunk_counts, chunks, corpus_chunk_counts

UPOS = [
    "ADJ",
    "ADP",
    "ADV",
    "AUX",
    "CCONJ",
    "DET",
    "INTJ",
    "NOUN",
    "NUM",
    "PART",
    "PRON",
    "PROPN",
    "PUNCT",
    "SCONJ",
    "SYM",
    "VERB",
    "X",
]
NER = ["O", "B-PER", "I-PER", "B-ORG", "I-ORG", "B-LOC", "I-LOC"]
Sentences = list[list[str]]


def overlap(references: Sentences, predictions: Sentences) -> Overlap:
    counts = [chunk_counts(gold, tags) for gold, tags in zip(references, predictions, strict=True)]
    return sum(counts, Overlap(tp=0, predicted=0, gold=0))


def words(*sentences: str) -> Sentences:
    return [sentence.split() for sentence in sentences]


def drawn(labels: list[str]) -> tuple[Sentences, Sentences]:
    rng = random.Random(20200612)

    def pick() -> str:
        return labels[int(rng.random() * len(labels))]

    references = [[pick() for _ in range(1 + int(rng.random() * 12))] for _ in range(40)]
    predictions = [[tag if rng.random() < 0.7 else pick() for tag in sentence] for sentence in references]
    return references, predictions


@pytest.mark.parametrize(
    ("counts", "f1", "references", "predictions"),
    [
        pytest.param(
            (1, 3, 3),
            1 / 3,
            words("B-PER I-PER O B-LOC", "O B-ORG I-ORG I-ORG"),
            words("B-PER I-PER O B-ORG", "O B-ORG I-ORG O"),
            id="iob",
        ),
        pytest.param(
            (2, 4, 5),
            0.4444444444444445,
            words("I-PER I-PER I-LOC O", "B-ORG B-ORG I-PER"),
            words("B-PER I-PER I-LOC I-LOC", "B-ORG I-ORG I-PER"),
            id="iob with inside tags that nothing begins",
        ),
        pytest.param(
            (11, 14, 13),
            0.8148148148148148,
            words("DET NOUN NOUN SCONJ SCONJ PRON VERB SYM SYM PUNCT", "INTJ INTJ PROPN PROPN CCONJ PROPN"),
            words("DET NOUN NOUN SCONJ SCONJ PRON VERB SYM NOUN PUNCT", "INTJ INTJ PROPN NOUN CCONJ PROPN"),
            id="raw parts of speech",
        ),
        pytest.param((0, 2, 2), 0.0, words("NOUN VERB"), words("VERB NOUN"), id="nothing right"),
        pytest.param(
            (2, 5, 3),
            0.5,
            words("S-PER O B-LOC I-LOC E-LOC E-LOC"),
            words("S-PER S-PER B-LOC E-LOC E-LOC I-LOC"),
            id="iobes",
        ),
        pytest.param(
            (2, 5, 5),
            0.4,
            words("X X NUM PART PART ADP . _ _"),
            words("X NUM NUM PART PART ADP _ _ _"),
            id="full stop and underscore as tags",
        ),
        pytest.param((1, 1, 1), 1.0, words("O . N-."), words("N-. N-. N-."), id="a chunk that no rule begins"),
    ],
)
def test_counts_are_seqevals(
    counts: tuple[int, int, int], f1: float, references: Sentences, predictions: Sentences
) -> None:
    found = overlap(references, predictions)
    assert counts == (found.tp, found.predicted, found.gold)
    assert pytest.approx(f1) == found.f1


@pytest.mark.parametrize(
    ("f1", "precision", "recall", "labels"),
    [
        (0.6425855513307985, 0.6450381679389313, 0.6401515151515151, UPOS),
        (0.7038834951456311, 0.7073170731707317, 0.7004830917874396, NER),
    ],
    ids=["parts of speech", "entities"],
)
def test_random_sequences_score_as_with_seqeval(f1: float, precision: float, recall: float, labels: list[str]) -> None:
    """Forty sentences of drawn tags, three in ten of them redrawn for the prediction."""
    found = overlap(*drawn(labels))
    assert pytest.approx(f1, abs=1e-12) == found.f1
    assert pytest.approx(precision, abs=1e-12) == found.precision
    assert pytest.approx(recall, abs=1e-12) == found.recall


@pytest.mark.parametrize(
    ("f1", "later", "references", "predictions"),
    [
        pytest.param(
            0.5333333333333333,
            0.8,
            words("SCONJ NOUN SCONJ SCONJ ADP", "CCONJ CCONJ VERB"),
            words("CCONJ NOUN SCONJ CCONJ ADP", "SCONJ CCONJ VERB"),
            id="SCONJ and CCONJ are one type without their first letters",
        ),
        pytest.param(
            1.0, 0.5, words("B-A-X I-A-X O B-A-X"), words("B-B-X I-B-X O B-A-X"), id="a type with a hyphen is cut there"
        ),
        pytest.param(
            0.5, 0.0, words("NOUN", "X X"), words("VERB", "X X"), id="X after O begins with the chunk before it"
        ),
        pytest.param(0.6425855513307985, 0.6537717601547389, *drawn(UPOS), id="random parts of speech"),
        pytest.param(0.7038834951456311, 0.7038834951456311, *drawn(NER), id="random entities, where both agree"),
    ],
)
def test_versions_of_seqeval_differ(f1: float, later: float, references: Sentences, predictions: Sentences) -> None:
    assert pytest.approx(f1, abs=1e-12) == corpus_chunk_counts(references, predictions, "0.0.12").f1
    assert pytest.approx(later, abs=1e-12) == corpus_chunk_counts(references, predictions, "1.2.2").f1


def test_tags_beginning_with_s_are_a_chunk_each() -> None:
    """It takes their first letter for the prefix S, a single-token chunk."""
    assert {("NOUN", 0, 1), ("SYM", 2, 2), ("SYM", 3, 3)} == chunks(["NOUN", "NOUN", "SYM", "SYM"])


def test_a_chunk_does_not_cross_sentences() -> None:
    split = overlap([["NOUN"], ["NOUN"]], [["NOUN"], ["NOUN"]])
    joined = overlap([["NOUN", "NOUN"]], [["NOUN", "NOUN"]])
    assert (2, 1) == (split.gold, joined.gold)


def test_all_outside_has_no_chunks_and_scores_zero() -> None:
    assert Overlap(tp=0, predicted=0, gold=0) == chunk_counts(["O", "O"], ["O", "O"])
    assert 0.0 == chunk_counts(["O"], ["O"]).f1


def test_unequal_lengths_are_refused() -> None:
    with pytest.raises(ValueError, match="1 predicted tags for 2 tokens"):
        chunk_counts(["O", "O"], ["O"])
    with pytest.raises(ValueError, match="differ in length"):
        corpus_chunk_counts([["O", "O"]], [["O"]], "1.2.2")
