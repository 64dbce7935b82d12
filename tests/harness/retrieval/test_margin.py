"""Mining: XTREME's own output on random embeddings as goldens, and what must hold for any embeddings."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.retrieval.knn import Neighbours, search, unit_rows
from harness.retrieval.margin import Candidates, Margin, Retrieval, margin_scores, mine

quick = settings(deadline=None, max_examples=50)  # a busy machine must not fail a test

# What XTREME's utils_retrieve.mine_bitext (commit of 2023-01) gives for these embeddings: [score, source, target].
GOLDENS = json.loads((Path(__file__).parent / "goldens" / "mining.json").read_text(encoding="utf-8"))["cases"]


def both_ways(sources: Any, targets: Any, k: int) -> tuple[Neighbours, Neighbours]:
    x, y = unit_rows(np.array(sources)), unit_rows(np.array(targets))
    return search(x, y, min(k, len(y))), search(y, x, min(k, len(x)))


def pairs(found: Candidates) -> list[tuple[int, int]]:
    return list(zip(found.sources.tolist(), found.targets.tolist(), strict=True))


@pytest.mark.parametrize("case", GOLDENS, ids=lambda case: f"{len(case['sources'])}x{len(case['targets'])}")
@pytest.mark.parametrize("margin", Margin)
@pytest.mark.parametrize("retrieval", Retrieval)
def test_agrees_with_the_reference(case: dict[str, Any], margin: Margin, retrieval: Retrieval) -> None:
    """The same pairs in the same order, with the same scores to single precision."""
    expected = case["mined"][f"{margin} {retrieval}"]
    found = mine(*both_ways(case["sources"], case["targets"], case["k"]), margin=margin, retrieval=retrieval)

    assert [(source, target) for _, source, target in expected] == pairs(found)
    np.testing.assert_allclose([score for score, _, _ in expected], found.scores, rtol=1e-5, atol=1e-6)


@st.composite
def directions(draw: st.DrawFn) -> tuple[Neighbours, Neighbours]:
    sources, targets, width = draw(st.integers(1, 25)), draw(st.integers(1, 25)), draw(st.integers(2, 6))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    x, y = rng.normal(size=(sources, width)), rng.normal(size=(targets, width))
    shared = draw(st.integers(0, min(sources, targets)))
    y[:shared] = x[:shared]
    return both_ways(x, y, draw(st.integers(1, 5)))


margins = st.sampled_from(Margin)


@quick
@given(directions(), margins)
def test_every_source_or_target_once(found: tuple[Neighbours, Neighbours], margin: Margin) -> None:
    ahead = mine(*found, margin=margin, retrieval=Retrieval.FORWARD)
    back = mine(*found, margin=margin, retrieval=Retrieval.BACKWARD)

    assert list(range(len(found[0].ids))) == ahead.sources.tolist()
    assert list(range(len(found[1].ids))) == back.targets.tolist()


@quick
@given(directions(), margins)
def test_intersection_is_what_both_directions_say(found: tuple[Neighbours, Neighbours], margin: Margin) -> None:
    ahead = mine(*found, margin=margin, retrieval=Retrieval.FORWARD)
    back = mine(*found, margin=margin, retrieval=Retrieval.BACKWARD)
    common = mine(*found, margin=margin, retrieval=Retrieval.INTERSECTION)

    assert sorted(set(pairs(ahead)) & set(pairs(back))) == pairs(common)


@quick
@given(directions(), margins, st.floats(-2, 2))
def test_max_uses_each_sentence_once_best_first(
    found: tuple[Neighbours, Neighbours], margin: Margin, threshold: float
) -> None:
    kept = mine(*found, margin=margin, retrieval=Retrieval.MAX, threshold=threshold)
    pool = (
        mine(*found, margin=margin, retrieval=Retrieval.FORWARD),
        mine(*found, margin=margin, retrieval=Retrieval.BACKWARD),
    )

    assert len(kept) == len(set(kept.sources.tolist())) == len(set(kept.targets.tolist()))
    assert sorted(kept.scores, reverse=True) == kept.scores.tolist()
    assert (kept.scores > threshold).all()
    # Whatever was left out meets a sentence that a pair at least as good has used.
    best = {("source", source): score for source, score in zip(kept.sources.tolist(), kept.scores, strict=True)}
    best |= {("target", target): score for target, score in zip(kept.targets.tolist(), kept.scores, strict=True)}
    for listed in pool:
        for (source, target), score in zip(pairs(listed), listed.scores, strict=True):
            rivals = [best.get(("source", source)), best.get(("target", target))]
            assert score <= threshold or any(rival is not None and rival >= score for rival in rivals)


@quick
@given(directions(), margins)
def test_swapping_the_sides_swaps_the_pairs(found: tuple[Neighbours, Neighbours], margin: Margin) -> None:
    forward, backward = found
    one = mine(forward, backward, margin=margin, retrieval=Retrieval.INTERSECTION)
    other = mine(backward, forward, margin=margin, retrieval=Retrieval.INTERSECTION)

    assert sorted(pairs(one)) == sorted((source, target) for target, source in pairs(other))


def test_max_drops_what_only_equals_the_threshold() -> None:
    """As the reference: more than the threshold, while extraction asks for no less than it."""
    found = Neighbours(np.array([[0.75], [0.5]], np.float32), np.array([[0], [1]]))
    kept = mine(found, found, margin=Margin.ABSOLUTE, threshold=0.5)

    assert [(0, 0)] == pairs(kept)


def test_margins_by_hand() -> None:
    found = Neighbours(np.array([[0.9, 0.6]], np.float32), np.array([[1, 0]]))
    own, other = np.array([0.75]), np.array([0.25, 0.45])

    expected = {Margin.RATIO: [[1.5, 1.2]], Margin.DISTANCE: [[0.3, 0.1]], Margin.ABSOLUTE: [[0.9, 0.6]]}
    for margin, scores in expected.items():
        np.testing.assert_allclose(scores, margin_scores(found, own, other, margin), rtol=1e-6)


def test_a_ratio_to_zero_ranks_last() -> None:
    found = Neighbours(np.array([[0.5, 0.4]], np.float32), np.array([[0, 1]]))
    scores = margin_scores(found, np.array([0.5]), np.array([-0.5, 0.5]), Margin.RATIO)

    assert [-np.inf, np.float32(0.4) / 0.5] == scores[0].tolist()


def test_at_least_keeps_the_threshold_itself() -> None:
    found = Candidates(scores=np.array([3.0, 2.0, 1.0]), sources=np.arange(3), targets=np.array([5, 6, 7]))

    assert [(0, 5), (1, 6)] == pairs(found.at_least(2.0))
