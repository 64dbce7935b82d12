"""The threshold of SQuAD v2.0, held to trying every one, and to what the official evaluate-v2.0.py finds."""

from __future__ import annotations

import random

import pytest

from tasks.metrics import squad_v2_exact_match, squad_v2_f1
from tasks.types.windows import Question, choose_threshold

WORDS = ["the", "a", "cat", "dog", ",", "1,000", "«", "sat"]


def question(margin: float, answered: tuple[float, float], unanswered: float) -> Question:
    return Question(margin=margin, answered=answered, unanswered=(unanswered, unanswered))


def drawn(count: int, seed: int) -> list[Question]:
    draw = random.Random(seed)
    found = []
    for _ in range(count):
        golds = [" ".join(draw.choices(WORDS, k=draw.randint(1, 4))) for _ in range(draw.choice([0, 0, 1, 2]))]
        given = draw.choice(golds) if golds and draw.random() < 0.6 else " ".join(draw.choices(WORDS, k=2))
        scores = [(squad_v2_exact_match(one, golds), squad_v2_f1(one, golds)) for one in (given, "")]
        found.append(Question(margin=draw.gauss(0, 3), answered=scores[0], unanswered=scores[1]))
    return found


@pytest.mark.parametrize("seed", range(20))
def test_no_threshold_is_better(seed: int) -> None:
    """Of all that tell questions apart; and it scores what it says."""
    questions = drawn(1 + 3 * seed, seed)

    def scores(threshold: float) -> tuple[float, float]:
        given = [one.unanswered if one.margin > threshold else one.answered for one in questions]
        exact, f1 = (sum(score[place] for score in given) / len(given) for place in (0, 1))
        return f1, exact

    found = choose_threshold(questions)
    tried = [0.0, -100.0, *(one.margin for one in questions)]
    best = max(scores(threshold) for threshold in tried)
    assert pytest.approx(best[0]) == found.f1
    assert pytest.approx((found.f1, found.exact_match)) == scores(found.threshold)


def test_it_is_the_official_one_within_its_gap() -> None:
    """evaluate-v2.0.py gives 100 * 3.6 / 5 = 72 at its threshold 1.5: ours stands between that margin and the next."""
    questions = [
        question(-2.0, (1.0, 1.0), 0.0),
        question(-1.0, (0.0, 0.0), 1.0),
        question(0.5, (0.0, 0.8), 0.0),
        question(1.5, (0.0, 0.8), 0.0),
        question(2.5, (0.0, 0.0), 1.0),
    ]
    found = choose_threshold(questions)
    assert (2.0, 0.4) == (found.threshold, found.exact_match)
    assert pytest.approx(0.72) == found.f1


def test_zero_stays_where_nothing_is_better() -> None:
    assert 0.0 == choose_threshold([question(-3.0, (1.0, 1.0), 0.0), question(2.0, (0.0, 0.0), 1.0)]).threshold


def test_all_or_none_may_be_left_unanswered() -> None:
    nothing = choose_threshold([question(-3.0, (0.0, 0.0), 1.0), question(-5.0, (0.0, 0.0), 1.0)])
    everything = choose_threshold([question(3.0, (1.0, 1.0), 0.0), question(5.0, (1.0, 1.0), 0.0)])
    assert (-6.0, 1.0) == (nothing.threshold, nothing.f1)
    assert (6.0, 1.0) == (everything.threshold, everything.f1)


def test_a_question_without_any_span_has_no_say() -> None:
    """Its margin is infinite: nothing can be answered."""
    found = choose_threshold([question(float("inf"), (0.0, 0.0), 0.0), question(1.0, (1.0, 1.0), 0.0)])
    assert (2.0, 0.5) == (found.threshold, found.f1)


def test_questions_are_needed() -> None:
    with pytest.raises(ValueError, match="needs questions"):
        choose_threshold([])
