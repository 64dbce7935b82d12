"""Mining pairs of ids: duplicates, ties, thresholds, and agreement with a plain implementation of the reference."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.retrieval.bitext import ScoredPairs, mine_pairs, neighbours, tune, unify, with_ids
from harness.retrieval.knn import search, unit_rows
from harness.retrieval.margin import Candidates
from tasks.errors import UserError
from tasks.rows import BitextSentence
from tasks.types.bitext_mining import Pair

quick = settings(deadline=None, max_examples=25)  # a busy machine must not fail a test
Matrix = npt.NDArray[np.float32]


def side(code: str, texts: Sequence[str]) -> list[BitextSentence]:
    name = "english" if code == "en" else "foreign"
    return [BitextSentence(id=f"{code}-{n}", unit=f"{n}", side=name, text=text) for n, text in enumerate(texts)]


def mined(foreign: Matrix, english: Matrix, foreign_texts: Sequence[str], english_texts: Sequence[str]) -> ScoredPairs:
    """What the phase does with the embeddings of different sentences."""
    forward = search(foreign, english, neighbours(len(english)))
    backward = search(english, foreign, neighbours(len(foreign)))
    return with_ids(mine_pairs(forward, backward), unify(side("xx", foreign_texts)), unify(side("en", english_texts)))


def test_equal_texts_are_one_sentence_with_all_their_ids() -> None:
    found = unify(side("xx", ["a", "b", "a", "A", "b", "a"]))
    assert (0, 1, 3) == found.places
    assert (("xx-0", "xx-2", "xx-5"), ("xx-1", "xx-4"), ("xx-3",)) == found.ids
    assert 3 == len(found)
    assert 0 == len(unify([]))


def test_a_pair_stands_for_all_ids_of_both_sentences() -> None:
    foreign, english = unify(side("xx", ["a", "b", "a"])), unify(side("en", ["x", "y", "y"]))
    candidates = Candidates(scores=np.array([1.5, 1.25]), sources=np.array([0, 1]), targets=np.array([1, 0]))
    found = with_ids(candidates, foreign, english)

    crossed = [("xx-0", "en-1"), ("xx-0", "en-2"), ("xx-2", "en-1"), ("xx-2", "en-2")]
    assert (*crossed, ("xx-1", "en-0")) == found.pairs
    assert [1.5, 1.5, 1.5, 1.5, 1.25] == found.scores.tolist()


def test_no_candidates() -> None:
    nothing = Candidates(scores=np.zeros(0), sources=np.zeros(0, np.int64), targets=np.zeros(0, np.int64))
    found = with_ids(nothing, unify(side("xx", ["a"])), unify(side("en", ["x"])))
    assert (0, []) == (len(found), found.at_least(0.0))
    assert (0.0, 0.0) == (tune(found, {("xx-0", "en-0")}).value, tune(found, {("xx-0", "en-0")}).f1)


def test_the_threshold_itself_is_kept() -> None:
    found = ScoredPairs(pairs=(("a", "x"), ("b", "y"), ("c", "z")), scores=np.array([3.0, 2.0, 1.0]))
    assert [("a", "x"), ("b", "y")] == found.at_least(2.0)
    assert [] == found.at_least(3.5)


def test_a_best_cut_after_the_last_pair_keeps_every_pair() -> None:
    """The reference reads past the end of its list here."""
    found = ScoredPairs(pairs=(("a", "x"), ("b", "y")), scores=np.array([3.0, 2.0]))
    tuned = tune(found, {("a", "x"), ("b", "y")})
    assert (2.0, 1.0) == (tuned.value, tuned.f1)
    assert list(found.pairs) == found.at_least(tuned.value)


def test_ids_of_one_sentence_are_not_torn_apart_by_the_threshold() -> None:
    """Of four pairs with one score one is gold: all four are extracted, or none."""
    pairs = tuple((f"xx-{n}", f"en-{n}") for n in range(5))
    found = ScoredPairs(pairs=pairs, scores=np.array([2.0, 2.0, 2.0, 2.0, 1.0]))
    tuned = tune(found, {pairs[0]})
    assert (1.5, 1 / 4, 1.0) == (tuned.value, tuned.precision, tuned.recall)
    assert list(pairs[:4]) == found.at_least(tuned.value)


def test_a_sample_without_gold_pairs_is_refused() -> None:
    with pytest.raises(UserError, match="of 0 gold pairs"):
        tune(ScoredPairs(pairs=(("a", "x"),), scores=np.array([1.0])), set())


@pytest.mark.parametrize(("corpus", "k"), [(1, 1), (3, 3), (4, 4), (5, 4), (100, 4)])
def test_a_small_corpus_has_fewer_neighbours(corpus: int, k: int) -> None:
    assert k == neighbours(corpus)


def plainly_mined(x: Matrix, y: Matrix, k: int = 4) -> list[tuple[float, int, int]]:
    """Score, source and target of every candidate, best first: as XTREME's ``mine_bitext`` works, in plain loops."""
    similar = x.astype(np.float64) @ y.astype(np.float64).T
    x_mean = [float(np.mean(sorted(row)[-k:])) for row in similar]
    y_mean = [float(np.mean(sorted(column)[-k:])) for column in similar.T]
    best = []
    for i in range(len(x)):
        near = sorted(range(len(y)), key=lambda j: -similar[i, j])[:k]
        best.append(max((2 * similar[i, j] / (x_mean[i] + y_mean[j]), i, j) for j in near))
    for j in range(len(y)):
        near = sorted(range(len(x)), key=lambda i: -similar[i, j])[:k]
        best.append(max((2 * similar[i, j] / (x_mean[i] + y_mean[j]), i, j) for i in near))
    kept: list[tuple[float, int, int]] = []
    for score, i, j in sorted(best, reverse=True):
        if score > 0 and i not in {one[1] for one in kept} and j not in {one[2] for one in kept}:
            kept.append((score, i, j))
    return kept


def plainly_tuned(found: list[tuple[float, int, int]], gold: set[tuple[int, int]]) -> tuple[float, float]:
    """Threshold and F1, as XTREME's ``bucc_optimize`` finds them where it does not fail."""
    best, threshold = 0.0, 0.0
    for cut in range(1, len(found) + 1):
        right = len({(i, j) for _, i, j in found[:cut]} & gold)
        f1 = 2 * right / (cut + len(gold))
        if f1 > best:
            following = found[cut][0] if cut < len(found) else found[cut - 1][0]
            best, threshold = f1, (found[cut - 1][0] + following) / 2
    return threshold, best


@quick
@given(st.integers(0, 2**32 - 1), st.integers(5, 40), st.integers(5, 40), st.floats(0.05, 1.5))
def test_agrees_with_a_plain_implementation(seed: int, sources: int, targets: int, noise: float) -> None:
    """Random comparable corpora without repeats and, almost surely, without equal scores."""
    draw = np.random.default_rng(seed)
    shared = min(sources, targets) // 2
    x = draw.normal(size=(sources, 8)) + 0.7  # on one side of the origin, as real embeddings are
    y = draw.normal(size=(targets, 8)) + 0.7
    y[:shared] = x[:shared] + noise * draw.normal(size=(shared, 8))
    x, y = unit_rows(x), unit_rows(y)
    gold = {(n, n) for n in range(max(shared, 1))}

    found = mined(x, y, [f"x{n}" for n in range(sources)], [f"y{n}" for n in range(targets)])
    expected = plainly_mined(x, y)
    names: list[Pair] = [(f"xx-{i}", f"en-{j}") for _, i, j in expected]
    assert names == list(found.pairs)
    np.testing.assert_allclose(found.scores, [score for score, _, _ in expected], rtol=1e-5)

    tuned = tune(found, {(f"xx-{i}", f"en-{j}") for i, j in gold})
    threshold, f1 = plainly_tuned(expected, gold)
    assert pytest.approx(f1) == tuned.f1
    assert pytest.approx(threshold, rel=1e-5) == tuned.value


def test_repeats_change_nothing_but_the_ids() -> None:
    """The same corpus with two sentences repeated: the same pairs and scores, each with all its ids."""
    draw = np.random.default_rng(3)
    x = unit_rows(draw.normal(size=(6, 5)) + 1)
    y = unit_rows(draw.normal(size=(7, 5)) + 1)
    plain = mined(x, y, list("abcdef"), list("tuvwxyz"))
    repeated = mined(x, y, [*"abcdef", "a"], [*"tuvwxyz", "u", "u"])

    more = {f"xx-{0}": ["xx-0", "xx-6"], f"en-{1}": ["en-1", "en-7", "en-8"]}
    expected = {
        (one, other): score
        for (foreign, english), score in zip(plain.pairs, plain.scores, strict=True)
        for one in more.get(foreign, [foreign])
        for other in more.get(english, [english])
    }
    assert expected == dict(zip(repeated.pairs, repeated.scores, strict=True))
    assert len(expected) == len(repeated) > len(plain)
