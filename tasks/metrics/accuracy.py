"""Accuracy."""

from collections.abc import Sequence


def accuracy(references: Sequence[object], predictions: Sequence[object]) -> float:
    """The share of predictions that equal their reference.

    Raises:
        ValueError: the lengths differ, or there is nothing to score.
    """
    if not references:
        raise ValueError("accuracy of no rows is not defined")
    return sum(a == b for a, b in zip(references, predictions, strict=True)) / len(references)
