"""One row as the ``model-index`` of a model card: the YAML block with which the hub shows a model's results."""

from __future__ import annotations

import json
from typing import Any

import yaml

from harness import __version__
from harness.results.export.interop import TASK_TYPES, TargetScores, rows_of, scores_of
from leaderboard.read import ResultsFolder
from tasks.errors import UserError

#: The hub's names of metrics; what is not here has none there.
_METRICS = {
    "accuracy": "accuracy",
    "f1": "f1",
    "exact_match": "exact_match",
    "precision": "precision",
    "recall": "recall",
}
_DIGITS = 2  # of per cent


def model_index(
    folder: ResultsFolder, backbone: str, recipe: str, *, name: str, url: str | None = None
) -> dict[str, Any]:
    """The block, for the front matter of a card. Values are per cent.

    Args:
        folder: results.
        backbone: of the row.
        recipe: of the row.
        name: of the model, on the hub.
        url: of the board that shows the row.

    Raises:
        UserError: there is no such row, or no target of it is complete.
    """
    list(rows_of(folder, (backbone,), (recipe,)))
    found = scores_of(folder, backbone, recipe)
    if not found:
        raise UserError(f"no target of {backbone} / {recipe} has a result for every seed", remedy="run the suite first")
    # The hub takes the name of a source only with its address.
    source = {"source": {"name": f"codestilts {__version__}", "url": url}} if url else {}
    seeds = list(folder.suite.seeds)
    results = [{**entry, **source} for one in found for entry in _entries(one, seeds)]
    return {"model-index": [{"name": name, "results": results}]}


def as_yaml(block: dict[str, Any]) -> str:
    """The block as text, entries in their order."""
    # Each part is written where it stands: people read and cut model cards, and not every reader follows references.
    plain = json.loads(json.dumps(block))
    text: str = yaml.safe_dump(plain, sort_keys=False, allow_unicode=True, width=120)
    return text


def _entries(one: TargetScores, seeds: list[int]) -> list[dict[str, Any]]:
    kind, words = TASK_TYPES.get(one.target.type, ("other", one.target.type))
    task = {"type": kind, "name": words}

    def entry(language: str, metrics: list[dict[str, Any]]) -> dict[str, Any]:
        title = f"{one.target.title} ({language or 'mean over languages'})"
        dataset = {
            "name": title,
            "type": one.target.name,
            "config": language or "default",
            "split": one.target.scored_split,
            "args": {"seeds": seeds, "generated": one.target.miniature},
        }
        return {"task": task, "dataset": dataset, "metrics": metrics}

    headline = {
        "type": one.target.metric,
        "name": f"{one.target.metric}, XTREME's headline",
        "value": _percent(one.score),
    }
    found = [entry("", [headline])]
    for language, metrics in one.languages.items():
        known = [
            {"type": _METRICS[metric], "name": metric, "value": _percent(value)}
            for metric, value in metrics.items()
            if metric in _METRICS
        ]
        if known:
            found.append(entry(language, known))
    return found


def _percent(value: float) -> float:
    return round(100 * value, _DIGITS)
