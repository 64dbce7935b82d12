"""What a cell reached on validation rows: it chooses the best recipe per target. Read without NumPy or SciPy."""

from __future__ import annotations

from leaderboard.results import Result


def validation_score(result: Result) -> float | None:
    """What chose the epoch, or for retrieval the layer: a score on validation rows. None where there was none."""
    training = result.details.get("finetune", {})
    best = training.get("best_epoch")
    if best is not None:
        return float(training["epochs"][best - 1]["value"])
    chosen = result.details.get("chosen_on")
    return None if chosen is None else float(chosen["score"])
