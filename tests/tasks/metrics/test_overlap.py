import pytest

from tasks.metrics import Overlap, accuracy, pair_overlap


def test_pair_f1_is_buccs() -> None:
    """Two of three predicted pairs are among four gold ones."""
    gold = {("de-1", "en-1"), ("de-2", "en-2"), ("de-3", "en-3"), ("de-4", "en-4")}
    predicted = {("de-1", "en-1"), ("de-2", "en-2"), ("de-3", "en-4")}
    found = pair_overlap(predicted, gold)
    assert Overlap(tp=2, predicted=3, gold=4) == found
    assert pytest.approx(2 / 3) == found.precision
    assert pytest.approx(1 / 2) == found.recall
    assert pytest.approx(4 / 7) == found.f1


def test_nothing_predicted_scores_zero() -> None:
    found = pair_overlap(set(), {("a", "b")})
    assert (0.0, 0.0, 0.0) == (found.precision, found.recall, found.f1)


def test_accuracy() -> None:
    assert 0.75 == accuracy(["a", "b", "c", "d"], ["a", "b", "c", "a"])


def test_accuracy_of_nothing_or_of_unequal_lists_is_refused() -> None:
    with pytest.raises(ValueError, match="not defined"):
        accuracy([], [])
    with pytest.raises(ValueError, match="shorter"):
        accuracy(["a", "b"], ["a"])
