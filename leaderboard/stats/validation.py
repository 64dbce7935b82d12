"""The validation score of a cell, which chooses the best recipe per target; free of NumPy and SciPy."""

from __future__ import annotations

from leaderboard.results import Result


def validation_score(result: Result) -> float | None:
    """Return the validation score that chose the epoch, or the layer in retrieval; None if there is none."""
    training = result.details.get("finetune", {})
    best = training.get("best_epoch")
    if best is not None:
        return float(training["epochs"][best - 1]["value"])
    chosen = result.details.get("chosen_on")
    return None if chosen is None else float(chosen["score"])
